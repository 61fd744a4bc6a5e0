using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Reloads PJSIP of one Asterisk, and tells the event of such a reload from that of somebody else's. Not thread-safe, except
/// <see cref="IsOwnEvent"/>.
/// </summary>
internal sealed partial class PjsipReload(
    NodeSettings node, AnnouncementLedger ledger, AnnouncementMetrics metrics, TimeProvider time, ILogger<PjsipReload> logger)
{
    /// <summary>How much later than its answer the event of an own reload may come.</summary>
    private static readonly TimeSpan EventDelay = TimeSpan.FromSeconds(5);

    private readonly ReloadBudget _budget = new(time);

    /// <summary>Until when the next Reload event is that of an own reload, as a timestamp; 0 when none is expected.</summary>
    private long _ownEventUntil;

    /// <summary>Whether a reload must follow, whatever it costs: some phones are shown as unavailable wrongly.</summary>
    public bool IsRequired { get; private set; }

    /// <summary>Time until the next reload may begin; zero when it may begin now.</summary>
    public TimeSpan Wait => _budget.Wait;

    /// <summary>Time since the last reload, or since this object was made.</summary>
    public TimeSpan SinceLast => _budget.SinceLast;

    /// <summary>Requires a reload.</summary>
    public void Require() => IsRequired = true;

    /// <summary>
    /// Whether a Reload event that arrives now is that of an own reload. An own reload has one event, so the next one is foreign.
    /// Thread-safe.
    /// </summary>
    public bool IsOwnEvent() => Interlocked.Exchange(ref _ownEventUntil, 0) > time.GetTimestamp();

    /// <summary>Reloads PJSIP. New registrations wait meanwhile.</summary>
    /// <param name="endpoints">The number of endpoints that Asterisk reads.</param>
    /// <param name="contacts">The number of registered phones.</param>
    /// <param name="waiting">The number of extensions that wait to be announced.</param>
    /// <returns>When the reload began, on the database's clock; null when Asterisk did not reload.</returns>
    public async Task<DateTime?> RunAsync(
        AnnouncementSession session, QualifyList asterisk, long endpoints, int contacts, int waiting, CancellationToken cancellation)
    {
        await ledger.CloseWindowAsync(cancellation);
        var begun = await ledger.NowAsync(cancellation);
        Interlocked.Exchange(ref _ownEventUntil, long.MaxValue);
        var watch = time.GetTimestamp();
        var failure = await asterisk.ReloadAsync(cancellation);
        var took = time.GetElapsedTime(watch);
        _budget.Spend(took);
        if (failure is not null)
        {
            Interlocked.Exchange(ref _ownEventUntil, 0);
            Log.ReloadFailed(logger, node.Name, UntrustedText.Escape(failure));
            return null;
        }
        var until = time.GetTimestamp() + (long)(EventDelay.TotalSeconds * time.TimestampFrequency);
        Interlocked.CompareExchange(ref _ownEventUntil, until, long.MaxValue);
        IsRequired = false;
        session.Cost.ReloadTook(took, endpoints, contacts);
        metrics.Reloaded(took);
        Log.Reloaded(logger, node.Name, waiting, Plural.S(waiting), took.TotalSeconds);
        return begun;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.PjsipReloaded, LogLevel.Information,
            "Reloaded PJSIP of Asterisk {Node} in {Seconds:0.0} s; {Count} extension{S} waited to be announced")]
        public static partial void Reloaded(ILogger logger, string node, int count, string s, double seconds);

        [LoggerMessage(EventIds.PjsipReloadFailed, LogLevel.Warning,
            "Asterisk {Node} did not reload PJSIP, the next attempt follows: {Reason}")]
        public static partial void ReloadFailed(ILogger logger, string node, string reason);
    }
}
