namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Finds lamps that are wrong: endpoints that are registered while Asterisk shows them unavailable. An AOR that came onto Asterisk's list
/// while its endpoint was not among those read has no device state, and only a reload of PJSIP gives it one. Thread-safe.
/// </summary>
internal sealed class LampWatch(TimeProvider time)
{
    /// <summary>A lamp that moves right now is wrong for a moment. After a boot with ten thousand phones their device states follow for a quarter of a minute.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Dictionary<string, long> _suspects = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reloadedFor = new(StringComparer.Ordinal);

    /// <summary>Whether another look should follow soon: some are wrong, and not for long enough to be judged.</summary>
    public bool IsUndecided
    {
        get
        {
            lock (_lock)
                return _suspects.Values.Any(since => time.GetElapsedTime(since) < Settling);
        }
    }

    /// <summary>Those that have been suspects for long enough to be judged.</summary>
    public string[] Doubtful
    {
        get
        {
            lock (_lock)
                return [.. _suspects.Where(suspect => time.GetElapsedTime(suspect.Value) >= Settling).Select(suspect => suspect.Key)];
        }
    }

    /// <summary>A snapshot shows these as registered and unavailable, and no others.</summary>
    /// <returns>Whether any of them is to be judged now.</returns>
    public bool Look(IReadOnlyCollection<string> suspects)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _reloadedFor.IntersectWith(suspects);
            _suspects = suspects.Where(suspect => !_reloadedFor.Contains(suspect))
                .ToDictionary(suspect => suspect, suspect => _suspects.GetValueOrDefault(suspect, now), StringComparer.Ordinal);
        }
        return Doubtful.Length > 0;
    }

    /// <summary>These are wrong indeed. What a reload does not mend is not tried again until it was right in between.</summary>
    /// <returns>How many a reload may mend.</returns>
    public int Judge(IReadOnlyCollection<string> dark)
    {
        lock (_lock)
        {
            _suspects.Clear();
            return dark.Count(_reloadedFor.Add);
        }
    }

    /// <summary>Nothing is known: another process of Asterisk.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _suspects.Clear();
            _reloadedFor.Clear();
        }
    }
}
