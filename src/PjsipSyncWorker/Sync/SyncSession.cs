using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync;

/// <summary>What all sessions of the sync loop share, from the start of the worker to its end.</summary>
/// <param name="Wake">Set by a notification that a change was recorded.</param>
/// <param name="Source">Follows what the application does to its table.</param>
/// <param name="Locks">Finds who holds a lock that the loop waits for.</param>
/// <param name="Health">The loop's part of the worker's health.</param>
internal sealed record SyncContext(
    WorkerSettings Settings, SyncMetrics Metrics, AsyncAutoResetEvent Wake, SourceFollower Source, LockWatch Locks, HealthPart Health,
    SyncReporter Reporter, TimeProvider Time);

/// <summary>
/// The sync loop on one connection: compares everything at the start and at intervals, and between that applies recorded changes as they
/// come. It ends only by an exception.
/// </summary>
/// <param name="connection">Used by this session alone, but owned by the caller.</param>
/// <param name="fingerprint">Of the worker's configuration.</param>
/// <param name="useBulkTimeout">See <see cref="UsesBulkTimeout"/>.</param>
internal sealed class SyncSession(NpgsqlConnection connection, string fingerprint, bool useBulkTimeout, SyncContext context)
{
    /// <summary>Delay between two batches under load. A larger batch costs less for each change, and nobody sees the difference.</summary>
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>How often an idle worker polls for changes that were committed without a notification.</summary>
    private static readonly TimeSpan UnnotifiedPollInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long the notification of a change that polling found may still be on its way.</summary>
    private static readonly TimeSpan NotificationGrace = TimeSpan.FromMilliseconds(50);

    /// <summary>Delay before a batch that did not get a lock is tried again.</summary>
    private static readonly TimeSpan LockRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly SyncSchedule _schedule = new(context.Settings.Sync, context.Time);
    private RealtimeSchema? _schema;
    private Synchronizer _synchronizer = null!; // made with _schema, before anything else

    /// <summary>Whether taking changes may last <see cref="DataSource.BulkTimeoutSeconds"/>, until the queue is empty.</summary>
    public bool UsesBulkTimeout { get; private set; } = useBulkTimeout;

    /// <summary>Runs the loop until it fails or is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var idleLock = new IdleLock(connection, BatchDelay);
        for (var isFirst = true; ; isFirst = false)
        {
            await RefreshSchemaAsync(cancellation);
            await ApplyChangesAsync(idleLock, _schedule.MaxPause, cancellation);
            await ReconcileAsync(isFirst, cancellation);
            _schedule.Reconciled();
            while (_schedule.NextPause(Trouble is not null) is var pause && pause > TimeSpan.Zero)
            {
                var wait = await ApplyChangesAsync(idleLock, pause, cancellation);
                if (_schedule.IsMaintenanceDue)
                {
                    await MaintainAsync(cancellation);
                    _schedule.Maintained();
                }
                context.Health.Report(Trouble, pause);
                await WaitAsync(wait, pause, cancellation);
                if (await context.Source.HasChangedAsync(connection, cancellation))
                    await RefreshSchemaAsync(cancellation);
            }
        }
    }

    /// <summary>What a person should know; null when all is well. While it lasts everything is compared at each poll.</summary>
    private string? Trouble => context.Source.Unrecorded ?? _synchronizer.HeldBack;

    /// <summary>Adapts to what was altered in the application's table or in the ps_* tables.</summary>
    private async Task RefreshSchemaAsync(CancellationToken cancellation)
    {
        var settings = context.Settings;
        await context.Source.RefreshAsync(connection, cancellation);
        var schema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        if (_schema is not null && schema.SameAs(_schema))
            return;
        _schema = schema;
        var mapper = new Mapper(schema, settings.Realtime);
        context.Reporter.LeftOutOfRealtime(mapper.LeftOut);
        _synchronizer = await Synchronizer.CreateAsync(
            connection, schema, mapper, settings.Sync, fingerprint, context.Metrics, cancellation);
    }

    /// <summary>Applies recorded changes until the queue is empty. Waits while a lock is held or another configuration in force.</summary>
    /// <param name="longest">
    /// Time after which to return although the queue is not empty, because an application that writes without a pause must not keep
    /// everything else waiting.
    /// </param>
    /// <returns>How long to wait before the next call.</returns>
    private async Task<QueueWait> ApplyChangesAsync(IdleLock idleLock, TimeSpan longest, CancellationToken cancellation)
    {
        var isStandingBy = false;
        string? holder = null;
        var begun = context.Time.GetTimestamp();
        while (true)
        {
            context.Health.Progress();
            try
            {
                var batch = await context.Locks.RunAsync(connection, () => ApplyNextBatchAsync(cancellation), cancellation);
                context.Reporter.HeldBack(_synchronizer.HeldBack);
                if (holder is not null)
                    context.Health.Report(Trouble, TimeSpan.Zero);
                holder = null;
                UsesBulkTimeout &= batch.HasMore;
                if (batch.Changes > 0)
                    context.Health.NumbersChanged();
                if (!batch.HasMore)
                    return await idleLock.NextWaitAsync(found: batch.Changes > 0, notified: context.Wake.TryReset(), cancellation);
                // The first pass may last long; without a report systemd would take the worker for not started.
                if (!context.Health.HasReported)
                    context.Health.Report("catching up with recorded changes", TimeSpan.Zero);
                if (context.Time.GetElapsedTime(begun) >= longest)
                    return QueueWait.None;
            }
            catch (PostgresException error) when (IsLockFailure(error))
            {
                holder = ReportHolder(holder);
                await Task.Delay(LockRetryDelay, context.Time, cancellation);
            }
            catch (ConfigurationSupersededException reason)
            {
                if (!isStandingBy)
                    context.Reporter.StandingBy(reason.Message);
                isStandingBy = true;
                context.Health.Report(reason.Message, context.Settings.Sync.PollInterval);
                await Task.Delay(context.Settings.Sync.PollInterval, context.Time, cancellation);
            }
        }
    }

    private static bool IsLockFailure(PostgresException error) => error.SqlState
        is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;

    /// <summary>Reports who holds the lock, once that is known.</summary>
    /// <param name="reported">The holder that was reported last; null when none was.</param>
    /// <returns>The holder that is reported now.</returns>
    private string? ReportHolder(string? reported)
    {
        context.Reporter.LockBusy();
        if (context.Locks.Holder is not { } holder)
            return reported;
        if (holder != reported)
            context.Reporter.Waiting(holder);
        context.Health.Report($"waits for a lock: {holder}", LockRetryDelay);
        return holder;
    }

    /// <summary>Applies one batch and, when a record demands it, compares all extensions.</summary>
    private async Task<BatchResult> ApplyNextBatchAsync(CancellationToken cancellation)
    {
        var batch = await ApplyQueuedAsync(cancellation);
        context.Reporter.Applied(batch);
        if (batch.FullResyncs.Length > 0)
        {
            context.Reporter.Compared(await _synchronizer.ResyncAsync(
                connection, batch.FullResyncs, BetweenBatches(cancellation), cancellation));
        }
        return batch;
    }

    private Task<BatchResult> ApplyQueuedAsync(CancellationToken cancellation) =>
        _synchronizer.ApplyNextBatchAsync(connection, UsesBulkTimeout ? DataSource.BulkTimeoutSeconds : null, cancellation);

    /// <summary>Compares all extensions. Does nothing while another configuration is in force, which applying changes reports.</summary>
    private async Task ReconcileAsync(bool isFirst, CancellationToken cancellation)
    {
        try
        {
            var result = await _synchronizer.ReconcileAsync(connection, default, BetweenBatches(cancellation), cancellation);
            context.Reporter.HeldBack(_synchronizer.HeldBack);
            if (isFirst)
            {
                // Reported first, so that who reads the line finds the worker ready.
                context.Health.Report(Trouble, _schedule.MaxPause);
                context.Reporter.Ready(result);
            }
            else
            {
                context.Metrics.Drifted(result);
                context.Reporter.DriftRepaired(result);
            }
            MemoryTrimmer.TrimAfter(result.Total);
        }
        catch (ConfigurationSupersededException)
        {
        }
    }

    /// <summary>Returns what a comparison does after each of its batches: recorded changes need not wait for its end.</summary>
    private Func<int, int, Task> BetweenBatches(CancellationToken cancellation) => async (_, _) =>
    {
        context.Health.Progress();
        context.Reporter.Applied(await ApplyQueuedAsync(cancellation));
    };

    /// <summary>Refreshes the view that Asterisk reads, and removes old tombstones; while a lock is held, the next time.</summary>
    private async Task MaintainAsync(CancellationToken cancellation)
    {
        try
        {
            // A row that a person made may have a value in a column that no endpoint used before.
            await ColumnSetTable.RefreshViewAsync(connection, cancellation);
            await Tombstones.PurgeAsync(connection, _schema!, fingerprint, cancellation);
        }
        catch (Exception error)
            when (error is ConfigurationSupersededException or PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
        {
        }
    }

    private async Task WaitAsync(QueueWait wait, TimeSpan longest, CancellationToken cancellation)
    {
        if (wait.IsUntilNotified)
            await WaitForNotificationAsync(longest, cancellation);
        else if (wait.Delay > TimeSpan.Zero)
            await Task.Delay(wait.Delay < longest ? wait.Delay : longest, context.Time, cancellation);
    }

    /// <summary>
    /// Waits until a notification comes, or polling finds a change without one: a worker that held the idle lock died, or a transaction may
    /// not notify. Returns as well when the application has altered its table.
    /// </summary>
    private async Task WaitForNotificationAsync(TimeSpan longest, CancellationToken cancellation)
    {
        var begun = context.Time.GetTimestamp();
        while (longest - context.Time.GetElapsedTime(begun) is var rest && rest > TimeSpan.Zero)
        {
            if (await context.Wake.WaitAsync(rest < UnnotifiedPollInterval ? rest : UnnotifiedPollInterval, context.Time, cancellation))
                return;
            if (await context.Source.HasChangedAsync(connection, cancellation))
                return;
            if (!await _synchronizer.IsWaitingAsync(connection, cancellation))
                continue;
            if (!await context.Wake.WaitAsync(NotificationGrace, context.Time, cancellation))
                context.Reporter.UnnotifiedChange();
            return;
        }
    }
}
