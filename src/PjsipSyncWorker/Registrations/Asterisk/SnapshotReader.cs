using System.Globalization;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Reads all contacts and device states of one Asterisk into a tracker.</summary>
/// <param name="systemName">The server's name in contacts of a shared ps_contacts; null when it has none.</param>
internal sealed class SnapshotReader(AmiConnection connection, string? systemName, TimeProvider time)
{
    private readonly ClockOffset _clock = new(time);

    /// <summary>Requests a snapshot and passes it to the tracker when it is complete.</summary>
    /// <param name="fixedContacts">Adds the contacts that Asterisk's list of registrations lacks.</param>
    /// <param name="isEmptyConfirmed">
    /// Called with the system name when Asterisk reports no contact at all, which it also does when it lost its database. Returns whether
    /// the report is true.
    /// </param>
    /// <param name="onItem">Called for each item, so that a long snapshot is not taken for a stuck one.</param>
    /// <returns>Whether another snapshot is needed: see <see cref="ContactTracker.EndSnapshot"/>.</returns>
    /// <exception cref="AsteriskRefusalException">Asterisk refuses it, or it cannot be trusted. The tracker is unchanged.</exception>
    /// <exception cref="AmiException">The connection ended, or the answer did not come in time. The tracker is unchanged.</exception>
    public async Task<bool> ReadAsync(
        ContactTracker tracker, FixedContacts fixedContacts, Func<string?, CancellationToken, Task<bool>> isEmptyConfirmed, Action onItem,
        CancellationToken cancellation)
    {
        await ReadClockAsync(cancellation);
        tracker.BeginSnapshot();
        try
        {
            var (contacts, shared) = await ReadContactsAsync(isEmptyConfirmed, onItem, cancellation);
            var devices = await ReadDevicesAsync(onItem, cancellation);
            await fixedContacts.AddToAsync(contacts, tracker, devices, onItem, cancellation);
            return tracker.EndSnapshot(contacts, devices, shared);
        }
        catch
        {
            tracker.AbandonSnapshot();
            throw;
        }
    }

    private async Task<(Dictionary<ContactKey, Contact> Contacts, bool Shared)> ReadContactsAsync(
        Func<string?, CancellationToken, Task<bool>> isEmptyConfirmed, Action onItem, CancellationToken cancellation)
    {
        var contacts = new Dictionary<ContactKey, Contact>();
        var shared = false;
        var answer = await connection.SendListAsync(new AmiAction("PJSIPShowContacts"), (in item) =>
        {
            onItem();
            // With a shared ps_contacts each server reports all contacts. Only the server that received the REGISTER knows their state.
            if (IsOfOtherServer(item))
                shared = true;
            else
                AddContact(contacts, item);
        }, cancellation);
        if (!answer.Success)
        {
            if (!answer.Message.Contains("No Contacts found", StringComparison.OrdinalIgnoreCase))
                throw new AsteriskRefusalException($"Asterisk does not show its contacts: {answer.Message}");
            if (!await isEmptyConfirmed(systemName, cancellation))
                throw new AsteriskRefusalException(
                    "Asterisk reports no contacts while ps_contacts has some: its database link seems to be down "
                    + "(check: asterisk -rx 'odbc show all')");
        }
        return (contacts, shared);
    }

    private async Task<Dictionary<string, string>> ReadDevicesAsync(Action onItem, CancellationToken cancellation)
    {
        var devices = new Dictionary<string, string>(StringComparer.Ordinal);
        var answer = await connection.SendListAsync(new AmiAction("DeviceStateList"), (in item) =>
        {
            onItem();
            if (AmiFields.EndpointOf(AmiFields.Text(item, "Device"u8)) is { } endpoint && AmiFields.Text(item, "State"u8) is { } state)
                devices[endpoint] = state;
        }, cancellation);
        return answer.Success ? devices : throw new AsteriskRefusalException($"Asterisk does not show its device states: {answer.Message}");
    }

    /// <summary>
    /// Reads Asterisk's clock, on which it reports expiries. A wrong clock does no harm on the server, so it must do none here.
    /// </summary>
    private async Task ReadClockAsync(CancellationToken cancellation)
    {
        var answer = await connection.SendAsync(new AmiAction("Ping"), cancellation);
        if (double.TryParse(answer.Get("Timestamp"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 1e11)
            _clock.Observe(DateTimeOffset.UnixEpoch.AddSeconds(seconds));
    }

    private bool IsOfOtherServer(in AmiMessage item) =>
        systemName is not null && AmiFields.Text(item, "RegServer"u8) is { } server && server != systemName;

    private void AddContact(Dictionary<ContactKey, Contact> contacts, in AmiMessage item)
    {
        // Endpoint is empty until a registration has been routed; ObjectName is AOR;@hash.
        var name = AmiFields.Text(item, "ObjectName"u8);
        var endpoint = AmiFields.Text(item, "Endpoint"u8)
            ?? (name is not null && name.LastIndexOf(";@", StringComparison.Ordinal) is var at and > 0 ? name[..at] : null);
        if (endpoint is null || AmiFields.Text(item, "Uri"u8) is not { } uri)
            return;
        contacts[new ContactKey(endpoint, uri)] = new Contact(
            AmiFields.Text(item, "Status"u8) ?? "Unknown",
            ContactUri.TryParse(uri, out var parsed) ? parsed.Address : null,
            AmiFields.Text(item, "ViaAddr"u8), AmiFields.Text(item, "UserAgent"u8), AmiFields.RoundTrip(item.Get("RoundtripUsec"u8)),
            AmiFields.UnixTime(AmiFields.Text(item, "ExpirationTime"u8)) is { } expires ? _clock.ToLocal(expires) : null, time.GetUtcNow());
    }
}
