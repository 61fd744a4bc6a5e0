using System.Globalization;
using System.Text.Json;
using PjsipSyncWorker.Diagnostics;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>Shows the status of extensions as a table, as lines or as JSON. Texts of phones are escaped.</summary>
internal static class StatusReport
{
    /// <summary>A table with a row for each extension, and a line in it for each contact. Times are local.</summary>
    public static Table Table(IReadOnlyList<ExtensionStatus> statuses)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("Number", "Name", "Status", "Device", "Address", "Contact", "User agent", "Round trip", "Since", "Expires", "Node");
        foreach (var status in statuses)
        {
            var colour = status.Status == "online" ? "green" : "grey";
            var contacts = status.Contacts;
            table.AddRow(
                Text(status.Number), Text(status.Name), $"[{colour}]{status.Status}[/]", Text(status.DeviceState),
                Cell(contact => contact.Address ?? contact.Uri), Cell(contact => contact.Status),
                Cell(contact => contact.UserAgent), Cell(contact => Milliseconds(contact.RoundTrip)),
                Cell(contact => Time(contact.Since)), Cell(contact => Time(contact.Expires)), Cell(contact => contact.Node));

            string Cell(Func<ContactStatus, string?> value) =>
                string.Join('\n', contacts.Select(contact => Text(value(contact))));
        }
        return table;
    }

    /// <summary>A line for each reason why an extension does not work, or not fully; the first 20, and how many more there are.</summary>
    public static IEnumerable<string> Problems(IEnumerable<ExtensionStatus> statuses)
    {
        const int most = 20;
        var lines = (
            from status in statuses
            from problem in status.Problems
            select $"{UntrustedText.Escape(status.Number)}: {UntrustedText.Escape(problem)}").ToList();
        return lines.Count <= most ? lines : lines.Take(most).Append($"{lines.Count - most} more: select * from pjsip_sync.problem");
    }

    /// <summary>A line for each extension: number, status, device state and addresses, separated by tabs.</summary>
    public static string Plain(IReadOnlyList<ExtensionStatus> statuses) => string.Join('\n', statuses.Select(Plain));

    private static string Plain(ExtensionStatus status)
    {
        var addresses = string.Join(',', status.Contacts.Select(contact => contact.Address ?? contact.Uri));
        return string.Join('\t', UntrustedText.Escape(status.Number), status.Status,
            UntrustedText.Escape(status.DeviceState), UntrustedText.Escape(addresses));
    }

    /// <summary>One JSON array on one line.</summary>
    public static string Json(IReadOnlyList<ExtensionStatus> statuses) => JsonText.Write(writer =>
    {
        writer.WriteStartArray();
        foreach (var status in statuses)
        {
            writer.WriteStartObject();
            writer.WriteString("number", status.Number);
            writer.WriteString("name", status.Name);
            writer.WriteString("status", status.Status);
            writer.WriteString("device_state", status.DeviceState);
            writer.WriteStartArray("problems");
            foreach (var problem in status.Problems)
                writer.WriteStringValue(problem);
            writer.WriteEndArray();
            writer.WriteStartArray("contacts");
            foreach (var contact in status.Contacts)
                WriteContact(writer, contact);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    private static void WriteContact(Utf8JsonWriter writer, ContactStatus contact)
    {
        writer.WriteStartObject();
        writer.WriteString("node", contact.Node);
        writer.WriteString("uri", contact.Uri);
        writer.WriteString("status", contact.Status);
        writer.WriteString("address", contact.Address);
        writer.WriteString("via_address", contact.ViaAddress);
        writer.WriteString("user_agent", contact.UserAgent);
        if (contact.RoundTrip is { } roundTrip)
            writer.WriteNumber("round_trip_ms", roundTrip.TotalMilliseconds);
        writer.WriteString("since", contact.Since);
        if (contact.Expires is { } expires)
            writer.WriteString("expires", expires);
        writer.WriteEndObject();
    }

    private static string Text(string? text) => Markup.Escape(UntrustedText.Escape(text));

    private static string Milliseconds(TimeSpan? time) => time?.TotalMilliseconds.ToString("0.0 ms", CultureInfo.InvariantCulture) ?? "";

    private static string Time(DateTime? moment) =>
        moment?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
}
