using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>
/// The contacts with a fixed address in one AMI session, such as a door station that does not register. Asterisk's list of registrations
/// lacks them, so each endpoint is queried once. Afterwards ContactStatus events keep the contact current, and it is queried again when its
/// device state contradicts it. Not thread-safe.
/// </summary>
internal sealed class FixedContacts(AmiConnection connection, TimeProvider time)
{
    /// <param name="Address">The address in ps_aors at the time of the query.</param>
    /// <param name="Keys">The contacts that Asterisk reported.</param>
    private sealed record Query(string Address, ContactKey[] Keys);

    private readonly Dictionary<string, Query> _queried = new(StringComparer.Ordinal);

    /// <summary>The endpoints with a fixed contact, by id, with <c>ps_aors.contact</c> as it is written.</summary>
    public IReadOnlyDictionary<string, string> Addresses { get; set; } = new Dictionary<string, string>();

    /// <summary>Adds the fixed contacts to a snapshot.</summary>
    /// <param name="contacts">The contacts of the snapshot; modified.</param>
    /// <param name="devices">The device states of the same snapshot, by endpoint.</param>
    /// <param name="onItem">Called for each endpoint, so that a long snapshot is not taken for a stuck one.</param>
    public async Task AddToAsync(
        Dictionary<ContactKey, Contact> contacts, ContactTracker tracker, IReadOnlyDictionary<string, string> devices, Action onItem,
        CancellationToken cancellation)
    {
        foreach (var (endpoint, address) in Addresses)
        {
            onItem();
            var found = _queried.GetValueOrDefault(endpoint) is { } query && query.Address == address
                ? Known(query.Keys, tracker, devices.GetValueOrDefault(endpoint))
                : null;
            if (found is null)
            {
                found = await QueryAsync(endpoint, cancellation);
                _queried[endpoint] = new Query(address, [.. found.Keys]);
            }
            foreach (var (key, contact) in found)
                contacts[key] = contact;
        }
    }

    /// <returns>
    /// The contacts as the tracker has them. Null when the tracker lacks one, or when the device state contradicts them: the device must be
    /// available exactly when one of them is reachable.
    /// </returns>
    private static Dictionary<ContactKey, Contact>? Known(ContactKey[] keys, ContactTracker tracker, string? device)
    {
        var known = new Dictionary<ContactKey, Contact>();
        var isReachable = false;
        foreach (var key in keys)
        {
            if (tracker.Find(key) is not { } contact)
                return null;
            known[key] = contact;
            isReachable |= contact.Status != "Unreachable";
        }
        return known.Count > 0 && isReachable == device is not (null or "UNAVAILABLE" or "INVALID" or "UNKNOWN") ? known : null;
    }

    /// <summary>
    /// Asks for the fixed contacts of an endpoint (event ContactStatusDetail); none when Asterisk does not know the endpoint.
    /// </summary>
    private async Task<Dictionary<ContactKey, Contact>> QueryAsync(string endpoint, CancellationToken cancellation)
    {
        var found = new Dictionary<ContactKey, Contact>();
        await connection.SendListAsync(new AmiAction("PJSIPShowEndpoint") { { "Endpoint", endpoint } }, (in item) =>
        {
            // The id of a fixed contact is AOR@@hash; that of a registration is AOR;@hash.
            if (AmiFields.Text(item, "ID"u8) is not { } id
                || !id.StartsWith($"{AmiFields.Text(item, "AOR"u8)}@@", StringComparison.Ordinal)
                || AmiFields.Text(item, "URI"u8) is not { } uri)
                return;
            found[new ContactKey(endpoint, uri)] = new Contact(
                AmiFields.Text(item, "Status"u8) ?? "Unknown", ContactUri.TryParse(uri, out var parsed) ? parsed.Address : null,
                ViaAddress: null, UserAgent: null, AmiFields.RoundTrip(item.Get("RoundtripUsec"u8)), ExpiresAt: null, time.GetUtcNow());
        }, cancellation);
        return found;
    }
}
