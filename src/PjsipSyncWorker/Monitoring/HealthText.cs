using System.Globalization;
using System.Text;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>The health of all parts as text for people.</summary>
internal static class HealthText
{
    /// <summary>A line for each part, for <c>/readyz</c>: its name, then its problem, or <c>ok</c> with its note.</summary>
    public static string Lines(IReadOnlyList<HealthPart> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            var state = part.Trouble ?? (part.Note is { } note ? $"ok; {note}" : "ok");
            text.Append(part.Name).Append(": ").Append(WithSpaces(state)).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>One line for <c>systemctl status</c>: the problems first, then numbers, then the connected nodes.</summary>
    /// <param name="overview">Null when the database does not answer; then there are no numbers.</param>
    public static string Line(IReadOnlyList<HealthPart> parts, Overview? overview)
    {
        var words = parts.Where(part => part.Trouble is not null)
            .Select(part => $"{part.Name}: {WithSpaces(part.Trouble!)}").ToList();
        if (overview is not null)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Plural.Of(overview.Endpoints, "endpoint")}, {overview.Online} online, {overview.Rejected} rejected"));
            words.Add(Backlog(overview));
        }
        words.AddRange(parts.Where(part => part.IsNode && part.Trouble is null)
            .Select(part => $"{part.Name} connected{(part.Note is { } note ? $", {WithSpaces(note)}" : "")}"));
        return string.Join("; ", words);
    }

    /// <summary>Whether recorded changes wait, in words.</summary>
    public static string Backlog(Overview overview)
    {
        if (overview.Waiting == 0)
            return "no change waits";
        var moreThan = overview.Waiting == Overview.MostCounted ? "more than " : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{moreThan}{Plural.Of(overview.Waiting, "change")} wait{(overview.Waiting == 1 ? "s" : "")}, "
            + $"{overview.OldestWait.TotalSeconds:0} s at most");
    }

    /// <summary>Replaces control characters, because a line end in the text of a server would break the format.</summary>
    private static string WithSpaces(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
