using System.Runtime.InteropServices;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>The contacts of one node by key, and how many of them each endpoint has. Not thread-safe.</summary>
internal sealed class ContactSet
{
    private readonly Dictionary<ContactKey, Contact> _contacts = [];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>All contacts; a live view.</summary>
    public IReadOnlyDictionary<ContactKey, Contact> All => _contacts;

    /// <summary>The number of contacts.</summary>
    public int Count => _contacts.Count;

    /// <summary>Returns a contact; null when it is not here.</summary>
    public Contact? Find(ContactKey key) => _contacts.GetValueOrDefault(key);

    /// <summary>Returns how many contacts an endpoint has.</summary>
    public int CountOf(string endpoint) => _counts.GetValueOrDefault(endpoint);

    /// <summary>Adds or replaces a contact; null removes it.</summary>
    public void Set(ContactKey key, Contact? contact)
    {
        if (contact is null)
        {
            if (_contacts.Remove(key) && --CollectionsMarshal.GetValueRefOrNullRef(_counts, key.Endpoint) == 0)
                _counts.Remove(key.Endpoint);
            return;
        }
        if (!_contacts.ContainsKey(key))
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, key.Endpoint, out _)++;
        _contacts[key] = contact;
    }

    /// <summary>Returns the keys of the contacts that <paramref name="others"/> lacks.</summary>
    public List<ContactKey> MissingIn(Dictionary<ContactKey, Contact> others) => [.. _contacts.Keys.Where(key => !others.ContainsKey(key))];

    /// <summary>Returns the earliest expiry of a contact after a moment; null when no contact expires after it.</summary>
    public DateTimeOffset? NextExpiry(DateTimeOffset moment) =>
        _contacts.Values.Min(contact => contact.ExpiresAt > moment ? contact.ExpiresAt : null);

    /// <summary>Returns the endpoints that have a contact which is not unreachable, each once.</summary>
    public IEnumerable<string> ReachableEndpoints() =>
        _contacts.Where(contact => contact.Value.Status != "Unreachable").Select(contact => contact.Key.Endpoint).Distinct();
}
