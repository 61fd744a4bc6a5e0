using System.Globalization;
using System.Text;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>Health in words.</summary>
internal static class HealthText
{
    /// <summary>One line for each part, for <c>/readyz</c>: its name, and <c>ok</c> with its note or what is wrong.</summary>
    public static string Lines(IReadOnlyList<HealthPart> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
            text.Append(part.Name).Append(": ").Append(OneLine(part.Trouble ?? (part.Note is { } note ? $"ok; {note}" : "ok"))).Append('\n');
        return text.ToString();
    }

    /// <summary>One line for <c>systemctl status</c>: what is wrong first, then the numbers.</summary>
    public static string Line(IReadOnlyList<HealthPart> parts, Overview? overview)
    {
        var words = parts.Where(part => part.Trouble is not null).Select(part => $"{part.Name}: {OneLine(part.Trouble!)}").ToList();
        if (overview is not null)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{overview.Endpoints} endpoints, {overview.Online} online, {overview.Rejected} rejected"));
            words.Add(overview.Waiting == 0
                ? "no change waits"
                : string.Create(CultureInfo.InvariantCulture, $"{(overview.Waiting == Overview.MostCounted ? "more than " : "")}{overview.Waiting} changes wait, {overview.OldestWait.TotalSeconds:0} s at most"));
        }
        words.AddRange(parts.Where(part => part.IsNode && part.Trouble is null).Select(part => part.Note is { } note ? $"{part.Name} connected, {OneLine(note)}" : $"{part.Name} connected"));
        return string.Join("; ", words);
    }

    /// <summary>A server's words may hold line ends, and a line is all there is.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
