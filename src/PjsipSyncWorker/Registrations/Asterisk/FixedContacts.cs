using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>
/// Contacts with a fixed address in one AMI session: a door station that does not register. Asterisk's list of registrations leaves them
/// out. Each is asked for by its endpoint once; after that Asterisk's events tell, and the device states show when they are wrong.
/// </summary>
internal sealed class FixedContacts(AsteriskSession asterisk)
{
    /// <param name="Written">The addresses for which Asterisk was asked.</param>
    private sealed record Asked(string Written, ContactKey[] Keys);

    private readonly Dictionary<string, Asked> _asked = new(StringComparer.Ordinal);

    /// <summary>The endpoints that have such, and their addresses as <c>ps_aors.contact</c> has them.</summary>
    public IReadOnlyDictionary<string, string> Written { get; set; } = new Dictionary<string, string>();

    /// <summary>Adds them to a snapshot.</summary>
    /// <param name="devices">The device states of the same snapshot, by endpoint.</param>
    /// <param name="onItem">Called for each: a slow answer is not none.</param>
    public async Task AddToAsync(
        Dictionary<ContactKey, Contact> contacts, ContactTracker tracker, IReadOnlyDictionary<string, string> devices, Action onItem, CancellationToken cancellation)
    {
        foreach (var (endpoint, written) in Written)
        {
            onItem();
            var found = _asked.GetValueOrDefault(endpoint) is { } asked && asked.Written == written ? Known(asked.Keys, tracker, devices.GetValueOrDefault(endpoint)) : null;
            if (found is null)
            {
                found = await asterisk.FixedContactsOfAsync(endpoint, cancellation);
                _asked[endpoint] = new Asked(written, [.. found.Keys]);
            }
            foreach (var (key, contact) in found)
                contacts[key] = contact;
        }
    }

    /// <returns>Null when one of them is not known, or when the device is not available exactly when one of them is.</returns>
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
}
