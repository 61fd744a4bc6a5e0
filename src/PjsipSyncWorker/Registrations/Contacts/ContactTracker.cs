using System.Runtime.InteropServices;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>What must be written so that the database holds what the tracker holds.</summary>
/// <param name="Shared">Other servers report the same contacts.</param>
internal sealed record PendingChanges(
    IReadOnlyList<ContactChange> Contacts, IReadOnlyList<GoneContact> Gone, IReadOnlyList<(string Endpoint, string State)> Devices,
    bool Shared = false)
{
    public int Count => Contacts.Count + Gone.Count + Devices.Count;

    public bool IsEmpty => Count == 0;

    public HashSet<string> Endpoints =>
        [.. Contacts.Select(contact => contact.Key.Endpoint), .. Gone.Select(gone => gone.Key.Endpoint), .. Devices.Select(device => device.Endpoint)];

    /// <summary>Those whose status may be another one now. What a mere refresh moves, the next comparison of all statuses writes.</summary>
    public IEnumerable<string> EndpointsOfNewStatus =>
        Contacts.Where(contact => !contact.IsRefresh).Select(contact => contact.Key.Endpoint)
            .Concat(Gone.Select(gone => gone.Key.Endpoint)).Concat(Devices.Select(device => device.Endpoint)).Distinct();

    /// <summary>The same in two halves; of a single contact what is left without the words that strangers chose. Nothing when there is no less.</summary>
    public IEnumerable<PendingChanges> Smaller()
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
        return this with { Contacts = Slice(Contacts, from, to), Gone = Slice(Gone, from - gone, to - gone), Devices = Slice(Devices, from - devices, to - devices) };
    }

    private static List<T> Slice<T>(IReadOnlyList<T> list, int from, int to) => [.. list.Take(Math.Max(to, 0)).Skip(Math.Max(from, 0))];
}

/// <param name="Registered">The phone registered since it was last written; otherwise only what is known of it changed.</param>
/// <param name="IsRefresh">The only phone of its extension registered again, and nothing else about it changed.</param>
internal readonly record struct ContactChange(ContactKey Key, Contact Contact, bool Registered, bool IsRefresh = false);

/// <param name="FromAllNodes">Its server removed it from a shared ps_contacts; otherwise it only is not, or no longer, this node's.</param>
internal readonly record struct GoneContact(ContactKey Key, bool FromAllNodes);

/// <summary>
/// The registrations and device states of one node: events and snapshots come in, differences to the database go out.
/// Its size is bounded by the number of contacts, however many events arrive while the database is away. Thread-safe.
/// </summary>
internal sealed class ContactTracker(TimeProvider time)
{
    private static readonly TimeSpan NearlyExpired = TimeSpan.FromSeconds(10);

    /// <summary>Several of the times in which a change that is not urgent is written.</summary>
    private static readonly TimeSpan FarFromExpiry = TimeSpan.FromSeconds(20);

    /// <summary>More phones than one server has: what tells of more is no server of phones.</summary>
    private const int Most = 1_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ContactKey, Contact> _contacts = [];

    /// <summary>How many contacts each endpoint has.</summary>
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _devices = new(StringComparer.Ordinal);
    private readonly HashSet<ContactKey> _touched = [];

    /// <summary>Removed from a shared ps_contacts, and not written yet.</summary>
    private readonly HashSet<ContactKey> _removedEverywhere = [];
    private readonly HashSet<string> _touchedDevices = new(StringComparer.Ordinal);
    private Dictionary<ContactKey, Contact> _stored = [];
    private Dictionary<string, string> _storedDevices = new(StringComparer.Ordinal);

    /// <summary>Events that arrived since the snapshot in progress was asked for; the last word on each contact.</summary>
    private Dictionary<ContactKey, Contact?>? _meanwhile;
    private Dictionary<string, string>? _meanwhileDevices;
    private bool _complete;
    private volatile bool _hasUrgentChanges;

    /// <summary>Whether anything changed, since changes were last taken, that may move a status. Mere refreshes can wait: they are most of what phones do.</summary>
    public bool HasUrgentChanges => _hasUrgentChanges;

    /// <summary>The soonest moment after <paramref name="moment"/> at which a contact expires, unless a refresh is noticed before.</summary>
    public DateTimeOffset? NextExpiry(DateTimeOffset moment)
    {
        lock (_lock)
            return _contacts.Values.Min(contact => contact.ExpiresAt > moment ? contact.ExpiresAt : null);
    }

    /// <summary>Whether Asterisk also reports contacts of other servers (a shared ps_contacts): true since a snapshot showed one.</summary>
    public bool Shared { get; private set; }

    /// <summary>How many contacts are known.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _contacts.Count;
        }
    }

    /// <summary>A session with Asterisk begins, perhaps with another configuration.</summary>
    public void BeginSession()
    {
        lock (_lock)
            Shared = false;
    }

    /// <summary>What the database holds for this node now; from here on differences to it are written.</summary>
    /// <returns>Whether another worker took something out that this node believes in: only a snapshot can tell who is right.</returns>
    public bool SetStored(Dictionary<ContactKey, Contact> contacts, Dictionary<string, string> devices)
    {
        lock (_lock)
        {
            var doubtful = _stored.Keys.Where(key => !contacts.ContainsKey(key) && !_touched.Contains(key) && _contacts.ContainsKey(key)).ToList();
            foreach (var key in doubtful)
                Put(key, null);
            // What both have is kept once, the key too.
            foreach (var (key, contact) in _contacts)
            {
                if (contacts.GetValueOrDefault(key) == contact)
                {
                    contacts.Remove(key);
                    contacts.Add(key, contact);
                }
            }
            _stored = contacts;
            _storedDevices = devices;
            _touched.UnionWith(_contacts.Keys);
            _touched.UnionWith(contacts.Keys);
            _touchedDevices.UnionWith(_devices.Keys);
            return doubtful.Count > 0;
        }
    }

    /// <summary>A ContactStatus event.</summary>
    /// <param name="status">Removed takes the contact out.</param>
    /// <remarks>With a shared ps_contacts only a snapshot says whose a new contact is: the event alone does not count.</remarks>
    /// <returns>Whether something is missing that only a snapshot has.</returns>
    public bool OnContactStatus(ContactKey key, string status, TimeSpan? roundTrip)
    {
        lock (_lock)
        {
            var known = Known(key);
            if (status == "Removed")
            {
                if (Shared)
                    _removedEverywhere.Add(key);
                Put(key, null);
                return false;
            }
            if (known is null && _contacts.Count >= Most)
                return false;
            if (known is null && Shared)
                return true;
            var now = Now();
            // These come with a REGISTER; Reachable and Unreachable with an answered or missed OPTIONS, or with the refresh of
            // a qualified phone, which a snapshot sees by its expiry if there is time for one.
            var registered = known is null || status is "NonQualified" or "Updated" or "Created"
                || status == known.Status && known.ExpiresAt - now < NearlyExpired;
            Put(key, new Contact(
                status is "Updated" && known is not null ? known.Status : status,
                known?.Address ?? (ContactUri.TryParse(key.Uri, out var uri) ? uri.Address : null),
                known?.ViaAddress, known?.UserAgent, roundTrip ?? known?.RoundTrip,
                registered ? null : known?.ExpiresAt,
                registered ? now : known!.RegisteredAt));
            return known is null;
        }
    }

    /// <summary>A DeviceStateChange event.</summary>
    public void OnDeviceState(string endpoint, string state)
    {
        lock (_lock)
        {
            if (_devices.Count >= Most && !_devices.ContainsKey(endpoint))
                return;
            if (_meanwhileDevices is not null)
                _meanwhileDevices[endpoint] = state;
            _devices[endpoint] = state;
            _touchedDevices.Add(endpoint);
            _hasUrgentChanges = true;
        }
    }

    public bool Knows(string endpoint)
    {
        lock (_lock)
            return _known.ContainsKey(endpoint);
    }

    /// <summary>Endpoints with a contact that is not unreachable, while their device state is that of an endpoint without one, or missing.</summary>
    public IReadOnlyCollection<string> Unlit()
    {
        lock (_lock)
        {
            // Without any device state nothing can be said of one that is missing.
            return _devices.Count == 0 ? [] : [.. _contacts.Where(contact => contact.Value.Status != "Unreachable").Select(contact => contact.Key.Endpoint).Distinct()
                .Where(endpoint => _devices.GetValueOrDefault(endpoint, "UNAVAILABLE") is "UNAVAILABLE" or "INVALID")];
        }
    }

    /// <summary>What is known of a contact; null when it is not known.</summary>
    public Contact? Find(ContactKey key)
    {
        lock (_lock)
            return Known(key);
    }

    /// <summary>A snapshot is asked for: what arrives from here on is younger than it.</summary>
    public void BeginSnapshot()
    {
        lock (_lock)
        {
            _meanwhile = [];
            _meanwhileDevices = new Dictionary<string, string>(StringComparer.Ordinal);
        }
    }

    /// <summary>It cannot be believed, or did not come: nothing of it counts.</summary>
    public void AbandonSnapshot()
    {
        lock (_lock)
            (_meanwhile, _meanwhileDevices) = (null, null);
    }

    /// <summary>The snapshot is complete: it replaces what is known, and what arrived meanwhile replaces it.</summary>
    /// <returns>Whether another is needed: what arrived meanwhile may have been about contacts of other servers, of which nothing was known.</returns>
    public bool EndSnapshot(Dictionary<ContactKey, Contact> contacts, Dictionary<string, string> devices, bool shared = false)
    {
        lock (_lock)
        {
            var again = shared && !Shared && _meanwhile is { Count: > 0 };
            Shared |= shared;
            foreach (var (key, last) in _meanwhile ?? [])
            {
                if (last is null)
                    contacts.Remove(key);
                else
                    contacts[key] = contacts.TryGetValue(key, out var seen) ? seen with { Status = last.Status, RoundTrip = last.RoundTrip ?? seen.RoundTrip } : last;
            }
            var now = Now();
            foreach (var key in _contacts.Keys.Where(key => !contacts.ContainsKey(key)).ToList())
                Put(key, null);
            foreach (var (key, seen) in contacts)
            {
                var contact = seen with { RegisteredAt = RegisteredAt(key, seen, now) };
                if (_contacts.GetValueOrDefault(key) != contact)
                    Put(key, contact);
            }
            foreach (var (endpoint, state) in devices)
            {
                _devices[endpoint] = state;
                _touchedDevices.Add(endpoint);
            }
            foreach (var (endpoint, state) in _meanwhileDevices ?? [])
                _devices[endpoint] = state;
            if (!_complete)
                _touched.UnionWith(_stored.Keys);
            (_meanwhile, _meanwhileDevices, _complete) = (null, null, true);
            return again;
        }
    }

    /// <summary>What differs from the database; empty until a first snapshot is complete.</summary>
    public PendingChanges DequeueChanges()
    {
        lock (_lock)
        {
            if (!_complete)
                return new PendingChanges([], [], []);
            var contacts = new List<ContactChange>();
            var gone = new List<GoneContact>();
            foreach (var key in _touched)
            {
                var now = _contacts.GetValueOrDefault(key);
                var stored = _stored.GetValueOrDefault(key);
                if (now is null && (stored is not null || _removedEverywhere.Contains(key)))
                    gone.Add(new GoneContact(key, _removedEverywhere.Contains(key)));
                else if (now is not null && now != stored)
                    contacts.Add(new ContactChange(key, now, now.RegisteredAt != stored?.RegisteredAt, IsRefresh(key, now, stored)));
            }
            var devices = _touchedDevices.Where(endpoint => _devices[endpoint] != _storedDevices.GetValueOrDefault(endpoint))
                .Select(endpoint => (endpoint, _devices[endpoint])).ToList();
            _touched.Clear();
            _touchedDevices.Clear();
            _hasUrgentChanges = false;
            return new PendingChanges(contacts, gone, devices, Shared);
        }
    }

    /// <summary>These changes are committed.</summary>
    public void Acknowledge(PendingChanges changes)
    {
        lock (_lock)
        {
            foreach (var (key, contact, _, _) in changes.Contacts)
                _stored[key] = contact;
            foreach (var (key, _) in changes.Gone)
            {
                _stored.Remove(key);
                _removedEverywhere.Remove(key);
            }
            foreach (var (endpoint, state) in changes.Devices)
                _storedDevices[endpoint] = state;
        }
    }

    /// <summary>They are not: they are differences again.</summary>
    public void Requeue(PendingChanges changes)
    {
        lock (_lock)
        {
            _touched.UnionWith(changes.Contacts.Select(contact => contact.Key));
            _touched.UnionWith(changes.Gone.Select(gone => gone.Key));
            _touchedDevices.UnionWith(changes.Devices.Select(device => device.Endpoint));
        }
    }

    /// <summary>As exactly as the database keeps it, for what comes back from there must be equal.</summary>
    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private Contact? Known(ContactKey key) =>
        _meanwhile is not null && _meanwhile.TryGetValue(key, out var younger) ? younger : _contacts.GetValueOrDefault(key);

    private void Put(ContactKey key, Contact? contact)
    {
        if (_meanwhile is not null)
            _meanwhile[key] = contact;
        if (contact is null)
        {
            if (_contacts.Remove(key) && --CollectionsMarshal.GetValueRefOrNullRef(_known, key.Endpoint) == 0)
                _known.Remove(key.Endpoint);
        }
        else
        {
            _removedEverywhere.Remove(key);
            if (!_contacts.ContainsKey(key))
                CollectionsMarshal.GetValueRefOrAddDefault(_known, key.Endpoint, out _)++;
            _contacts[key] = contact;
        }
        _touched.Add(key);
        _hasUrgentChanges |= contact is null || !IsRefresh(key, contact, _stored.GetValueOrDefault(key));
    }

    /// <summary>Whether the status stays as it is: the extension's only phone, known to the database, far from its expiry there, registered again.</summary>
    private bool IsRefresh(ContactKey key, Contact contact, Contact? stored)
    {
        var soon = time.GetUtcNow() + FarFromExpiry;
        return stored is not null && contact.Status == stored.Status && Equals(contact.Address, stored.Address)
            && contact.ViaAddress == stored.ViaAddress && contact.UserAgent == stored.UserAgent
            && !(stored.ExpiresAt <= soon) && !(contact.ExpiresAt <= soon) && _known.GetValueOrDefault(key.Endpoint) == 1;
    }

    /// <summary>A snapshot does not say when a phone registered; an expiry that moved says that it did.</summary>
    private DateTimeOffset RegisteredAt(ContactKey key, Contact seen, DateTimeOffset now)
    {
        var before = _contacts.GetValueOrDefault(key) ?? _stored.GetValueOrDefault(key);
        if (before is null)
            return now;
        return before.ExpiresAt is { } old && seen.ExpiresAt is { } expires && expires > old ? now : before.RegisteredAt;
    }
}
