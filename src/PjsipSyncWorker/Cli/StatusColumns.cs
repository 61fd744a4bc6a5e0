using System.Globalization;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>The columns of the list of extensions. A row is an extension with one of its contacts, if it has any.</summary>
internal static class StatusColumns
{
    /// <summary>Columns from which a time has date, hours and minutes. In less it is a date, or if it is of today a time of day.</summary>
    private const int WideTerminal = 100;

    private const string Green = "32";
    private const string Red = "31";
    private const string Yellow = "33";
    private const string Dim = "2";

    /// <summary>The columns in the order in which they are shown.</summary>
    public static IReadOnlyList<StatusColumn> All { get; } =
    [
        new("Number", 0, 20, row => row.IsFirst ? NumberOf(row.Status) : ""),
        new("Name", 5, 16, row => row.IsFirst ? row.Status.Name : ""),
        new("Status", 1, int.MaxValue, row => row.IsFirst ? row.Status.Status : "", row => Colour(row.Status)),
        new("Device", 3, int.MaxValue, row => row.IsFirst ? row.Status.DeviceState : "", row => row.Status.IsBusy ? Yellow : null),
        new("Address", 2, 15, row => row.Contact is null ? row.Status.LastRegisteredIp : row.Contact.Address ?? row.Contact.Uri),
        new("Last seen", 4, int.MaxValue, row => Time(row.Contact?.Since ?? row.Status.LastRegisteredAt, row.TerminalWidth)),
        new("User agent", 6, 16, row => row.Contact?.UserAgent),
        new("Round trip", 9, int.MaxValue, row => Milliseconds(row.Contact?.RoundTrip)),
        new("Contact", 8, int.MaxValue, row => row.Contact?.Status),
        new("Expires", 10, int.MaxValue, row => Time(row.Contact?.Expires, row.TerminalWidth)),
        new("Node", 7, int.MaxValue, row => row.Contact?.Node),
    ];

    /// <summary>The number, escaped; words for a row that has none.</summary>
    public static string NumberOf(ExtensionStatus status) => status.Number.Length == 0 ? "(none)" : UntrustedText.Escape(status.Number);

    /// <summary>The local time with seconds; empty for null.</summary>
    public static string Time(DateTime? moment) =>
        moment?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Such as <c>12.5 ms</c>; empty for null.</summary>
    public static string Milliseconds(TimeSpan? time) => time?.TotalMilliseconds.ToString("0.0 ms", CultureInfo.InvariantCulture) ?? "";

    /// <summary>The colour of a status as an ANSI code.</summary>
    public static string Colour(ExtensionStatus status) => status.Status switch
    {
        "online" => Green,
        "rejected" => Red,
        "pending" => Yellow,
        _ => Dim,
    };

    private static string Time(DateTime? moment, int terminalWidth)
    {
        if (moment?.ToLocalTime() is not { } local)
            return "";
        var format = terminalWidth >= WideTerminal ? "yyyy-MM-dd HH:mm" : local.Date == DateTime.Now.Date ? "HH:mm:ss" : "yyyy-MM-dd";
        return local.ToString(format, CultureInfo.InvariantCulture);
    }
}

/// <summary>A column of the list.</summary>
/// <param name="Importance">0 is the most important: it is the last that a narrow terminal leaves out.</param>
/// <param name="Least">Columns of the terminal to which longer texts may be cut.</param>
/// <param name="Text">Returns the text of a row, not escaped.</param>
/// <param name="Colour">Returns an ANSI code; null for the colour of the terminal.</param>
internal sealed record StatusColumn(
    string Title, int Importance, int Least, Func<StatusRow, string?> Text, Func<StatusRow, string?>? Colour = null);

/// <summary>A row of the list.</summary>
/// <param name="Contact">The contact of this row; null when the extension has none.</param>
/// <param name="IsFirst">Whether this is the extension's first row.</param>
internal sealed record StatusRow(ExtensionStatus Status, ContactStatus? Contact, bool IsFirst, int TerminalWidth)
{
    /// <summary>Returns the rows of an extension: one for each contact, and one if there is none.</summary>
    public static IEnumerable<StatusRow> Of(ExtensionStatus status, int terminalWidth) => status.Contacts.Count == 0
        ? [new StatusRow(status, null, true, terminalWidth)]
        : status.Contacts.Select((contact, i) => new StatusRow(status, contact, i == 0, terminalWidth));
}
