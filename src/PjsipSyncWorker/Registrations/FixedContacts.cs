namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Contacts with a fixed address in one AMI session: a door station that does not register. Asterisk's list of registrations leaves them
/// out. Each is asked for by its endpoint once; after that Asterisk's events tell, and the device states show when they are wrong.
/// </summary>
internal sealed class FixedContacts(AsteriskSession asterisk)
{
    private readonly Dictionary<string, (string Written, IReadOnlyList<ContactKey> Keys)> _asked = new(StringComparer.Ordinal);

    /// <summary>The endpoints that have such, and their addresses as <c>ps_aors.contact</c> has them.</summary>
    public IReadOnlyDictionary<string, string> Written { get; set; } = new Dictionary<string, string>();

    /// <summary>Adds them to a snapshot.</summary>
    /// <param name="devices">The device states of the same snapshot, by endpoint.</param>
    /// <param name="onItem">Called for each: a slow answer is not none.</param>
    public async Task AddToAsync(
        Dictionary<ContactKey, Contact> contacts, ContactBook book, IReadOnlyDictionary<string, string> devices, Action onItem, CancellationToken cancellation)
    {
        foreach (var (endpoint, written) in Written)
        {
            onItem();
            if (_asked.TryGetValue(endpoint, out var asked) && asked.Written == written && Known(asked.Keys, book) is { } known && Agree(known, devices.GetValueOrDefault(endpoint)))
            {
                foreach (var (key, contact) in known)
                    contacts[key] = contact;
                continue;
            }
            var found = await asterisk.FixedContactsOfAsync(endpoint, cancellation);
            foreach (var (key, contact) in found)
                contacts[key] = contact;
            _asked[endpoint] = (written, [.. found.Select(each => each.Key)]);
        }
    }

    /// <returns>Null when one of them is not known.</returns>
    private static List<(ContactKey Key, Contact Contact)>? Known(IReadOnlyList<ContactKey> keys, ContactBook book)
    {
        var known = new List<(ContactKey, Contact)>(keys.Count);
        foreach (var key in keys)
            if (book.Find(key) is { } contact)
                known.Add((key, contact));
        return known.Count == keys.Count && known.Count > 0 ? known : null;
    }

    /// <summary>Whether the device is available exactly when one of its contacts is.</summary>
    private static bool Agree(List<(ContactKey Key, Contact Contact)> known, string? device) =>
        known.Any(each => each.Contact.Status != "Unreachable") == device is not (null or "UNAVAILABLE" or "INVALID" or "UNKNOWN");
}
