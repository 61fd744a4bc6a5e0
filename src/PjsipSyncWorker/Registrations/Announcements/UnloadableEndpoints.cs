using System.Globalization;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Endpoints that one Asterisk cannot load while it can load others. Each is tried again by itself, at growing intervals, and none keeps others waiting. Not thread-safe.</summary>
internal sealed class UnloadableEndpoints(TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SlowestRetry = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (int Attempts, long Due)> _endpoints = new(StringComparer.Ordinal);
    private volatile string? _note;

    /// <summary>How many there are, and some of them, in words; null when there are none. May be read by any thread.</summary>
    public string? Note => _note;

    /// <summary>Time until the next one is due; null when there are none.</summary>
    public TimeSpan? NextRetry => _endpoints.Count == 0 ? null : TimeSpan.FromTicks(Math.Max(0, _endpoints.Values.Min(endpoint => Until(endpoint.Due)).Ticks));

    /// <summary>Those whose turn it is.</summary>
    public List<string> Due => [.. _endpoints.Where(endpoint => Until(endpoint.Value.Due) <= TimeSpan.Zero).Select(endpoint => endpoint.Key)];

    public bool Contains(string id) => _endpoints.ContainsKey(id);

    /// <summary>These could not be loaded before this session; each is due at once.</summary>
    public void Load(IEnumerable<string> ids)
    {
        _endpoints.Clear();
        foreach (var id in ids)
            _endpoints[id] = (1, time.GetTimestamp());
        Describe();
    }

    /// <summary>It could not be loaded (again).</summary>
    public void Add(string id)
    {
        var attempts = _endpoints.GetValueOrDefault(id).Attempts;
        var wait = TimeSpan.FromTicks(Math.Min(SlowestRetry.Ticks, FirstRetry.Ticks << Math.Min(attempts, 10)));
        _endpoints[id] = (attempts + 1, time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency));
        Describe();
    }

    /// <summary>It was loaded, changed, or is gone.</summary>
    /// <returns>Whether it was here.</returns>
    public bool Remove(string id)
    {
        if (!_endpoints.Remove(id))
            return false;
        Describe();
        return true;
    }

    private TimeSpan Until(long due) => time.GetElapsedTime(time.GetTimestamp(), due);

    private void Describe()
    {
        var some = _endpoints.Keys.Order(StringComparer.Ordinal).Take(3).ToList();
        _note = some.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture,
            $"Asterisk cannot load {string.Join(", ", some)}{(_endpoints.Count > some.Count ? $" and {_endpoints.Count - some.Count} more" : "")} (pjsip_sync.unloadable)");
    }
}
