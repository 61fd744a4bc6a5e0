using System.Text;
using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

/// <summary>Files and includes, with the text of strangers in them.</summary>
public sealed class ConfReaderFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("conf-reader-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Included_files_are_read_in_their_place_and_in_the_order_of_their_names()
    {
        Write("more/b.conf", "[b]\na = 1");
        Write("more/a.conf", "[a]\na = 1");
        Write("more/.hidden.conf", "[hidden]\na = 1");

        var file = Read("[first]\na = 1\n#include \"more/*.conf\"\n#tryinclude <nosuch.conf>\n[last]\na = 1");

        Assert.Equal(["first", "a", "b", "last"], file.Sections.Select(section => section.Name));
        Assert.Empty(file.Problems);
        Assert.Equal(["main.conf line 1", "a.conf line 1", "b.conf line 1", "main.conf line 5"],
            file.Sections.Select(section => section.Origin));
    }

    [Theory]
    [InlineData("#include main.conf", "circle")]
    [InlineData("#include nosuch.conf", "nosuch.conf is not there")]
    [InlineData("#exec /bin/phones", "#exec /bin/phones is not run here")]
    [InlineData("[x", "line 1 of main.conf has no closing ]")]
    [InlineData("[x](y", "has no closing )")]
    [InlineData("[x](y)", "inherits from y, which is not there")]
    [InlineData("[x](+)", "adds to a section x that is not there")]
    [InlineData("a = b", "is in no section")]
    public void What_asterisk_refuses_is_a_problem(string text, string problem)
    {
        Assert.Contains(problem, Assert.Single(Read(text).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_include_each_other_too_deeply_are_a_problem()
    {
        for (var i = 0; i < 20; i++)
            Write($"{i}.conf", $"#include {i + 1}.conf");
        Assert.Contains("deep", Assert.Single(Read("#include 0.conf").Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_of_one_name_stay_apart_until_they_are_joined()
    {
        var file = Read("[x]\ntype = aor\n[x]\ntype = auth\n[x](+type=auth)\na = 1\n[x](+)\nb = 2");

        Assert.Equal(["type=aor,b=2", "type=auth,a=1"],
            file.Sections.Select(section => string.Join(',', section.Entries.Select(entry => $"{entry.Key}={entry.Value}"))));
        Assert.Equal(4, Assert.Single(file.Joined().Sections).Entries.Count);
    }

    [Fact]
    public void Byte_order_mark_line_ends_and_latin_letters_are_read()
    {
        File.WriteAllBytes(Path.Combine(_folder.FullName, "main.conf"),
            [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("[s]\r\na = Zoë\r\n")]);
        Assert.Equal(["Zoë"], ConfReader.ReadFile(Path.Combine(_folder.FullName, "main.conf"), isIni: false).Find("s")!.Values("a"));

        File.WriteAllBytes(Path.Combine(_folder.FullName, "main.conf"), Encoding.Latin1.GetBytes("[s]\na = Zoë\n"));
        var latin = ConfReader.ReadFile(Path.Combine(_folder.FullName, "main.conf"), isIni: false);
        Assert.Equal(["Zoë"], latin.Find("s")!.Values("a"));
        Assert.Contains("Latin-1", Assert.Single(latin.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_binary_file_is_refused()
    {
        File.WriteAllBytes(Path.Combine(_folder.FullName, "main.conf"), [0x7F, (byte)'E', (byte)'L', (byte)'F', 0, 1]);
        var error = Assert.Throws<IOException>(() => ConfReader.ReadFile(Path.Combine(_folder.FullName, "main.conf"), isIni: false));
        Assert.Contains("not a text file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_asterisk_finds_too_long_is_left_out()
    {
        var file = Read($"[s]\na = {new string('x', 9000)}\nb = 1");
        Assert.Equal(["b"], file.Find("s")!.Entries.Select(entry => entry.Key));
        Assert.Contains("line 2", Assert.Single(file.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Thirty_thousand_sections_of_a_template_are_read_in_seconds()
    {
        var text = new StringBuilder("[t](!)\n").AppendJoin('\n', Enumerable.Range(0, 50).Select(i => $"key{i} = value")).Append('\n');
        for (var i = 0; i < 30_000; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"[{i}](t)\na = {i}\n");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var file = Read(text.ToString());
        Assert.False(limit.IsCancellationRequested);
        Assert.Equal(51, file.Sections[^1].Entries.Count);
    }

    private ConfFile Read(string text)
    {
        Write("main.conf", text);
        return ConfReader.ReadFile(Path.Combine(_folder.FullName, "main.conf"), isIni: false);
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_folder.FullName, name))!);
        File.WriteAllText(Path.Combine(_folder.FullName, name), text);
    }
}
