namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>
/// The registrations and device states of one node in memory: events and snapshots come in, differences to the database go out. Its size is
/// bounded by the number of contacts, however many events arrive while the database is away. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// event                            unknown contact            known contact                          unknown, in a shared ps_contacts
/// ContactStatus after a REGISTER   added, snapshot wanted     registered now, expiry unknown         snapshot wanted
/// ContactStatus, (Un)reachable     added, snapshot wanted     status changes                         snapshot wanted
/// ContactStatus, Removed           nothing                    removed, if shared from all nodes      removed from all nodes
/// in a snapshot                    added                      replaced, but newer events are kept    added, if its server is this one
/// not in a snapshot                nothing                    removed, unless a newer event came     nothing
/// gone from the database           nothing                    removed, snapshot wanted               nothing
/// </code>
/// </remarks>
internal sealed class ContactTracker(TimeProvider time)
{
    /// <summary>Upper bound on contacts per node. It protects memory against a faulty or hostile peer.</summary>
    private const int MaxContacts = 1_000_000;
    private static readonly TimeSpan NearlyExpired = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly PendingWrites _writes = new(time);
    private readonly ContactSet _contacts = new();
    private readonly DeviceStates _devices = new(MaxContacts);

    /// <summary>The last state of each contact by events since a snapshot was requested; null while none is in progress.</summary>
    private Dictionary<ContactKey, Contact?>? _eventsDuringSnapshot;
    private bool _hadSnapshot;
    private volatile bool _hasUrgentChanges;

    /// <summary>Whether another change than a refresh arrived since <see cref="DequeueChanges"/>. Most events are refreshes.</summary>
    public bool HasUrgentChanges => _hasUrgentChanges;

    /// <summary>Whether a snapshot of this session had contacts of other servers (a shared ps_contacts).</summary>
    public bool Shared { get; private set; }

    /// <summary>The number of known contacts.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _contacts.Count;
        }
    }

    /// <summary>Returns the earliest expiry of a contact after a moment; null when no contact expires after it.</summary>
    public DateTimeOffset? NextExpiry(DateTimeOffset moment)
    {
        lock (_lock)
            return _contacts.NextExpiry(moment);
    }

    /// <summary>Starts a session with Asterisk, which may have another configuration than before.</summary>
    public void BeginSession()
    {
        lock (_lock)
            Shared = false;
    }

    /// <summary>Sets what the database holds for this node; from here on the differences to it are written.</summary>
    /// <param name="contacts">The stored contacts. The tracker takes ownership of the dictionary.</param>
    /// <param name="devices">The stored device states, by endpoint. The tracker takes ownership of the dictionary.</param>
    /// <returns>Whether another worker deleted a contact that this node has. Only a snapshot shows which of them is right.</returns>
    public bool SetStored(Dictionary<ContactKey, Contact> contacts, Dictionary<string, string> devices)
    {
        lock (_lock)
        {
            var doubtful = _writes.MissingIn(contacts).Where(key => _contacts.Find(key) is not null).ToList();
            foreach (var key in doubtful)
                Put(key, null);
            _devices.AddStored(devices);
            _writes.SetStored(contacts, devices, _contacts, _devices.All.Keys);
            return doubtful.Count > 0;
        }
    }

    /// <summary>Handles a ContactStatus event.</summary>
    /// <param name="status">The header ContactStatus; Removed removes the contact.</param>
    /// <param name="roundTrip">The round trip of an answered OPTIONS; null when the event has none.</param>
    /// <returns>Whether a snapshot is needed: the event lacks part of a new contact, and if shared also whose contact it is.</returns>
    public bool OnContactStatus(ContactKey key, string status, TimeSpan? roundTrip)
    {
        lock (_lock)
        {
            var known = Newest(key);
            if (status == "Removed")
            {
                if (Shared)
                    _writes.MarkRemovedFromAllNodes(key);
                Put(key, null);
                return false;
            }
            if (known is null && _contacts.Count >= MaxContacts)
                return false;
            if (known is null && Shared)
                return true;
            var now = Now();
            // NonQualified, Updated and Created follow a REGISTER. Reachable and Unreachable follow an answered or missed OPTIONS, or the
            // refresh of a qualified phone. A snapshot shows that refresh by its later expiry, unless the contact is about to expire.
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

    /// <summary>Handles a DeviceStateChange event.</summary>
    public void OnDeviceState(string endpoint, string state)
    {
        lock (_lock)
        {
            if (!_devices.OnEvent(endpoint, state))
                return;
            _writes.TouchDevice(endpoint);
            _hasUrgentChanges = true;
        }
    }

    /// <summary>Whether an endpoint has a contact.</summary>
    public bool HasContact(string endpoint)
    {
        lock (_lock)
            return _contacts.CountOf(endpoint) > 0;
    }

    /// <summary>Returns the endpoints that have a reachable contact while their device state is missing or unavailable.</summary>
    public IReadOnlyCollection<string> RegisteredButUnavailable()
    {
        lock (_lock)
        {
            return [.. _contacts.ReachableEndpoints().Where(_devices.IsUnavailable)];
        }
    }

    /// <summary>Returns a contact; null when it is not known.</summary>
    public Contact? Find(ContactKey key)
    {
        lock (_lock)
            return Newest(key);
    }

    /// <summary>Notes that a snapshot is requested. Events that arrive from here on are newer than the snapshot.</summary>
    public void BeginSnapshot()
    {
        lock (_lock)
        {
            _eventsDuringSnapshot = [];
            _devices.BeginSnapshot();
        }
    }

    /// <summary>Discards the snapshot in progress, because it failed or cannot be trusted.</summary>
    public void AbandonSnapshot()
    {
        lock (_lock)
        {
            _eventsDuringSnapshot = null;
            _devices.AbandonSnapshot();
        }
    }

    /// <summary>Replaces all contacts by those of a complete snapshot, and applies the events that arrived during it.</summary>
    /// <param name="contacts">The contacts of the snapshot. The tracker modifies the dictionary.</param>
    /// <param name="devices">The device states of the snapshot, by endpoint.</param>
    /// <param name="shared">Whether the snapshot had contacts of other servers.</param>
    /// <returns>Whether another is needed: the events during the first shared one may be about contacts of other servers.</returns>
    public bool EndSnapshot(Dictionary<ContactKey, Contact> contacts, Dictionary<string, string> devices, bool shared = false)
    {
        lock (_lock)
        {
            var again = shared && !Shared && _eventsDuringSnapshot is { Count: > 0 };
            Shared |= shared;
            if (_eventsDuringSnapshot is not null)
                SnapshotMerge.Overlay(contacts, _eventsDuringSnapshot);
            var now = Now();
            foreach (var key in _contacts.MissingIn(contacts))
                Put(key, null);
            foreach (var (key, seen) in contacts)
            {
                var before = _contacts.Find(key) ?? _writes.Stored(key);
                var contact = seen with { RegisteredAt = SnapshotMerge.RegisteredAt(before, seen, now) };
                if (_contacts.Find(key) != contact)
                    Put(key, contact);
            }
            foreach (var endpoint in _devices.EndSnapshot(devices))
                _writes.TouchDevice(endpoint);
            if (!_hadSnapshot)
                _writes.TouchStored();
            (_eventsDuringSnapshot, _hadSnapshot) = (null, true);
            return again;
        }
    }

    /// <summary>Takes the differences; none until a first snapshot shows what is gone. Acknowledge or requeue them.</summary>
    public PendingChanges DequeueChanges()
    {
        lock (_lock)
        {
            if (!_hadSnapshot)
                return new PendingChanges([], [], []);
            _hasUrgentChanges = false;
            return _writes.Dequeue(_contacts, _devices.All, Shared);
        }
    }

    /// <summary>Notes that the changes are committed.</summary>
    public void Acknowledge(PendingChanges changes)
    {
        lock (_lock)
            _writes.Acknowledge(changes);
    }

    /// <summary>Makes the changes differences again, because they are not committed.</summary>
    public void Requeue(PendingChanges changes)
    {
        lock (_lock)
            _writes.Requeue(changes);
    }

    /// <summary>Returns the time in microseconds, as the database keeps it, so that a contact is equal when it is read back.</summary>
    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private Contact? Newest(ContactKey key) =>
        _eventsDuringSnapshot is not null && _eventsDuringSnapshot.TryGetValue(key, out var newer) ? newer : _contacts.Find(key);

    private void Put(ContactKey key, Contact? contact)
    {
        if (_eventsDuringSnapshot is not null)
            _eventsDuringSnapshot[key] = contact;
        if (contact is not null)
            _writes.UnmarkRemovedFromAllNodes(key);
        _contacts.Set(key, contact);
        _writes.Touch(key);
        _hasUrgentChanges |= contact is null || !_writes.IsRefresh(contact, _writes.Stored(key), _contacts.CountOf(key.Endpoint));
    }
}
