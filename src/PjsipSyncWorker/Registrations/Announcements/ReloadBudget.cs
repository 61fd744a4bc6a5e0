namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Bounds the share of time in which Asterisk reloads PJSIP for us: an application that adds one extension each second must not make it reload each second.</summary>
internal sealed class ReloadBudget(TimeProvider time)
{
    /// <summary>Time between two reloads, as a multiple of what the last one took.</summary>
    private const int Rest = 10;

    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(10);

    private long? _next;
    private long _last = time.GetTimestamp();

    /// <summary>Time since the last reload, or since this budget began.</summary>
    public TimeSpan SinceLast => time.GetElapsedTime(_last);

    /// <summary>Time until the next reload may begin; zero when it may now.</summary>
    public TimeSpan Wait => _next is { } next && time.GetElapsedTime(time.GetTimestamp(), next) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>A reload is over.</summary>
    public void Spend(TimeSpan took)
    {
        var rest = took * Rest > ShortestRest ? took * Rest : ShortestRest;
        _last = time.GetTimestamp();
        _next = _last + (long)(rest.TotalSeconds * time.TimestampFrequency);
    }
}
