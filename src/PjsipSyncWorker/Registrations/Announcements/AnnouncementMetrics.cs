using System.Globalization;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>What waits to be announced to one Asterisk, and what announcing costs. Thread-safe.</summary>
internal sealed class AnnouncementMetrics(RegistrationMetrics metrics, KeyValuePair<string, object?> node, TimeProvider time)
{
    /// <summary>A phone that registers before it is announced has no events; a person should know when that lasts.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private int _waiting;
    private long _since;

    /// <summary>Extensions that wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>How long there have been any, without a pause; zero when none waits.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (_lock)
                return _waiting == 0 ? TimeSpan.Zero : time.GetElapsedTime(_since);
        }
    }

    /// <summary>What a person should know; null when nothing waits for long.</summary>
    public string? Problem => Age > Long ? Note : null;

    /// <summary>In words; null when nothing waits.</summary>
    public string? Note => Count is > 0 and var count
        ? string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "extension waits" : "extensions wait")} to be announced, {Age.TotalSeconds:0} s at most")
        : null;

    public void Waiting(int count)
    {
        lock (_lock)
        {
            if (_waiting == 0 && count > 0)
                _since = time.GetTimestamp();
            _waiting = count;
        }
    }

    public void Announced(TimeSpan took) => metrics.Announcements.Record(took.TotalSeconds, node);

    public void Reloaded(TimeSpan took) => metrics.Reloads.Record(took.TotalSeconds, node);
}
