using System.Text.Json;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Verification;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// Shows the checks of <c>verify-config</c>: symbols and colours on a terminal, plain lines elsewhere, JSON for programs. For a person
/// the checks that passed come first, as they end; then, at the bottom of the screen, what was skipped, the warnings and the failures.
/// </summary>
internal static class VerifyReport
{
    /// <summary>Writes a check that passed to standard output; any other waits for <see cref="WriteRest"/>.</summary>
    public static void Write(CheckReport report)
    {
        if (report.Outcome == Outcome.Pass)
            WriteLines(report);
    }

    /// <summary>Writes the checks that did not pass, the failures last, and how many there are of each kind.</summary>
    public static void WriteRest(IReadOnlyList<CheckReport> reports)
    {
        var skipped = Of(Outcome.Skip).ToList();
        if (skipped.Count > 0)
        {
            var causes = skipped.Select(report => report.SkippedFor?.Title).Distinct();
            WriteText(Outcome.Skip, $"{Plural.Of(skipped.Count, "check was", "checks were")} skipped,",
                $"because {string.Join(" and ", causes)} failed");
        }
        foreach (var report in Of(Outcome.Warn).Concat(Of(Outcome.Fail)))
            WriteLines(report);
        Console.WriteLine($"{Plural.Of(Of(Outcome.Pass).Count(), "check")} passed, {Plural.Of(Of(Outcome.Warn).Count(), "warning")}, "
            + $"{Of(Outcome.Fail).Count()} failed, {skipped.Count} skipped");

        IEnumerable<CheckReport> Of(Outcome outcome) => reports.Where(report => report.Outcome == outcome);
    }

    private static void WriteLines(CheckReport report)
    {
        WriteText(report.Outcome, $"{report.Title}:", report.Found);
        WriteDetail("fixed:", report.Fixed);
        WriteDetail(Console.IsOutputRedirected ? "do:" : "→", report.Advice);
    }

    private static void WriteText(Outcome outcome, string title, string text)
    {
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine($"{Word(outcome),-4} {title} {UntrustedText.Escape(text)}");
            return;
        }
        var (colour, symbol) = outcome switch
        {
            Outcome.Pass => ("green", "✔"),
            Outcome.Warn => ("yellow", "!"),
            Outcome.Fail => ("red", "✘"),
            _ => ("grey", "-"),
        };
        WriteMarked($"{symbol} {title}", colour, text, indent: 0);
    }

    private static void WriteDetail(string title, string? text)
    {
        if (text is null)
            return;
        if (Console.IsOutputRedirected)
            Console.WriteLine($"     {title} {UntrustedText.Escape(text)}");
        else
            WriteMarked(title, "bold", text, indent: 2);
    }

    /// <summary>Writes text as wide as the terminal, the title in a style, the lines after the first two columns further in.</summary>
    private static void WriteMarked(string title, string style, string text, int indent)
    {
        const int Hanging = 2;
        var width = AnsiConsole.Profile.Width - indent - Hanging;
        var lines = TerminalText.Wrap($"{title} {UntrustedText.Escape(text)}", width).Select(Markup.Escape).ToList();
        var marked = Markup.Escape(title);
        if (lines[0].StartsWith(marked, StringComparison.Ordinal))
            lines[0] = $"[{style}]{marked}[/]{lines[0][marked.Length..]}";
        for (var line = 0; line < lines.Count; line++)
            AnsiConsole.MarkupLine(new string(' ', line == 0 ? indent : indent + Hanging) + lines[line]);
    }

    /// <summary>One JSON object on one line. Programs read it: keys are never renamed or removed.</summary>
    /// <param name="statistics">Null leaves out the key registrations.</param>
    public static string Json(IReadOnlyList<CheckReport> reports, RegistrationStatistics? statistics) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("outcome", Word(Worst(reports)));
        writer.WriteStartArray("checks");
        foreach (var report in reports)
        {
            writer.WriteStartObject();
            writer.WriteString("name", report.Name);
            writer.WriteString("node", report.Node);
            writer.WriteString("outcome", Word(report.Outcome));
            writer.WriteString("found", report.Found);
            writer.WriteString("advice", report.Advice);
            writer.WriteString("fixed", report.Fixed);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (statistics is not null)
        {
            writer.WriteStartObject("registrations");
            writer.WriteNumber("total", statistics.Total);
            writer.WriteNumber("online", statistics.Online);
            WriteCounts(writer, "contacts_by_node", statistics.ByNode);
            WriteCounts(writer, "contacts_by_transport", statistics.ByTransport);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    });

    private static void WriteCounts(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, long> counts)
    {
        writer.WriteStartObject(name);
        foreach (var (key, count) in counts)
            writer.WriteNumber(key, count);
        writer.WriteEndObject();
    }

    private static Outcome Worst(IReadOnlyList<CheckReport> reports) =>
        reports.Any(report => report.Outcome == Outcome.Fail) ? Outcome.Fail
        : reports.Any(report => report.Outcome == Outcome.Warn) ? Outcome.Warn : Outcome.Pass;

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Pass => "pass",
        Outcome.Warn => "warn",
        Outcome.Fail => "fail",
        _ => "skip",
    };
}
