namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// What it costs one Asterisk to be told of endpoints one by one, and by a reload of PJSIP that reads all of them. Both block the queue
/// in which Asterisk also handles new registrations, so the cheaper way is taken, and a long reload only when single commands are as long.
/// Starts with figures measured on Asterisk 22 (docs/operate/performance.md) and follows what this Asterisk takes. Not thread-safe.
/// </summary>
/// <param name="isNarrow">Whether this server reads endpoints through ps_endpoints_for_server, so that a single announcement does not read all.</param>
internal sealed class AnnouncementCost(bool isNarrow)
{
    /// <summary>Weight of the newest measurement in a moving average.</summary>
    private const double Newest = 0.1;

    /// <summary>A reload takes so much longer than its estimate now and then that it must promise a clear gain.</summary>
    private const int ClearGain = 4;

    /// <summary>A reload touches every phone, so it must save as much as this.</summary>
    private static readonly TimeSpan LeastGain = TimeSpan.FromSeconds(2);

    /// <summary>The longest time for which a reload may keep new registrations waiting when single commands are shorter.</summary>
    private static readonly TimeSpan LongestReload = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReloadOfOne = TimeSpan.FromMilliseconds(0.5);

    /// <summary>What each registered phone adds to a reload.</summary>
    private static readonly TimeSpan ReloadOfContact = TimeSpan.FromMilliseconds(1.5);

    private static readonly TimeSpan NarrowCommand = TimeSpan.FromMilliseconds(4);

    private static readonly TimeSpan ReadOfOne = TimeSpan.FromMilliseconds(0.2);

    /// <summary>Endpoints that a server sees together when it reads all, where reading them is cheap: each window is one write to the database.</summary>
    private const int WideWindow = 8;

    /// <summary>A command that takes longer spends its time on the endpoints that it reads: finding one costs Asterisk more the more it has.</summary>
    private static readonly TimeSpan CheapCommand = TimeSpan.FromMilliseconds(5);

    private TimeSpan? _single;
    private double _reloadFactor = 1;

    /// <summary>Time that a command for one unknown AOR takes.</summary>
    /// <param name="endpoints">How many endpoints this Asterisk reads when it reads all.</param>
    public TimeSpan Single(long endpoints) => _single ?? (isNarrow ? NarrowCommand : NarrowCommand + endpoints * ReadOfOne);

    /// <summary>How many endpoints are best announced together. Each of their commands reads all of them.</summary>
    public int WindowSize => _single > CheapCommand ? 1 : WideWindow;

    /// <summary>Time that a reload of PJSIP takes.</summary>
    /// <param name="contacts">How many phones are registered.</param>
    public TimeSpan Reload(long endpoints, int contacts) => (endpoints * ReloadOfOne + contacts * ReloadOfContact) * _reloadFactor;

    /// <summary>Whether a reload keeps registrations waiting for so long that it must be worth it.</summary>
    public bool IsReloadLong(long endpoints, int contacts) => Reload(endpoints, contacts) > LongestReload;

    public void SingleTook(TimeSpan time, long endpoints) => _single = Average(Single(endpoints), time);

    public void ReloadTook(TimeSpan time, long endpoints, int contacts) =>
        _reloadFactor = Math.Max(time / (Math.Max(endpoints, 1) * ReloadOfOne + contacts * ReloadOfContact), 0.1);

    /// <summary>Whether one reload is clearly cheaper than so many commands.</summary>
    public bool IsReloadCheaper(int unknown, long endpoints, int contacts)
    {
        var (single, reload) = (Single(endpoints), Reload(endpoints, contacts));
        return single * unknown > reload * ClearGain && single * unknown - reload > LeastGain && (reload <= LongestReload || reload <= single * ClearGain);
    }

    private static TimeSpan Average(TimeSpan before, TimeSpan now) => before + (now - before) * Newest;
}
