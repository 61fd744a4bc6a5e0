namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>The device states of one node, by endpoint, in Asterisk's words (NOT_INUSE, UNAVAILABLE, …). Not thread-safe.</summary>
/// <param name="maxCount">Upper bound on endpoints with a state from an event.</param>
internal sealed class DeviceStates(int maxCount)
{
    private const string Unavailable = "UNAVAILABLE";

    private readonly Dictionary<string, string> _states = new(StringComparer.Ordinal);

    /// <summary>The states by the events since the current snapshot was requested; null while none is in progress.</summary>
    private Dictionary<string, string>? _duringSnapshot;

    /// <summary>All states; a live view.</summary>
    public IReadOnlyDictionary<string, string> All => _states;

    /// <summary>Whether an endpoint has no state, or that of an endpoint without a reachable contact.</summary>
    public bool IsUnavailable(string endpoint) => _states.GetValueOrDefault(endpoint, Unavailable) is Unavailable or "INVALID";

    /// <summary>Adds states that the database holds, of endpoints that have none here.</summary>
    public void AddStored(IReadOnlyDictionary<string, string> stored)
    {
        foreach (var (endpoint, state) in stored)
            _states.TryAdd(endpoint, state);
    }

    /// <summary>Sets the state that an event gives.</summary>
    /// <returns>False when the state is discarded, because the bound is reached.</returns>
    public bool OnEvent(string endpoint, string state)
    {
        if (_states.Count >= maxCount && !_states.ContainsKey(endpoint))
            return false;
        if (_duringSnapshot is not null)
            _duringSnapshot[endpoint] = state;
        _states[endpoint] = state;
        return true;
    }

    /// <summary>Notes that a snapshot is requested. Events that arrive from here on are newer than the snapshot.</summary>
    public void BeginSnapshot() => _duringSnapshot = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Discards the snapshot in progress.</summary>
    public void AbandonSnapshot() => _duringSnapshot = null;

    /// <summary>
    /// Sets the states of a complete snapshot, and over them those of the events during it. An endpoint that has no state in either becomes
    /// unavailable: Asterisk forgets all states when it restarts, and does not report that it has none.
    /// </summary>
    /// <returns>The endpoints whose state changed.</returns>
    public IReadOnlyCollection<string> EndSnapshot(IReadOnlyDictionary<string, string> snapshot)
    {
        var current = new Dictionary<string, string>(snapshot, StringComparer.Ordinal);
        foreach (var (endpoint, state) in _duringSnapshot ?? [])
            current[endpoint] = state;
        foreach (var endpoint in _states.Keys)
            current.TryAdd(endpoint, Unavailable);
        var changed = current.Where(device => _states.GetValueOrDefault(device.Key) != device.Value).Select(device => device.Key).ToList();
        foreach (var endpoint in changed)
            _states[endpoint] = current[endpoint];
        _duringSnapshot = null;
        return changed;
    }
}
