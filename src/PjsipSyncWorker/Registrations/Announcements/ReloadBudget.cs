namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Bounds the share of time that one Asterisk spends on reloads for this worker, so that an application that adds an extension each second
/// does not cause a reload each second. Not thread-safe.
/// </summary>
internal sealed class ReloadBudget(TimeProvider time)
{
    /// <summary>The pause after a reload, as a multiple of the time that the reload took.</summary>
    private const int PauseFactor = 10;

    private static readonly TimeSpan MinPause = TimeSpan.FromSeconds(10);

    private long? _next;
    private long _last = time.GetTimestamp();

    /// <summary>Time since the last reload, or since this object was made.</summary>
    public TimeSpan SinceLast => time.GetElapsedTime(_last);

    /// <summary>Time until the next reload may begin; zero when it may begin now.</summary>
    public TimeSpan Wait =>
        _next is { } next && time.GetElapsedTime(time.GetTimestamp(), next) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>Notes a reload that has just ended.</summary>
    public void Spend(TimeSpan took)
    {
        var pause = took * PauseFactor > MinPause ? took * PauseFactor : MinPause;
        _last = time.GetTimestamp();
        _next = _last + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }
}
