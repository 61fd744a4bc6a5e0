using System.Text.Json;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Verification;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// Shows the checks of <c>verify-config</c>: symbols and colours on a terminal, plain lines elsewhere, JSON for programs.
/// </summary>
internal static class VerifyReport
{
    /// <summary>Writes a report and its advice to standard output.</summary>
    public static void Write(CheckReport report)
    {
        var name = report.Node is null ? report.Name : $"{report.Name} [{report.Node}]";
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine($"{Word(report.Outcome),-4} {name}: {UntrustedText.Escape(report.Found)}");
            if (report.Fixed is not null)
                Console.WriteLine($"     fixed: {UntrustedText.Escape(report.Fixed)}");
            if (report.Advice is not null)
                Console.WriteLine($"     do: {UntrustedText.Escape(report.Advice)}");
            return;
        }
        var (colour, symbol) = report.Outcome switch
        {
            Outcome.Pass => ("green", "✔"),
            Outcome.Warn => ("yellow", "!"),
            Outcome.Fail => ("red", "✘"),
            _ => ("grey", "-"),
        };
        AnsiConsole.MarkupLine($"[{colour}]{symbol} {Markup.Escape(name)}[/]  {Markup.Escape(UntrustedText.Escape(report.Found))}");
        if (report.Fixed is not null)
            AnsiConsole.MarkupLine($"  [green]fixed:[/] {Markup.Escape(UntrustedText.Escape(report.Fixed))}");
        if (report.Advice is not null)
            AnsiConsole.MarkupLine($"  [bold]→[/] {Markup.Escape(UntrustedText.Escape(report.Advice))}");
    }

    /// <summary>Writes one line: how many checks passed, warned, failed and were skipped.</summary>
    public static void WriteSummary(IReadOnlyList<CheckReport> reports)
    {
        Console.WriteLine(
            $"{Count(Outcome.Pass)} passed, {Count(Outcome.Warn)} to look at, {Count(Outcome.Fail)} failed, {Count(Outcome.Skip)} skipped");

        int Count(Outcome outcome) => reports.Count(report => report.Outcome == outcome);
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
