using System.Globalization;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>What is asked of one running Asterisk, in its words.</summary>
internal sealed class AsteriskSession(AmiConnection connection, TimeProvider time)
{
    /// <summary>A day, in microseconds.</summary>
    private const long LongestRoundTrip = 86_400_000_000;

    /// <summary>The end of the year 9999.</summary>
    private const long LastMoment = 253_402_300_799;

    private readonly ClockOffset _clock = new(time);
    private string? _systemName;

    /// <summary>The events that loop 2 lives on.</summary>
    public static readonly string[] Events = ["ContactStatus", "DeviceStateChange", "PeerStatus", "Reload", "Shutdown", "FullyBooted"];

    /// <summary>Who this Asterisk is, which process of it, and how long that has been running; null when it does not say.</summary>
    public async Task<(string Process, string? Version, string? SystemName, TimeSpan? Uptime)> IdentifyAsync(CancellationToken cancellation)
    {
        var status = await ExpectAsync(connection, new AmiAction("CoreStatus"), cancellation);
        var settings = await ExpectAsync(connection, new AmiAction("CoreSettings"), cancellation);
        _systemName = settings.Get("SystemName") is { Length: > 0 } name ? name : null;
        return ($"{status.Get("CoreStartupDate")} {status.Get("CoreStartupTime")}", settings.Get("AsteriskVersion"), _systemName, await UptimeAsync(cancellation));
    }

    /// <summary>Whether this server reads endpoints through the view that tells announcements apart (extconfig.conf).</summary>
    public async Task<bool> ReadsThroughViewAsync(CancellationToken cancellation) =>
        (await ShownAsync("core show config mappings", cancellation)).Any(line => line.Contains("===> ps_endpoints ", StringComparison.Ordinal) && line.Contains("table=ps_endpoints_for_server)", StringComparison.Ordinal));

    /// <summary>What a command prints; nothing when the user may not run commands.</summary>
    private async Task<IReadOnlyList<string>> ShownAsync(string command, CancellationToken cancellation)
    {
        try
        {
            return (await new AsteriskConsole(connection).RunAsync(command, cancellation)).Output;
        }
        catch (AsteriskRefusalException)
        {
            return [];
        }
    }

    /// <summary>The names of the codecs that this server knows (<c>core show codecs</c>); none when the user may not run commands.</summary>
    public async Task<string[]> CodecsAsync(CancellationToken cancellation)
    {
        // ID TYPE NAME FORMAT DESCRIPTION
        var lines = (await ShownAsync("core show codecs", cancellation)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return [.. lines.Where(words => words.Length > 3 && words[0].All(char.IsAsciiDigit)).Select(words => words[3]).Distinct()];
    }

    private async Task<TimeSpan?> UptimeAsync(CancellationToken cancellation)
    {
        foreach (var line in await ShownAsync("core show uptime seconds", cancellation))
            if (line.Split(':', 2) is ["System uptime", var seconds] && long.TryParse(seconds, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var number) && number < LastMoment)
                return TimeSpan.FromSeconds(number);
        return null;
    }

    /// <summary>Asks for all contacts and device states and puts them into the tracker.</summary>
    /// <param name="fixedContacts">Those that are not in Asterisk's list of registrations.</param>
    /// <param name="isEmptyTrue">Asked when Asterisk knows no contact at all, which is also its answer when it lost its database.</param>
    /// <param name="onItem">Called for each: a slow answer is not none.</param>
    /// <returns>Whether another is needed.</returns>
    /// <exception cref="AsteriskRefusalException">It is refused or cannot be believed: nothing changed.</exception>
    /// <exception cref="AmiException">It did not come: nothing changed.</exception>
    public async Task<bool> SnapshotAsync(ContactTracker tracker, FixedContacts fixedContacts, Func<string?, CancellationToken, Task<bool>> isEmptyTrue, Action onItem, CancellationToken cancellation)
    {
        await ReadClockAsync(cancellation);
        tracker.BeginSnapshot();
        try
        {
            var contacts = new Dictionary<ContactKey, Contact>();
            var shared = false;
            var answer = await connection.SendListAsync(new AmiAction("PJSIPShowContacts"), (in item) =>
            {
                onItem();
                // A shared ps_contacts makes each server report all contacts; only the one that took the REGISTER knows.
                if (IsForeign(item))
                    shared = true;
                else
                    AddContact(contacts, item);
            }, cancellation);
            if (!answer.Success)
            {
                if (!answer.Message.Contains("No Contacts found", StringComparison.OrdinalIgnoreCase))
                    throw new AsteriskRefusalException($"Asterisk does not show its contacts: {answer.Message}");
                if (!await isEmptyTrue(_systemName, cancellation))
                    throw new AsteriskRefusalException("Asterisk says that it has no contacts while ps_contacts has some: its database link seems to be down");
            }
            var devices = new Dictionary<string, string>(StringComparer.Ordinal);
            var states = await connection.SendListAsync(new AmiAction("DeviceStateList"), (in item) =>
            {
                onItem();
                if (DeviceOf(Text(item, "Device"u8)) is { } endpoint && Text(item, "State"u8) is { } state)
                    devices[endpoint] = state;
            }, cancellation);
            if (!states.Success)
                throw new AsteriskRefusalException($"Asterisk does not show its device states: {states.Message}");
            await fixedContacts.AddToAsync(contacts, tracker, devices, onItem, cancellation);
            return tracker.EndSnapshot(contacts, devices, shared);
        }
        catch
        {
            tracker.AbandonSnapshot();
            throw;
        }
    }

    /// <summary>The contacts with a fixed address of an endpoint (event ContactStatusDetail); none when Asterisk does not know the endpoint.</summary>
    public async Task<Dictionary<ContactKey, Contact>> FixedContactsOfAsync(string endpoint, CancellationToken cancellation)
    {
        var found = new Dictionary<ContactKey, Contact>();
        await connection.SendListAsync(new AmiAction("PJSIPShowEndpoint") { { "Endpoint", endpoint } }, (in item) =>
        {
            // The id of a registration is AOR;@hash.
            if (Text(item, "ID"u8) is not { } id || !id.StartsWith($"{Text(item, "AOR"u8)}@@", StringComparison.Ordinal) || Text(item, "URI"u8) is not { } uri)
                return;
            found[new ContactKey(endpoint, uri)] = new Contact(
                Text(item, "Status"u8) ?? "Unknown", ContactUri.TryParse(uri, out var parsed) ? parsed.Address : null,
                ViaAddress: null, UserAgent: null, RoundTrip(item.Get("RoundtripUsec"u8)), ExpiresAt: null, time.GetUtcNow());
        }, cancellation);
        return found;
    }

    /// <summary>The endpoint of a device name such as <c>PJSIP/1001</c>; null for another technology's.</summary>
    public static string? DeviceOf(string? device) =>
        device is not null && device.StartsWith("PJSIP/", StringComparison.OrdinalIgnoreCase) && device.Length > 6 ? device[6..] : null;

    /// <summary>A header's value; null when it is missing or empty.</summary>
    public static string? Text(in AmiMessage message, ReadOnlySpan<byte> key) => message.GetString(key) is { Length: > 0 } value ? value : null;

    /// <summary>Whether a Reload event's module means that AORs were read again: PJSIP itself, or everything.</summary>
    public static bool TouchesPjsip(string? module) =>
        module is null || module.ToLowerInvariant() is "all" or "res_pjsip" or "res_pjsip.so";

    public static TimeSpan? RoundTrip(ReadOnlySpan<byte> microseconds) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= LongestRoundTrip ? TimeSpan.FromMicroseconds(number) : null;

    /// <summary>A moment in seconds since 1970; null for none, and for one that no calendar has.</summary>
    public static DateTimeOffset? Moment(string? seconds) =>
        long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= LastMoment ? DateTimeOffset.FromUnixTimeSeconds(number) : null;

    /// <summary>Asks for what every AMI user with our classes is answered.</summary>
    /// <exception cref="AsteriskRefusalException">It is refused.</exception>
    public static async Task<AmiResponse> ExpectAsync(AmiConnection connection, AmiAction action, CancellationToken cancellation)
    {
        var answer = await connection.SendAsync(action, cancellation);
        return answer.Success ? answer : throw new AsteriskRefusalException($"Asterisk refuses {action.Name}: {answer.Message} (privileges in manager.conf)");
    }

    /// <summary>Expiry is told on Asterisk's clock, which may be wrong without doing any harm there.</summary>
    private async Task ReadClockAsync(CancellationToken cancellation)
    {
        var answer = await connection.SendAsync(new AmiAction("Ping"), cancellation);
        if (double.TryParse(answer.Get("Timestamp"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e11)
            _clock.Observe(DateTimeOffset.UnixEpoch.AddSeconds(seconds));
    }

    private bool IsForeign(in AmiMessage item) =>
        _systemName is not null && Text(item, "RegServer"u8) is { } server && server != _systemName;

    private void AddContact(Dictionary<ContactKey, Contact> contacts, in AmiMessage item)
    {
        // Endpoint is empty until a registration has been routed; the object's name is AOR;@hash.
        var name = Text(item, "ObjectName"u8);
        var endpoint = Text(item, "Endpoint"u8) ?? (name is not null && name.LastIndexOf(";@", StringComparison.Ordinal) is var at and > 0 ? name[..at] : null);
        if (endpoint is null || Text(item, "Uri"u8) is not { } uri)
            return;
        contacts[new ContactKey(endpoint, uri)] = new Contact(
            Text(item, "Status"u8) ?? "Unknown",
            ContactUri.TryParse(uri, out var parsed) ? parsed.Address : null,
            Text(item, "ViaAddr"u8), Text(item, "UserAgent"u8), RoundTrip(item.Get("RoundtripUsec"u8)),
            Moment(Text(item, "ExpirationTime"u8)) is { } expires ? _clock.ToLocal(expires) : null, time.GetUtcNow());
    }
}

/// <summary>Asterisk answered, but not with what was asked for; the message says why.</summary>
internal sealed class AsteriskRefusalException(string message) : Exception(UntrustedText.Escape(message));
