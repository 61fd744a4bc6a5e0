namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Endpoints that one Asterisk cannot load while it can load others. Each is tried again by itself, at growing intervals, and none keeps others waiting. Not thread-safe.</summary>
internal sealed class UnreadableEndpoints(TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SlowestRetry = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (int Attempts, long Due)> _endpoints = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _endpoints.Count;

    /// <summary>What a person should know; null when there are none.</summary>
    public string? Problem { get; private set; }

    /// <summary>Time until the next one is due; null when there are none.</summary>
    public TimeSpan? NextRetry => _endpoints.Count == 0 ? null : TimeSpan.FromTicks(Math.Max(0, _endpoints.Values.Min(endpoint => Until(endpoint.Due)).Ticks));

    /// <summary>Those whose turn it is.</summary>
    public List<string> Due => [.. _endpoints.Where(endpoint => Until(endpoint.Value.Due) <= TimeSpan.Zero).Select(endpoint => endpoint.Key)];

    /// <summary>It could not be loaded (again).</summary>
    /// <returns>Whether it is new here.</returns>
    public bool Add(string id)
    {
        var attempts = _endpoints.GetValueOrDefault(id).Attempts;
        var wait = TimeSpan.FromTicks(Math.Min(SlowestRetry.Ticks, FirstRetry.Ticks << Math.Min(attempts, 10)));
        _endpoints[id] = (attempts + 1, time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency));
        Describe();
        return attempts == 0;
    }

    /// <summary>It was loaded, changed, or is gone.</summary>
    public void Remove(string id)
    {
        if (_endpoints.Remove(id))
            Describe();
    }

    public void Clear()
    {
        _endpoints.Clear();
        Describe();
    }

    private TimeSpan Until(long due) => time.GetElapsedTime(time.GetTimestamp(), due);

    private void Describe()
    {
        var some = _endpoints.Keys.Order(StringComparer.Ordinal).Take(3).ToList();
        Problem = some.Count == 0 ? null
            : $"Asterisk cannot load {string.Join(", ", some)}{(_endpoints.Count > some.Count ? $" and {_endpoints.Count - some.Count} more" : "")}: it takes no other extension along, and Asterisk's log says which option it refuses";
    }
}
