using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

public sealed class ConfReaderTests
{
    [Theory]
    [InlineData("a = b", "b")]
    [InlineData("a => b", "b")]
    [InlineData("  a=b  ", "b")]
    [InlineData("a = b ; c", "b")]
    [InlineData("a = b\\;c ; d", "b;c")]
    [InlineData("a = b\\\\;c", "b\\;c")]
    [InlineData("a = b;--c--;d", "bd")]
    [InlineData("a = b\\;--c", "b;--c")]
    [InlineData("a = b;--- c", "b")]
    [InlineData("a = b = c", "b = c")]
    [InlineData("a = b\na +=c", "bc")]
    [InlineData("a = b\na += c", "b c")]
    [InlineData(";--\na = x\n--;\na = b", "b")]
    public void A_line_is_read_as_asterisk_reads_it(string text, string value)
    {
        Assert.Equal([value], ConfReader.ReadText($"[s]\n{text}\n", isIni: false).Find("s")!.Values("a"));
    }

    [Fact]
    public void A_file_of_unixodbc_has_no_comments_inside_lines()
    {
        Assert.Equal(["b ; c"], ConfReader.ReadText("# a = x\n[s]\n; a = y\nA = b ; c", isIni: true).Find("s")!.Values("a"));
    }

    [Fact]
    public void A_section_inherits_from_its_templates_and_a_template_is_no_section()
    {
        var file = ConfReader.ReadText("[base](!)\na = 1\n[more](!,base)\nb = 2\n[s](more)\nc = 3\n[s](+)\nd = 4", isIni: false);

        Assert.Equal(["a=1", "b=2", "c=3", "d=4"], file.Find("s")!.Entries.Select(entry => $"{entry.Key}={entry.Value}"));
        Assert.Null(file.Find("base"));
    }
}
