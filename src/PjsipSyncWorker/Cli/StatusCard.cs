using System.Globalization;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>Everything that is known of one extension, for a terminal. Times are local.</summary>
internal static class StatusCard
{
    private const int LabelWidth = 16;
    private const int LeastValueWidth = 20;

    /// <summary>Returns the lines. Longer values are continued on the next line.</summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="colour">Whether lines have ANSI colours.</param>
    public static IEnumerable<string> Lines(ExtensionStatus status, DateTime now, int width, bool colour)
    {
        foreach (var (label, value, code) in Values(status, now))
        {
            var label16 = TerminalText.Fit(label, LabelWidth);
            foreach (var part in TerminalText.Wrap(UntrustedText.Escape(value), Math.Max(width - LabelWidth, LeastValueWidth)))
            {
                yield return (label16 + StatusTable.Paint(part, code, colour)).TrimEnd();
                label16 = new string(' ', LabelWidth);
            }
        }
    }

    private static IEnumerable<(string Label, string Value, string? Colour)> Values(ExtensionStatus status, DateTime now)
    {
        yield return ("Number", StatusColumns.NumberOf(status), null);
        if (status.Name is { Length: > 0 })
            yield return ("Name", status.Name, null);
        yield return ("Status", StatusText(status), StatusColumns.Colour(status));
        if (status.DeviceState is not null)
            yield return ("Device state", $"{status.DeviceState}{Since(status.DeviceStateSince, now)}", null);
        if (status.LastRegisteredAt is not null || status.LastRegisteredIp is not null)
        {
            yield return ("Last registered",
                string.Join(", ", new[] { $"{StatusColumns.Time(status.LastRegisteredAt)}{Ago(status.LastRegisteredAt, now)}".Trim(),
                    status.LastRegisteredIp is null ? "" : $"from {status.LastRegisteredIp}" }.Where(text => text.Length > 0)), null);
        }
        else if (status.IsPhone && status.Contacts.Count == 0)
            yield return ("Last registered", "never", null);
        yield return ("Row", $"primary key {status.RowKey}", null);
        foreach (var problem in status.Problems)
            yield return ("Problem", $"{problem.Reason}{Since(problem.Since, now)}", "31");
        for (var i = 0; i < status.Contacts.Count; i++)
        {
            yield return ("", "", null);
            foreach (var (label, value) in Contact(status.Contacts[i], now))
                yield return (label == "Phone" && status.Contacts.Count > 1 ? $"Phone {i + 1}" : label, value, null);
        }
    }

    private static IEnumerable<(string Label, string Value)> Contact(ContactStatus contact, DateTime now)
    {
        yield return ("Phone", $"{contact.Address ?? contact.Uri} at {contact.Node}");
        if (contact.UserAgent is not null)
            yield return ("  User agent", contact.UserAgent);
        yield return ("  Contact", contact.Uri);
        if (contact.ViaAddress is not null)
            yield return ("  Via", contact.ViaAddress);
        yield return ("  Answers", contact.RoundTrip is null
            ? contact.Status : $"{contact.Status}, in {StatusColumns.Milliseconds(contact.RoundTrip)}");
        yield return ("  Registered", $"{StatusColumns.Time(contact.Since)}{Ago(contact.Since, now)}");
        yield return ("  Expires",
            contact.Expires is null ? "never: the contact has a fixed address" : StatusColumns.Time(contact.Expires));
    }

    private static string StatusText(ExtensionStatus status) => status.Status switch
    {
        "disabled" => "disabled: the row is not active (Source:Active)",
        "pending" => "not synced yet: is the worker running?",
        "rejected" => "rejected: it cannot be a phone, see Problem",
        _ => status.Status,
    };

    private static string Since(DateTime? moment, DateTime now) =>
        moment is null ? "" : $", since {StatusColumns.Time(moment)}{Ago(moment, now)}";

    /// <summary>How long ago, in one unit; empty for null.</summary>
    private static string Ago(DateTime? moment, DateTime now)
    {
        if (moment is not { } then)
            return "";
        var age = now > then ? now - then : TimeSpan.Zero;
        var (count, unit) = age.TotalDays >= 1 ? (age.Days, "day") : age.TotalHours >= 1 ? (age.Hours, "hour")
            : age.TotalMinutes >= 1 ? (age.Minutes, "minute") : (age.Seconds, "second");
        return string.Create(CultureInfo.InvariantCulture, $" ({count} {unit}{(count == 1 ? "" : "s")} ago)");
    }
}
