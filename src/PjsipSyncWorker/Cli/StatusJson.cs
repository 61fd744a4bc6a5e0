using System.Text.Json;

namespace PjsipSyncWorker.Cli;

/// <summary>Writes extensions as JSON; docs/reference/commands.md lists the keys.</summary>
internal static class StatusJson
{
    /// <summary>Writes one object.</summary>
    /// <param name="at">When the extension changed, for a line of <c>--watch</c>; null leaves the key out.</param>
    public static void Write(Utf8JsonWriter writer, ExtensionStatus status, DateTime? at = null)
    {
        writer.WriteStartObject();
        if (at is { } moment)
            writer.WriteString("at", moment);
        writer.WriteString("number", status.Number);
        writer.WriteString("name", status.Name);
        writer.WriteString("status", status.Status);
        writer.WriteString("device_state", status.DeviceState);
        writer.WriteStartArray("problems");
        foreach (var problem in status.Problems)
            writer.WriteStringValue(problem.Reason);
        writer.WriteEndArray();
        writer.WriteStartArray("contacts");
        foreach (var contact in status.Contacts)
            Write(writer, contact);
        writer.WriteEndArray();
        writer.WriteString("row_key", status.RowKey);
        WriteTime(writer, "device_state_since", status.DeviceStateSince);
        WriteTime(writer, "last_registered_at", status.LastRegisteredAt);
        writer.WriteString("last_registered_ip", status.LastRegisteredIp);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ContactStatus contact)
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

    private static void WriteTime(Utf8JsonWriter writer, string key, DateTime? moment)
    {
        if (moment is { } known)
            writer.WriteString(key, known);
        else
            writer.WriteNull(key);
    }
}
