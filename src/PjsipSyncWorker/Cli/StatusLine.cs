using System.Globalization;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// Lines for programs: fields that are separated by tabs, <c>-</c> for an empty one. Control characters are escaped, so that a field has
/// neither a tab nor a newline. Times are UTC. docs/reference/commands.md lists the fields; new ones are added at the end.
/// </summary>
internal static class StatusLine
{
    /// <summary>Returns a line for each contact of the extension, or one if there is none.</summary>
    public static IEnumerable<string> Of(ExtensionStatus status)
    {
        if (status.Contacts.Count == 0)
            yield return Of(status, null);
        foreach (var contact in status.Contacts)
            yield return Of(status, contact);
    }

    /// <summary>Returns the line of <c>--watch</c>.</summary>
    public static string Of(StatusChange change) =>
        $"{Time(change.At)}\t{OfState(change.Now)}";

    /// <summary>Returns what the line of <c>--watch</c> says beside the time. When it is another, the extension has changed.</summary>
    public static string OfState(ExtensionStatus status) =>
        Join(status.Number, status.Status, status.DeviceState, status.Addresses, status.Name, Problems(status));

    private static string Of(ExtensionStatus status, ContactStatus? contact) => Join(
        status.Number,
        status.Status,
        status.DeviceState,
        contact is null ? status.LastRegisteredIp : contact.Address ?? contact.Uri,
        Time(contact?.Since ?? status.LastRegisteredAt),
        contact?.Node,
        contact?.Status,
        contact?.RoundTrip?.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture),
        Time(contact?.Expires),
        status.Name,
        contact?.UserAgent,
        Problems(status));

    private static string Problems(ExtensionStatus status) => string.Join("; ", status.Problems.Select(problem => problem.Reason));

    private static string Join(params ReadOnlySpan<string?> fields)
    {
        var line = new System.Text.StringBuilder();
        foreach (var field in fields)
        {
            if (line.Length > 0)
                line.Append('\t');
            line.Append(string.IsNullOrEmpty(field) ? "-" : UntrustedText.Escape(field));
        }
        return line.ToString();
    }

    private static string? Time(DateTime? moment) =>
        moment?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
