namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Estimates what announcements one by one, and one reload of PJSIP, cost one Asterisk. Both block the queue in which Asterisk also handles
/// new registrations, so the cheaper way is taken, and a long reload only when single commands are about as long. The estimates start with
/// figures measured on Asterisk 22 (docs/operate/performance.md) and follow the times of this Asterisk. Not thread-safe.
/// </summary>
/// <param name="readsThroughView">
/// Whether this server reads endpoints through <c>ps_endpoints_for_server</c>, so that one announcement does not make it read all
/// endpoints.
/// </param>
internal sealed class AnnouncementCost(bool readsThroughView)
{
    /// <summary>The weight of the newest measurement in the moving average.</summary>
    private const double NewestWeight = 0.1;

    /// <summary>How many times cheaper a reload must seem, because a reload sometimes takes much longer than estimated.</summary>
    private const int GainFactor = 4;

    /// <summary>The time that a reload must save at least, because it touches every phone.</summary>
    private static readonly TimeSpan MinGain = TimeSpan.FromSeconds(2);

    /// <summary>The longest time for which a reload may delay new registrations, unless single commands take about as long.</summary>
    private static readonly TimeSpan LongestReload = TimeSpan.FromSeconds(5);

    /// <summary>What each endpoint adds to a reload.</summary>
    private static readonly TimeSpan ReloadOfEndpoint = TimeSpan.FromMilliseconds(0.5);

    /// <summary>What each registered phone adds to a reload.</summary>
    private static readonly TimeSpan ReloadOfContact = TimeSpan.FromMilliseconds(1.5);

    /// <summary>The time of one announcement without the endpoints that it reads.</summary>
    private static readonly TimeSpan BaseCommand = TimeSpan.FromMilliseconds(4);

    /// <summary>What each endpoint that Asterisk reads adds to one announcement.</summary>
    private static readonly TimeSpan ReadOfEndpoint = TimeSpan.FromMilliseconds(0.2);

    /// <summary>
    /// The number of endpoints in a window when commands are quick. Each window is one write to the database, and each command reads the
    /// whole window.
    /// </summary>
    private const int WideWindow = 8;

    /// <summary>A command that takes longer spends its time on the endpoints that it reads, so it should read only one.</summary>
    private static readonly TimeSpan QuickCommand = TimeSpan.FromMilliseconds(5);

    private TimeSpan? _single;
    private double _reloadFactor = 1;

    /// <summary>Returns the estimated time of one announcement.</summary>
    /// <param name="endpoints">The number of endpoints that this Asterisk reads when it reads all.</param>
    public TimeSpan Single(long endpoints) => _single ?? (readsThroughView ? BaseCommand : BaseCommand + endpoints * ReadOfEndpoint);

    /// <summary>The best number of endpoints in one window.</summary>
    public int WindowSize => _single > QuickCommand ? 1 : WideWindow;

    /// <summary>Returns the estimated time of a reload of PJSIP.</summary>
    /// <param name="contacts">The number of registered phones.</param>
    public TimeSpan Reload(long endpoints, int contacts) =>
        (endpoints * ReloadOfEndpoint + contacts * ReloadOfContact) * _reloadFactor;

    /// <summary>Whether a reload would delay new registrations for long.</summary>
    public bool IsReloadLong(long endpoints, int contacts) => Reload(endpoints, contacts) > LongestReload;

    /// <summary>Takes the time of one announcement into the average.</summary>
    public void SingleTook(TimeSpan time, long endpoints) => _single = Average(Single(endpoints), time);

    /// <summary>Scales the estimate of a reload to the time that one took.</summary>
    public void ReloadTook(TimeSpan time, long endpoints, int contacts) =>
        _reloadFactor = Math.Max(time / (Math.Max(endpoints, 1) * ReloadOfEndpoint + contacts * ReloadOfContact), 0.1);

    /// <summary>Whether one reload is clearly cheaper than single announcements.</summary>
    /// <param name="waiting">The number of endpoints that wait to be announced.</param>
    public bool IsReloadCheaper(int waiting, long endpoints, int contacts)
    {
        var (single, reload) = (Single(endpoints), Reload(endpoints, contacts));
        return single * waiting > reload * GainFactor && single * waiting - reload > MinGain
            && (reload <= LongestReload || reload <= single * GainFactor);
    }

    private static TimeSpan Average(TimeSpan before, TimeSpan now) => before + (now - before) * NewestWeight;
}
