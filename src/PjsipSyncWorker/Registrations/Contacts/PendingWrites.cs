namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>
/// What the database holds for one node, and which contacts and device states may differ from it. A dequeued difference is acknowledged
/// when it is committed, or requeued. Not thread-safe: <see cref="ContactTracker"/> calls it under its lock.
/// </summary>
internal sealed class PendingWrites(TimeProvider time)
{
    /// <summary>A multiple of the interval in which a change that is not urgent is written.</summary>
    private static readonly TimeSpan FarFromExpiry = TimeSpan.FromSeconds(20);

    private readonly HashSet<ContactKey> _touched = [];
    private readonly HashSet<string> _touchedDevices = new(StringComparer.Ordinal);

    /// <summary>Contacts that were removed from a shared ps_contacts; their deletion is not committed yet.</summary>
    private readonly HashSet<ContactKey> _removedFromAllNodes = [];

    private Dictionary<ContactKey, Contact> _stored = [];
    private Dictionary<string, string> _storedDevices = new(StringComparer.Ordinal);

    /// <summary>Returns the contact that the database holds; null when it holds none.</summary>
    public Contact? Stored(ContactKey key) => _stored.GetValueOrDefault(key);

    /// <summary>
    /// Replaces what the database holds, and marks everything in <paramref name="current"/> and in the database as touched.
    /// </summary>
    /// <param name="stored">The contacts in the database. This object keeps and modifies the dictionary.</param>
    /// <param name="storedDevices">The device states in the database. This object keeps and modifies the dictionary.</param>
    public void SetStored(
        Dictionary<ContactKey, Contact> stored, Dictionary<string, string> storedDevices,
        ContactSet current, IEnumerable<string> currentDevices)
    {
        // Equal contacts and their keys are kept in memory once.
        foreach (var (key, contact) in current.All)
        {
            if (stored.GetValueOrDefault(key) == contact)
            {
                stored.Remove(key);
                stored.Add(key, contact);
            }
        }
        _stored = stored;
        _storedDevices = storedDevices;
        _touched.UnionWith(current.All.Keys);
        _touched.UnionWith(stored.Keys);
        _touchedDevices.UnionWith(currentDevices);
    }

    /// <summary>Returns the contacts that the last write left in the database and that <paramref name="reloaded"/> no longer has.</summary>
    public IEnumerable<ContactKey> MissingIn(IReadOnlyDictionary<ContactKey, Contact> reloaded) =>
        _stored.Keys.Where(key => !reloaded.ContainsKey(key) && !_touched.Contains(key));

    /// <summary>Marks a contact that may differ from the database.</summary>
    public void Touch(ContactKey key) => _touched.Add(key);

    /// <summary>Marks a device state that may differ from the database.</summary>
    public void TouchDevice(string endpoint) => _touchedDevices.Add(endpoint);

    /// <summary>Marks every contact that the database holds.</summary>
    public void TouchStored() => _touched.UnionWith(_stored.Keys);

    /// <summary>Notes that a contact was removed from a shared ps_contacts.</summary>
    public void MarkRemovedFromAllNodes(ContactKey key) => _removedFromAllNodes.Add(key);

    /// <summary>Notes that a contact is there (again).</summary>
    public void UnmarkRemovedFromAllNodes(ContactKey key) => _removedFromAllNodes.Remove(key);

    /// <summary>Takes the differences. Afterwards nothing is touched.</summary>
    public PendingChanges Dequeue(ContactSet current, IReadOnlyDictionary<string, string> currentDevices, bool shared)
    {
        var contacts = new List<ContactChange>();
        var gone = new List<GoneContact>();
        foreach (var key in _touched)
        {
            var now = current.Find(key);
            var stored = _stored.GetValueOrDefault(key);
            if (now is null && (stored is not null || _removedFromAllNodes.Contains(key)))
                gone.Add(new GoneContact(key, _removedFromAllNodes.Contains(key)));
            else if (now is not null && now != stored)
            {
                var isRefresh = IsRefresh(now, stored, current.CountOf(key.Endpoint));
                contacts.Add(new ContactChange(key, now, now.RegisteredAt != stored?.RegisteredAt, isRefresh));
            }
        }
        var devices = _touchedDevices.Where(endpoint => currentDevices[endpoint] != _storedDevices.GetValueOrDefault(endpoint))
            .Select(endpoint => (endpoint, currentDevices[endpoint])).ToList();
        _touched.Clear();
        _touchedDevices.Clear();
        return new PendingChanges(contacts, gone, devices, shared);
    }

    /// <summary>Notes that the changes are committed.</summary>
    public void Acknowledge(PendingChanges changes)
    {
        foreach (var (key, contact, _, _) in changes.Contacts)
            _stored[key] = contact;
        foreach (var (key, _) in changes.Gone)
        {
            _stored.Remove(key);
            _removedFromAllNodes.Remove(key);
        }
        foreach (var (endpoint, state) in changes.Devices)
            _storedDevices[endpoint] = state;
    }

    /// <summary>Marks the changes again, because they are not committed.</summary>
    public void Requeue(PendingChanges changes)
    {
        _touched.UnionWith(changes.Contacts.Select(contact => contact.Key));
        _touched.UnionWith(changes.Gone.Select(gone => gone.Key));
        _touchedDevices.UnionWith(changes.Devices.Select(device => device.Endpoint));
    }

    /// <summary>
    /// Whether the status cannot have changed: the only phone of the extension, which the database holds with an expiry that is not near,
    /// registered again.
    /// </summary>
    /// <param name="stored">The contact in the database; null when it holds none.</param>
    /// <param name="contacts">How many contacts the endpoint has.</param>
    public bool IsRefresh(Contact contact, Contact? stored, int contacts)
    {
        var soon = time.GetUtcNow() + FarFromExpiry;
        return stored is not null && contact.Status == stored.Status && Equals(contact.Address, stored.Address)
            && contact.ViaAddress == stored.ViaAddress && contact.UserAgent == stored.UserAgent
            && !(stored.ExpiresAt <= soon) && !(contact.ExpiresAt <= soon) && contacts == 1;
    }
}
