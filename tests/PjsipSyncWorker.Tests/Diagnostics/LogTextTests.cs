using System.Text.RegularExpressions;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Tests.Documentation;

namespace PjsipSyncWorker.Tests.Diagnostics;

/// <summary>The texts of the log: singular and plural, durations, lists of numbers.</summary>
public sealed partial class LogTextTests
{
    /// <summary>Words that end in "s" and are no plural, or that follow a number in both forms.</summary>
    private static readonly HashSet<string> NoPlurals = ["ms", "s", "as", "is", "has", "was", "this", "its", "says", "does"];

    [Fact]
    public void No_log_message_has_a_plural_after_a_number()
    {
        var messages = LogEventReferenceTests.MessagesWithParameters().ToList();

        Assert.Contains(messages, message => message.Numbers.Count > 0);
        Assert.Empty(messages.Where(message => message.Numbers.Any(number => HasPluralAfter(message.Text, $"{{{number}}}")))
            .Select(message => $"\"{message.Text}\": write {{Number}} noun{{S}} and pass Plural.S(number)"));
    }

    [Theory]
    [InlineData("Applied {Count} changes in 3 ms", true)]
    [InlineData("Announced {Count} new or changed extensions to Asterisk {Node}", true)]
    [InlineData("Applied {Count} change{S} in 3 ms: 2 objects", false)]
    [InlineData("Reloaded in {Count} s; 3 extensions waited", false)]
    public void A_plural_is_found_where_it_is(string text, bool has) => Assert.Equal(has, HasPluralAfter(text, "{Count}"));

    /// <summary>The texts that the worker's folders make of a number: reasons, notes, the status line.</summary>
    [Fact]
    public void No_text_of_the_worker_has_a_plural_after_a_number()
    {
        string[] folders = ["Sync", "Registrations", "Monitoring", "Hosting", "Ami", "Postgres", "Diagnostics"];
        var files = folders.SelectMany(folder => Directory.EnumerateFiles(
            Path.Combine(Document.Root, "src", "PjsipSyncWorker", folder), "*.cs", SearchOption.AllDirectories));

        Assert.Empty(from file in files
            from line in File.ReadLines(file)
            where CountedNoun().IsMatch(line)
            select $"{Path.GetRelativePath(Document.Root, file)}: {line.Trim()}: write Plural.Of(number, noun)");
    }

    [Theory]
    [InlineData(0, "0 changes")]
    [InlineData(1, "1 change")]
    [InlineData(5000, "5000 changes")]
    public void A_number_decides_on_its_noun(long count, string text) => Assert.Equal(text, Plural.Of(count, "change"));

    [Theory]
    [InlineData(0.44, "0.4 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(134, "2 min 14 s")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(273600, "3 d 4 h")]
    public void A_duration_has_its_two_largest_units(double seconds, string text) =>
        Assert.Equal(text, TimeText.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Few_numbers_are_listed_and_of_many_the_first_three()
    {
        Assert.Equal("1001, 1002", NumberList.Text(["1002", "1001"]));
        Assert.Equal("1001, 1002, 1003 and 211 more", NumberList.Text([.. Enumerable.Range(1001, 214).Select(number => $"{number}")]));
    }

    [Fact]
    public void A_hostile_number_neither_starts_a_line_nor_fills_the_log()
    {
        Assert.Equal(@"1001\x0Aerror: all is lost", NumberList.Text(["1001\nerror: all is lost"]));
        Assert.Equal(81, NumberList.Text([new string('9', 1_000_000)]).Length);
    }

    private static bool HasPluralAfter(string text, string placeholder)
    {
        var after = text[(text.IndexOf(placeholder, StringComparison.Ordinal) + placeholder.Length)..];
        return Word().Matches(Clause().Match(after).Value).Any(word => word.Value.EndsWith('s') && !NoPlurals.Contains(word.Value));
    }

    /// <summary>What follows up to the next punctuation or placeholder.</summary>
    [GeneratedRegex(@"^[^,;:.(){}]*")]
    private static partial Regex Clause();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\$""[^""]*\} ([a-z]+ )*(changes|endpoints|extensions|phones|rows|registrations|nodes|contacts|numbers|objects|"
        + "sessions|seconds|minutes|days|attempts|events|workers)\\b")]
    private static partial Regex CountedNoun();
}
