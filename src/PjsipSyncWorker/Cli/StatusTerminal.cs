using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>Shows extensions once on a terminal: a list with its problems and a summary, or one extension as a card.</summary>
internal static class StatusTerminal
{
    private const int MostProblems = 20;
    private const string Red = "31";

    /// <summary>Whether lines have colours: not with <c>NO_COLOR</c> (no-color.org), nor on a terminal that knows none.</summary>
    public static bool HasColour => Environment.GetEnvironmentVariable("NO_COLOR") is null or ""
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Reads the extensions and writes them.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> WriteAsync(NpgsqlConnection connection, StatusSelection selection, CancellationToken cancellation)
    {
        var found = new StatusFinding(selection);
        var shown = new List<ExtensionStatus>();
        await foreach (var status in StatusQuery.ReadAsync(connection, selection.Numbers, found.OnUnreadable, cancellation))
        {
            if (found.Take(status))
                shown.Add(status);
        }
        var width = TerminalDevice.Size().Width;
        var lines = selection.Number is null
            ? List(shown, found.Summary, [.. await StatusQuery.WaitingAsync(connection, cancellation),
                .. await StatusQuery.UnfollowedAsync(connection, cancellation)], width, HasColour)
            : shown.SelectMany(status => StatusCard.Lines(status, DateTime.UtcNow, width, HasColour));
        await using (var output = StandardOutput.OpenText())
        {
            foreach (var line in lines)
                await output.WriteLineAsync(line);
        }
        return await found.ExitCodeAsync(connection, cancellation);
    }

    /// <summary>Returns the lines of the list, the problems below it, notices, and the summary as the last line.</summary>
    public static IEnumerable<string> List(
        IReadOnlyList<ExtensionStatus> shown, StatusSummary summary, IEnumerable<string> notices, int width, bool colour)
    {
        if (shown.Count > 0)
        {
            foreach (var line in StatusTable.Lines(shown, width, colour))
                yield return line;
            yield return "";
        }
        foreach (var line in Problems(shown, width))
            yield return StatusTable.Paint(line, Red, colour);
        foreach (var line in notices.SelectMany(notice => TerminalText.Wrap(UntrustedText.Escape(notice), width)))
            yield return line;
        foreach (var line in TerminalText.Wrap(summary.ToString(), width))
            yield return line;
    }

    private static IEnumerable<string> Problems(IReadOnlyList<ExtensionStatus> shown, int width)
    {
        var problems = (
            from status in shown
            from problem in status.Problems
            let prefix = status.Status is "rejected" ? "rejected: " : ""
            select $"{StatusColumns.NumberOf(status)}: {prefix}{UntrustedText.Escape(problem.Reason)}").ToList();
        if (problems.Count == 0)
            return [];
        var lines = problems.Take(MostProblems).SelectMany(problem => Hanging(problem, width)).ToList();
        if (problems.Count > MostProblems)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{problems.Count - MostProblems} more: status --problems, or select * from pjsip_sync.problem"));
        }
        return lines.Append("");
    }

    /// <summary>Wraps a text; lines after the first are indented.</summary>
    private static IEnumerable<string> Hanging(string text, int width)
    {
        const string indent = "  ";
        return TerminalText.Wrap(text, width - indent.Length).Select((line, i) => i == 0 ? line : indent + line);
    }
}
