using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Sync;

/// <summary>Loop 1: connects, compares everything once, then drains recorded changes at every wake, for ever.</summary>
internal sealed partial class SyncService(
    NpgsqlDataSource dataSource, WorkerSettings settings, SyncMetrics metrics, ListenMetrics listens, Health health, TimeProvider time, ILogger<SyncService> logger) : BackgroundService
{
    /// <summary>How long the listening connection may be silent before it is asked whether it lives.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two batches under load: a larger batch costs less for each change, and nobody sees the difference.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    /// <summary>How soon a change is found of which nobody told.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(50);

    private readonly AsyncAutoResetEvent _wake = new(runContinuationsInline: true);
    private readonly HashSet<string> _leftOutOfSource = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leftOutOfTarget = new(StringComparer.Ordinal);
    private readonly HealthPart _health = health.Begin("sync");
    private readonly LockWatch _locks = new(dataSource, time);
    private string? _fingerprint;

    /// <summary>
    /// A connection that died in silence looks like one on which very much is taken, and is given up soon. When that was the
    /// wrong guess the next one is waited for, until everything is caught up.
    /// </summary>
    private bool _patient;

    /// <summary>What was said last of removals that are held back, or null.</summary>
    private string? _saidHeldBack;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pipeline = Reconnect.Pipeline("sync", time, _health, (error, _) =>
        {
            // One connection that died in silence is seldom alone.
            dataSource.Clear();
            Log.Interrupted(logger, DatabaseErrors.Describe(error));
        });
        await pipeline.ExecuteAsync(async cancellation => await SessionAsync(cancellation), stoppingToken);
    }

    /// <summary>One life of the connections: ends with an exception, and the pipeline starts the next.</summary>
    private async Task SessionAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        // Claimed once: a worker that merely comes back is not the last one started.
        if (_fingerprint is null)
            _fingerprint = await Installation.ActivateAsync(connection, settings, cancellation);
        else
            await Installation.CheckAsync(connection, settings, cancellation);
        await using var listener = await ChannelListener.OpenAsync(dataSource, Channels.Change, Silence, cancellation);
        listens.Opened(Channels.Change);
        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var listening = listener.RunAsync(_wake.Set, session.Token);
        var syncing = SyncAsync(connection, _fingerprint, session.Token);
        var ended = await Task.WhenAny(listening, syncing);
        await session.CancelAsync();
        await Task.WhenAll(listening, syncing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _patient |= ended == syncing && syncing.Exception?.InnerException is NpgsqlException { InnerException: TimeoutException };
        await ended;
    }

    private async Task SyncAsync(NpgsqlConnection connection, string fingerprint, CancellationToken cancellation)
    {
        RealtimeSchema? catalogue = null;
        Synchronizer synchronizer = null!;
        await using var bell = new IdleLock(connection, Pace);
        for (var first = true; ; first = false)
        {
            SayLeftOut(await Installation.AdaptAsync(connection, settings.Source, cancellation), _leftOutOfSource);
            var found = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
            if (catalogue is null || !found.SameAs(catalogue))
            {
                catalogue = found;
                synchronizer = await CreateAsync(connection, catalogue, fingerprint, cancellation);
            }
            await DrainAsync(synchronizer, connection, bell, PauseBefore(settings.Sync.ReconcileInterval), cancellation);
            await ReconcileAsync(synchronizer, connection, first, cancellation);
            var reconciled = time.GetTimestamp();
            var tidied = reconciled;
            // Somebody may have put right why removals are held back: that is looked at sooner.
            while ((synchronizer.HeldBack is null ? settings.Sync.ReconcileInterval : PauseBefore(settings.Sync.ReconcileInterval)) - time.GetElapsedTime(reconciled) is var rest && rest > TimeSpan.Zero)
            {
                var pause = PauseBefore(rest);
                var soon = await DrainAsync(synchronizer, connection, bell, pause, cancellation);
                if (time.GetElapsedTime(tidied) >= settings.Sync.PollInterval)
                {
                    await TidyAsync(connection, catalogue, fingerprint, cancellation);
                    tidied = time.GetTimestamp();
                }
                _health.Report(synchronizer.HeldBack, pause);
                if (soon is null)
                    await SleepAsync(synchronizer, connection, pause, cancellation);
                else if (soon > TimeSpan.Zero)
                    await Task.Delay(soon.Value < pause ? soon.Value : pause, time, cancellation);
            }
        }
    }

    /// <summary>Until somebody rings, or a change is there all the same: of a worker that died awake, of a transaction that may not notify.</summary>
    private async Task SleepAsync(Synchronizer synchronizer, NpgsqlConnection connection, TimeSpan longest, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        while (longest - time.GetElapsedTime(begun) is var rest && rest > TimeSpan.Zero)
        {
            if (await _wake.WaitAsync(rest < Glance ? rest : Glance, time, cancellation))
                return;
            if (!await synchronizer.IsWaitingAsync(connection, cancellation))
                continue;
            // Its notification may be on its way.
            if (!await _wake.WaitAsync(Grace, time, cancellation))
                Log.Untold(logger);
            return;
        }
    }

    private TimeSpan PauseBefore(TimeSpan reconcile) => reconcile < settings.Sync.PollInterval ? reconcile : settings.Sync.PollInterval;

    private async Task<Synchronizer> CreateAsync(NpgsqlConnection connection, RealtimeSchema catalogue, string fingerprint, CancellationToken cancellation)
    {
        var mapper = new Mapper(catalogue, settings.Realtime);
        SayLeftOut(mapper.LeftOut, _leftOutOfTarget);
        var synchronizer = await Synchronizer.CreateAsync(connection, catalogue, mapper, settings.Sync, fingerprint, metrics, cancellation);
        synchronizer.OnBatch = SayApplied;
        return synchronizer;
    }

    /// <summary>A line for the batch, and for whoever follows a single number one for each of its endpoints.</summary>
    private void SayApplied(Plan plan, long changes, TimeSpan took)
    {
        Log.Applied(logger, changes, (long)took.TotalMilliseconds, plan.Count(ChangeKind.Create), plan.Count(ChangeKind.Update),
            plan.Count(ChangeKind.Delete) + plan.Count(ChangeKind.Release), plan.Rejections.Count);
        if (!logger.IsEnabled(LogLevel.Debug))
            return;
        foreach (var change in plan.Changes)
            Log.Changed(logger, change.Kind, UntrustedText.Escape(change.Id));
        foreach (var rejection in plan.Rejections)
            Log.Rejected(logger, UntrustedText.Escape(rejection.Id), UntrustedText.Escape(rejection.Reason));
    }

    private static async Task TidyAsync(NpgsqlConnection connection, RealtimeSchema catalogue, string fingerprint, CancellationToken cancellation)
    {
        try
        {
            // A row that a person made may have a value in a column that nobody used before.
            await ColumnSetTable.RefreshViewAsync(connection, cancellation);
            await Tombstones.PurgeAsync(connection, catalogue, fingerprint, cancellation);
        }
        catch (Exception error) when (error is ConfigurationSupersededException or PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
        {
            // The next poll does it.
        }
    }

    /// <summary>Says once what the worker does without, and says it again when that changes.</summary>
    private void SayLeftOut(IReadOnlyList<string> leftOut, HashSet<string> said)
    {
        foreach (var what in leftOut.Where(said.Add))
            Log.LeftOut(logger, what);
        said.IntersectWith(leftOut);
    }

    /// <param name="longest">An application that writes without a pause must not keep everything else waiting.</param>
    /// <returns>How long the next drain may wait at most; null: until somebody rings.</returns>
    private async Task<TimeSpan?> DrainAsync(Synchronizer synchronizer, NpgsqlConnection connection, IdleLock bell, TimeSpan longest, CancellationToken cancellation)
    {
        var standingBy = false;
        string? waiting = null;
        var begun = time.GetTimestamp();
        while (true)
        {
            _health.Progress();
            try
            {
                synchronizer.Patient = _patient;
                var drained = await _locks.RunAsync(connection, () => synchronizer.DrainAsync(connection, Progressed, cancellation), cancellation);
                SayHeldBack(synchronizer);
                if (waiting is not null)
                    _health.Report(synchronizer.HeldBack, TimeSpan.Zero);
                waiting = null;
                _patient &= drained.More;
                if (!drained.More)
                    return await bell.AfterAsync(found: drained.Count > 0, rung: _wake.TryReset(), cancellation);
                // Nor systemd, for the first pass.
                if (!_health.HasReported)
                    _health.Report("catching up with recorded changes", TimeSpan.Zero);
                if (time.GetElapsedTime(begun) >= longest)
                    return TimeSpan.Zero;
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                Log.LockBusy(logger);
                if (_locks.Holder is { } holder)
                {
                    if (holder != waiting)
                        Log.Waiting(logger, holder);
                    waiting = holder;
                    _health.Report($"waits for a lock: {holder}", LockRetry);
                }
                await Task.Delay(LockRetry, time, cancellation);
            }
            catch (ConfigurationSupersededException reason)
            {
                if (!standingBy)
                    Log.StandingBy(logger, reason.Message);
                standingBy = true;
                _health.Report(reason.Message, settings.Sync.PollInterval);
                await Task.Delay(settings.Sync.PollInterval, time, cancellation);
            }
        }
    }

    private void Progressed(int done, int of) => _health.Progress();

    /// <summary>Says once that removals are held back, and says it again when that changes.</summary>
    private void SayHeldBack(Synchronizer synchronizer)
    {
        if (synchronizer.HeldBack is { } reason && reason != _saidHeldBack)
            Log.HeldBack(logger, reason);
        _saidHeldBack = synchronizer.HeldBack;
    }

    private async Task ReconcileAsync(Synchronizer synchronizer, NpgsqlConnection connection, bool first, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            var result = await synchronizer.ReconcileAsync(connection, force: false, changesBetween: true, Progressed, cancellation);
            SayHeldBack(synchronizer);
            if (first)
                Log.Ready(logger, watch.ElapsedMilliseconds, result.Created, result.Updated, result.Unchanged, result.Removed, result.Rejected);
            else if (result.Drift > 0)
            {
                metrics.Drifted(result);
                Log.Drift(logger, result.Created, result.Updated, result.Removed, result.Rejected);
            }
            MemoryTrimmer.TrimAfter(result.Total);
        }
        catch (ConfigurationSupersededException)
        {
            // The next drain says so and waits.
        }
    }
}
