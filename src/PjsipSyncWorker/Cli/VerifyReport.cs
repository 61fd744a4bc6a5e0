using System.Text.Json;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Verification;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>The checks of <c>verify-config</c>: symbols and colours on a terminal, plain lines elsewhere, JSON for machines.</summary>
internal static class VerifyReport
{
    public static void Write(Check check)
    {
        var name = check.Node is null ? check.Name : $"{check.Name} [{check.Node}]";
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine($"{Word(check.Outcome),-4} {name}: {UntrustedText.Escape(check.Found)}");
            if (check.Fixed is not null)
                Console.WriteLine($"     fixed: {UntrustedText.Escape(check.Fixed)}");
            if (check.Advice is not null)
                Console.WriteLine($"     do: {UntrustedText.Escape(check.Advice)}");
            return;
        }
        var (colour, symbol) = check.Outcome switch
        {
            Outcome.Pass => ("green", "✔"),
            Outcome.Warn => ("yellow", "!"),
            Outcome.Fail => ("red", "✘"),
            _ => ("grey", "-"),
        };
        AnsiConsole.MarkupLine($"[{colour}]{symbol} {Markup.Escape(name)}[/]  {Markup.Escape(UntrustedText.Escape(check.Found))}");
        if (check.Fixed is not null)
            AnsiConsole.MarkupLine($"  [green]fixed:[/] {Markup.Escape(UntrustedText.Escape(check.Fixed))}");
        if (check.Advice is not null)
            AnsiConsole.MarkupLine($"  [bold]→[/] {Markup.Escape(UntrustedText.Escape(check.Advice))}");
    }

    public static void WriteSummary(IReadOnlyList<Check> checks)
    {
        Console.WriteLine($"{Count(Outcome.Pass)} passed, {Count(Outcome.Warn)} to look at, {Count(Outcome.Fail)} failed, {Count(Outcome.Skip)} skipped");

        int Count(Outcome outcome) => checks.Count(check => check.Outcome == outcome);
    }

    public static string Json(IReadOnlyList<Check> checks, RegistrationStatistics? statistics) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("outcome", Word(Worst(checks)));
        writer.WriteStartArray("checks");
        foreach (var check in checks)
        {
            writer.WriteStartObject();
            writer.WriteString("name", check.Name);
            writer.WriteString("node", check.Node);
            writer.WriteString("outcome", Word(check.Outcome));
            writer.WriteString("found", check.Found);
            writer.WriteString("advice", check.Advice);
            writer.WriteString("fixed", check.Fixed);
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

    private static Outcome Worst(IReadOnlyList<Check> checks) =>
        checks.Any(check => check.Outcome == Outcome.Fail) ? Outcome.Fail
        : checks.Any(check => check.Outcome == Outcome.Warn) ? Outcome.Warn : Outcome.Pass;

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Pass => "pass",
        Outcome.Warn => "warn",
        Outcome.Fail => "fail",
        _ => "skip",
    };
}
