using System.Globalization;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Metrics of the announcements to one Asterisk: how many endpoints wait, for how long, and what announcing costs. Thread-safe.
/// </summary>
internal sealed class AnnouncementMetrics(RegistrationMetrics metrics, KeyValuePair<string, object?> node, TimeProvider time)
{
    /// <summary>
    /// The age after which waiting endpoints are a problem: a phone that registers before its announcement causes no events.
    /// </summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private int _waiting;
    private long _since;

    /// <summary>The number of extensions that wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>Time since extensions have been waiting without a pause; zero when none waits.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (_lock)
                return _waiting == 0 ? TimeSpan.Zero : time.GetElapsedTime(_since);
        }
    }

    /// <summary>The number and age of the waiting extensions, in words; null unless they wait for too long.</summary>
    public string? Problem => Age > MaxAge ? Note : null;

    /// <summary>The number and age of the waiting extensions, in words; null when none waits.</summary>
    public string? Note => Count is > 0 and var count
        ? string.Create(CultureInfo.InvariantCulture,
            $"{count} {(count == 1 ? "extension waits" : "extensions wait")} to be announced, {Age.TotalSeconds:0} s at most")
        : null;

    /// <summary>Sets the number of extensions that wait.</summary>
    public void SetWaiting(int count)
    {
        lock (_lock)
        {
            if (_waiting == 0 && count > 0)
                _since = time.GetTimestamp();
            _waiting = count;
        }
    }

    /// <summary>Records how long one announcement took.</summary>
    public void Announced(TimeSpan took) => metrics.Announcements.Record(took.TotalSeconds, node);

    /// <summary>Records how long a reload of PJSIP took.</summary>
    public void Reloaded(TimeSpan took) => metrics.Reloads.Record(took.TotalSeconds, node);
}
