namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>The differences between a <see cref="ContactTracker"/> and the database, for one write. Immutable.</summary>
/// <param name="Contacts">Contacts to insert or update.</param>
/// <param name="Gone">Contacts to delete.</param>
/// <param name="Devices">Device states to write, by endpoint.</param>
/// <param name="Shared">Whether other servers report the same contacts (a shared ps_contacts).</param>
internal sealed record PendingChanges(
    IReadOnlyList<ContactChange> Contacts, IReadOnlyList<GoneContact> Gone, IReadOnlyList<(string Endpoint, string State)> Devices,
    bool Shared = false)
{
    /// <summary>The number of rows to write.</summary>
    public int Count => Contacts.Count + Gone.Count + Devices.Count;

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The endpoints of all rows.</summary>
    public HashSet<string> Endpoints =>
        [.. Contacts.Select(contact => contact.Key.Endpoint), .. Gone.Select(gone => gone.Key.Endpoint),
            .. Devices.Select(device => device.Endpoint)];

    /// <summary>
    /// The endpoints whose status may have changed, each once. A refresh is left out: it only moves <c>last_registered_at</c>, which the
    /// next comparison of all statuses writes.
    /// </summary>
    public IEnumerable<string> EndpointsOfNewStatus =>
        Contacts.Where(contact => !contact.IsRefresh).Select(contact => contact.Key.Endpoint)
            .Concat(Gone.Select(gone => gone.Key.Endpoint)).Concat(Devices.Select(device => device.Endpoint)).Distinct();

    /// <summary>
    /// Splits the changes in two. A single contact is returned once more without its user agent and Via address, the only free text in it.
    /// Returns nothing if it cannot be reduced further.
    /// </summary>
    public IReadOnlyList<PendingChanges> Split()
    {
        if (Count > 1)
            return [Part(0, Count / 2), Part(Count / 2, Count)];
        return Contacts is [{ Contact: { } contact } only] && (contact.UserAgent ?? contact.ViaAddress) is not null
            ? [this with { Contacts = [only with { Contact = contact with { UserAgent = null, ViaAddress = null } }] }]
            : [];
    }

    private PendingChanges Part(int from, int to)
    {
        var (gone, devices) = (Contacts.Count, Contacts.Count + Gone.Count);
        return this with
        {
            Contacts = Slice(Contacts, from, to),
            Gone = Slice(Gone, from - gone, to - gone),
            Devices = Slice(Devices, from - devices, to - devices),
        };
    }

    private static List<T> Slice<T>(IReadOnlyList<T> list, int from, int to) => [.. list.Take(Math.Max(to, 0)).Skip(Math.Max(from, 0))];
}

/// <summary>A contact to insert or update.</summary>
/// <param name="Registered">
/// Whether the phone registered since the contact was last written; otherwise only its other values changed.
/// </param>
/// <param name="IsRefresh">Whether the only phone of its extension registered again and nothing else about it changed.</param>
internal readonly record struct ContactChange(ContactKey Key, Contact Contact, bool Registered, bool IsRefresh = false);

/// <summary>A contact to delete.</summary>
/// <param name="FromAllNodes">
/// True: its server removed it from a shared ps_contacts, so it is deleted for every node. False: it is deleted for this node only.
/// </param>
internal readonly record struct GoneContact(ContactKey Key, bool FromAllNodes);
