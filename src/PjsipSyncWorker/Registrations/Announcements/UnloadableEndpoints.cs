using System.Globalization;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// The endpoints that one Asterisk cannot load while it can load others. Each has its own growing retry interval, so none delays another.
/// Not thread-safe, except <see cref="Note"/>.
/// </summary>
internal sealed class UnloadableEndpoints(TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (int Attempts, long Due)> _endpoints = new(StringComparer.Ordinal);
    private volatile string? _note;

    /// <summary>The number of endpoints and some of their ids, in words; null when there are none. Thread-safe.</summary>
    public string? Note => _note;

    /// <summary>Time until the next endpoint is due, zero when one is due now; null when there are none.</summary>
    public TimeSpan? NextRetry =>
        _endpoints.Count == 0 ? null : TimeSpan.FromTicks(Math.Max(0, _endpoints.Values.Min(endpoint => Until(endpoint.Due)).Ticks));

    /// <summary>The endpoints that are due to be tried again.</summary>
    public List<string> Due =>
        [.. _endpoints.Where(endpoint => Until(endpoint.Value.Due) <= TimeSpan.Zero).Select(endpoint => endpoint.Key)];

    /// <summary>Whether an endpoint is here.</summary>
    public bool Contains(string id) => _endpoints.ContainsKey(id);

    /// <summary>Replaces all endpoints by those that could not be loaded in earlier sessions. Each is due at once.</summary>
    public void Load(IEnumerable<string> ids)
    {
        _endpoints.Clear();
        foreach (var id in ids)
            _endpoints[id] = (1, time.GetTimestamp());
        Describe();
    }

    /// <summary>Notes that an endpoint could not be loaded. Each time doubles its retry interval.</summary>
    public void Add(string id)
    {
        var attempts = _endpoints.GetValueOrDefault(id).Attempts;
        var wait = TimeSpan.FromTicks(Math.Min(MaxRetry.Ticks, FirstRetry.Ticks << Math.Min(attempts, 10)));
        _endpoints[id] = (attempts + 1, time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency));
        Describe();
    }

    /// <summary>Removes an endpoint that was loaded or deleted.</summary>
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
            $"Asterisk cannot load {string.Join(", ", some)}{More(_endpoints.Count - some.Count)} (pjsip_sync.unloadable)");

        static string More(int count) => count > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {count} more") : "";
    }
}
