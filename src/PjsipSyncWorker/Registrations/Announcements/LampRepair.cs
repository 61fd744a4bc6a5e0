using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Requires a reload of PJSIP when one Asterisk shows registered phones as unavailable wrongly, because only a reload links their device
/// states again.
/// </summary>
internal sealed partial class LampRepair(
    NodeSettings node, AnnouncementLedger ledger, PjsipReload reload, TimeProvider time, ILogger<LampRepair> logger)
{
    /// <summary>The share of registered phones below which wrong device states are few.</summary>
    private const double Few = 0.05;

    /// <summary>Time between two long reloads for a few device states, as a multiple of the time of one reload.</summary>
    private const int RareReload = 100;

    /// <summary>The endpoints that snapshots show as registered and unavailable. Thread-safe.</summary>
    public LampWatch Watch { get; } = new(time);

    /// <summary>Judges the suspects that are due, and requires a reload if it is needed and worth its cost.</summary>
    /// <param name="endpoints">The number of endpoints that Asterisk reads when it reads all.</param>
    /// <param name="contacts">The number of registered phones.</param>
    public async Task JudgeAsync(AnnouncementCost cost, long endpoints, int contacts, CancellationToken cancellation)
    {
        if (Watch.Due is not { Length: > 0 } due)
            return;
        // A few wrong states are not worth a long reload, unless the last reload was very long ago.
        if (cost.IsReloadLong(endpoints, contacts) && due.Length < contacts * Few
            && reload.SinceLast < cost.Reload(endpoints, contacts) * RareReload)
            return;
        var wrong = Watch.Confirm(await ledger.WronglyUnavailableAsync(due, cancellation));
        if (wrong == 0)
            return;
        if (!reload.IsRequired)
            Log.LampsAreWrong(logger, node.Name, wrong, Plural.S(wrong));
        reload.Require();
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.DeviceStatesWrong, LogLevel.Warning,
            "Asterisk {Node} shows {Count} registered phone{S} as unavailable: "
            + "PJSIP is reloaded, so that it links the device states again")]
        public static partial void LampsAreWrong(ILogger logger, string node, int count, string s);
    }
}
