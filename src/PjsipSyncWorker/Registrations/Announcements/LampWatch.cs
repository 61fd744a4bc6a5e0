namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Finds wrong lamps (device states): endpoints that are registered while Asterisk shows them as unavailable. An AOR that came onto
/// Asterisk's list while its endpoint was not shown to Asterisk has no device state, and only a reload of PJSIP gives it one. Thread-safe.
/// </summary>
internal sealed class LampWatch(TimeProvider time)
{
    /// <summary>
    /// How long an endpoint must be a suspect before it is judged. A state that is just changing is wrong for a moment, and after a boot
    /// with ten thousand phones the device states follow within 15 seconds.
    /// </summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();

    /// <summary>The suspects, each with the timestamp of its first snapshot.</summary>
    private Dictionary<string, long> _suspects = new(StringComparer.Ordinal);

    /// <summary>Endpoints for which a reload was required and that have not been right since.</summary>
    private readonly HashSet<string> _reloadedFor = new(StringComparer.Ordinal);

    /// <summary>Whether another snapshot should follow soon, because a suspect is too new to be judged.</summary>
    public bool IsUndecided
    {
        get
        {
            lock (_lock)
                return _suspects.Values.Any(since => time.GetElapsedTime(since) < SettlingTime);
        }
    }

    /// <summary>The suspects that are due to be judged.</summary>
    public string[] Due
    {
        get
        {
            lock (_lock)
                return [.. _suspects.Where(suspect => time.GetElapsedTime(suspect.Value) >= SettlingTime).Select(suspect => suspect.Key)];
        }
    }

    /// <summary>Replaces the suspects by the endpoints that a snapshot shows as registered and unavailable.</summary>
    /// <returns>Whether a suspect is due.</returns>
    public bool Update(IReadOnlyCollection<string> suspects)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _reloadedFor.IntersectWith(suspects);
            _suspects = suspects.Where(suspect => !_reloadedFor.Contains(suspect))
                .ToDictionary(suspect => suspect, suspect => _suspects.GetValueOrDefault(suspect, now), StringComparer.Ordinal);
        }
        return Due.Length > 0;
    }

    /// <summary>
    /// Confirms the suspects that are wrong, and clears the others. An endpoint that a reload did not repair is not counted again until it
    /// has been right.
    /// </summary>
    /// <returns>The number of endpoints that a reload may repair.</returns>
    public int Confirm(IReadOnlyCollection<string> wrong)
    {
        lock (_lock)
        {
            _suspects.Clear();
            return wrong.Count(_reloadedFor.Add);
        }
    }

    /// <summary>Forgets everything, because another process of Asterisk is running.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _suspects.Clear();
            _reloadedFor.Clear();
        }
    }
}
