using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Takes snapshots of one Asterisk during a session: at its start, every <c>Asterisk:SnapshotInterval</c>, before a contact expires, and
/// when an event leaves something open.
/// </summary>
internal sealed partial class SnapshotLoop(
    NodeSettings node, AsteriskSettings settings, ContactTable contactTable, ContactTracker tracker, EndpointAnnouncer announcer,
    NodeState state, NodeMetrics metrics, TimeProvider time, ILogger<SnapshotLoop> logger)
{
    /// <summary>The shortest pause between two snapshots.</summary>
    private static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a session is new. An Asterisk that has just booted learns its phones one after the other.</summary>
    private static readonly TimeSpan NewSession = TimeSpan.FromSeconds(10);

    /// <summary>The interval of snapshots while the session is new, or while the last snapshot could not be used.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromSeconds(2);

    /// <summary>The interval of snapshots while the device state of a registered phone seems wrong.</summary>
    private static readonly TimeSpan UndecidedLampInterval = TimeSpan.FromSeconds(15);

    /// <summary>How long before the expiry of a contact a snapshot is taken.</summary>
    private static readonly TimeSpan ExpiryMargin = TimeSpan.FromSeconds(3);

    private long _sessionBegan;
    private bool _hasUndecidedLamps;

    /// <summary>Takes snapshots until cancelled, or until the connection ends.</summary>
    /// <exception cref="Ami.AmiException">The connection ended.</exception>
    public async Task RunAsync(SnapshotReader reader, FixedContacts fixedContacts, HealthPart health, CancellationToken cancellation)
    {
        _sessionBegan = time.GetTimestamp();
        while (true)
        {
            await state.SnapshotWanted.WaitAsync(UntilNext(), time, cancellation);
            fixedContacts.Addresses = await contactTable.FixedContactsAsync(cancellation) ?? fixedContacts.Addresses;
            var began = time.GetTimestamp();
            await TakeAsync(reader, fixedContacts, health, cancellation);
            // Snapshots take at most a fifth of the time, and requests that come during the pause are served by one snapshot.
            var pause = time.GetElapsedTime(began) * 4;
            pause = pause > MinPause ? pause : MinPause;
            health.Report(state.Problem, pause + UntilNext());
            await Task.Delay(pause, time, cancellation);
        }
    }

    private async Task TakeAsync(SnapshotReader reader, FixedContacts fixedContacts, HealthPart health, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        try
        {
            if (await reader.ReadAsync(tracker, fixedContacts, contactTable.IsEmptyAsync, health.Progress, cancellation))
                state.SnapshotWanted.Set();
            metrics.Snapshot(time.GetElapsedTime(began));
            _hasUndecidedLamps = announcer.OnSnapshot(tracker.Count, tracker.RegisteredButUnavailable());
            state.Status = state.Status with { SnapshotProblem = null };
            state.ContactsChanged.Set();
            MemoryTrimmer.TrimAfter(tracker.Count);
        }
        catch (AsteriskRefusalException error)
        {
            if (state.Status.SnapshotProblem is null)
                Log.Degraded(logger, node.Name, error.Message);
            state.Status = state.Status with { SnapshotProblem = error.Message };
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            state.SnapshotWanted.Set();
        }
    }

    private TimeSpan UntilNext()
    {
        if (state.Status.SnapshotProblem is not null || time.GetElapsedTime(_sessionBegan) < NewSession)
            return ShortInterval;
        var longest = _hasUndecidedLamps && settings.SnapshotInterval > UndecidedLampInterval
            ? UndecidedLampInterval
            : settings.SnapshotInterval;
        // The refresh of a qualified phone causes no event. Only a snapshot shows it, so it is taken before the contact seems to expire.
        var soon = time.GetUtcNow() + ExpiryMargin;
        return tracker.NextExpiry(soon) is { } expiry && expiry - soon < longest ? expiry - soon : longest;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.NodeDegraded, LogLevel.Warning, "Asterisk {Node} is degraded: {Reason}")]
        public static partial void Degraded(ILogger logger, string node, string reason);
    }
}
