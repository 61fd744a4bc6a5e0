namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>The device states of one node, by endpoint, in Asterisk's words (NOT_INUSE, UNAVAILABLE, …). Not thread-safe.</summary>
/// <param name="maxCount">Upper bound on endpoints with a state from an event.</param>
internal sealed class DeviceStates(int maxCount)
{
    private readonly Dictionary<string, string> _states = new(StringComparer.Ordinal);

    /// <summary>The states by the events since the current snapshot was requested; null while none is in progress.</summary>
    private Dictionary<string, string>? _duringSnapshot;

    /// <summary>All states; a live view.</summary>
    public IReadOnlyDictionary<string, string> All => _states;

    /// <summary>Whether an endpoint has no state, or that of an endpoint without a reachable contact.</summary>
    public bool IsUnavailable(string endpoint) => _states.GetValueOrDefault(endpoint, "UNAVAILABLE") is "UNAVAILABLE" or "INVALID";

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
    /// Sets the states of a snapshot, and over them those of the events during it. A state that the snapshot lacks is kept.
    /// </summary>
    public void EndSnapshot(IReadOnlyDictionary<string, string> snapshot)
    {
        foreach (var (endpoint, state) in snapshot)
            _states[endpoint] = state;
        foreach (var (endpoint, state) in _duringSnapshot ?? [])
            _states[endpoint] = state;
        _duringSnapshot = null;
    }
}
