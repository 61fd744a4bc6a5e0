using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Reading;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Makes the ps_* tables equal to the application's extensions: applies recorded changes, and compares everything. Any number of workers
/// may do this on one database, because each batch holds the writers' lock. One instance serves one connection; not thread-safe.
/// </summary>
internal sealed class Synchronizer
{
    /// <summary>
    /// Minimum number of changes before cached query plans are discarded. Below it, table sizes cannot have changed enough to matter.
    /// </summary>
    private const int MinChangesToDiscardPlans = 1000;

    private readonly SyncSettings _settings;
    private readonly string _fingerprint;
    private readonly StateReader _reader;
    private readonly BatchRunner _batches;
    private readonly SyncMetrics _metrics;

    /// <summary>The queue has no record of an older transaction.</summary>
    private ulong _watermark;

    /// <summary>Changes written since the start, and what full comparisons looked at: a measure of how the tables may have grown.</summary>
    private long _changes;

    /// <summary>The value of <see cref="_changes"/> when the cached plans were discarded last.</summary>
    private long _changesAtDiscard;

    private Synchronizer(
        RealtimeSchema schema, Mapper mapper, ColumnSetTable columnSets, SyncSettings settings, string fingerprint, SyncMetrics metrics)
    {
        (_settings, _fingerprint, _metrics) = (settings, fingerprint, metrics);
        _reader = new StateReader(schema, mapper, columnSets);
        _batches = new BatchRunner(_reader, new Planner(schema, settings.Adopt), new PlanWriter(schema, columnSets), columnSets);
    }

    /// <summary>Why the last full comparison held removals back and what to do; null when it held none back.</summary>
    public string? HeldBack { get; private set; }

    /// <summary>Makes a synchronizer and loads the column sets that were written before.</summary>
    /// <param name="connection">The connection that all later calls get.</param>
    /// <param name="fingerprint">Of the worker's configuration, see <see cref="RealtimeLock"/>.</param>
    public static async Task<Synchronizer> CreateAsync(
        NpgsqlConnection connection, RealtimeSchema schema, Mapper mapper, SyncSettings settings, string fingerprint, SyncMetrics metrics,
        CancellationToken cancellation)
    {
        var columnSets = new ColumnSetTable(schema);
        await columnSets.LoadAsync(connection, cancellation);
        return new Synchronizer(schema, mapper, columnSets, settings, fingerprint, metrics);
    }

    /// <summary>Takes up to <c>Sync:BatchSize</c> changes from the queue and applies them, in one transaction of two round trips.</summary>
    /// <param name="commandTimeout">Seconds that taking and reading may last; null for the connection's own timeout.</param>
    /// <exception cref="PostgresException">
    /// 55P03: another session holds the writers' lock or a table. Nothing was taken; try again.
    /// </exception>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later.</exception>
    public async Task<BatchResult> ApplyNextBatchAsync(NpgsqlConnection connection, int? commandTimeout, CancellationToken cancellation)
    {
        await DiscardPlansAsync(connection, cancellation);
        var begun = Stopwatch.GetTimestamp();
        var (taken, plan) = await _batches.RunAsync(connection, async (transaction, bisect) =>
        {
            ChangeBatch batch;
            SyncState? state = null;
            if (bisect)
            {
                // Reading in the same round trip has failed: it is left to ApplyAsync, which bisects.
                await RealtimeLock.AcquireAsync(connection, transaction, _fingerprint, cancellation);
                batch = await ChangeQueue.TakeAsync(connection, transaction, _watermark, _settings.BatchSize, cancellation);
            }
            else
            {
                (batch, state) = await _reader.TakeAsync(
                    connection, transaction, _fingerprint, _watermark, _settings.BatchSize, commandTimeout, cancellation);
            }
            return (batch, await _batches.ApplyAsync(connection, transaction, batch.Ids, state, bisect, cancellation));
        }, cancellation);
        var elapsed = Stopwatch.GetElapsedTime(begun);
        _metrics.Applied(plan, taken, elapsed);
        _changes += plan.Changes.Count;
        var hasMore = taken.FullResyncs.Length > 0 || taken.Count >= _settings.BatchSize;
        if (!hasMore)
            _watermark = taken.OldestRunning;
        return new BatchResult
        {
            Plan = plan,
            Changes = taken.Count,
            Elapsed = elapsed,
            FullResyncs = taken.FullResyncs,
            HasMore = hasMore,
        };
    }

    /// <summary>
    /// Applies recorded changes, batch by batch, until the queue is empty; also compares all extensions if a record demands it.
    /// </summary>
    /// <inheritdoc cref="ApplyNextBatchAsync" path="/exception"/>
    public async Task ApplyAllAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        BatchResult batch;
        do
        {
            batch = await ApplyNextBatchAsync(connection, commandTimeout: null, cancellation);
            if (batch.FullResyncs.Length > 0)
                await ResyncAsync(connection, batch.FullResyncs, ApplyBetweenAsync, cancellation);
        }
        while (batch.HasMore);

        Task ApplyBetweenAsync(int done, int total) => ApplyNextBatchAsync(connection, commandTimeout: null, cancellation);
    }

    /// <summary>Returns whether the queue has a change. This is so cheap that an idle worker can ask every second.</summary>
    public Task<bool> IsWaitingAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        ChangeQueue.HasAnyAsync(connection, _watermark, cancellation);

    /// <summary>
    /// Compares all extensions because a record demands it, and removes the record. That is no cause to remove any number of endpoints:
    /// removals need one that is recorded, as always.
    /// </summary>
    /// <param name="transactions">See <see cref="BatchResult.FullResyncs"/>.</param>
    /// <inheritdoc cref="ReconcileAsync" path="/*[not(self::summary)]"/>
    public async Task<ReconcileResult> ResyncAsync(
        NpgsqlConnection connection, string[] transactions, Func<int, int, Task>? afterBatch, CancellationToken cancellation)
    {
        var result = await ReconcileAsync(connection, new ReconcileOptions { IgnoreDigests = true }, afterBatch, cancellation);
        await ChangeQueue.RemoveFullResyncsAsync(connection, transactions, cancellation);
        return result;
    }

    /// <summary>
    /// Compares all extensions that are not as an earlier comparison found them, in batches of <c>Sync:BatchSize</c> ids, each in a
    /// transaction of its own, and writes what differs.
    /// </summary>
    /// <param name="afterBatch">
    /// Awaited after each batch with the number of ids done and of all ids. It may call <see cref="ApplyNextBatchAsync"/>, so that recorded
    /// changes do not wait for the end. Null: nothing is done between batches.
    /// </param>
    /// <exception cref="PostgresException">
    /// 55P03: another session holds the writers' lock or a table. Batches that are done stay done.
    /// </exception>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later.</exception>
    public async Task<ReconcileResult> ReconcileAsync(
        NpgsqlConnection connection, ReconcileOptions options, Func<int, int, Task>? afterBatch, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var digests = await BucketDigests.LoadAsync(connection, options.IgnoreDigests, cancellation);
        var inventory = await ReconcileInventory.TakeAsync(connection, digests.Buckets, cancellation);
        var (result, ids) = Begin(inventory, options.AllowMassRemoval);
        digests.AddUnsettled(inventory.UnexplainedRemovals);
        _changes += ids.Count;
        result.AddUnchanged(inventory.SkippedCount);
        var done = inventory.SkippedCount;
        foreach (var batch in ids.Chunk(_settings.BatchSize))
        {
            var plan = await _batches.RunAsync(connection, async (transaction, bisect) =>
            {
                await RealtimeLock.AcquireAsync(connection, transaction, _fingerprint, cancellation);
                return await _batches.ApplyAsync(connection, transaction, batch, state: null, bisect, cancellation);
            }, cancellation);
            _changes += plan.Changes.Count;
            result.Add(plan);
            digests.AddUnsettled(plan.UnsettledIds);
            _metrics.Applied(plan);
            done += batch.Length;
            if (afterBatch is not null)
                await afterBatch(done, inventory.SkippedCount + ids.Count);
        }
        await digests.StoreAsync(connection, cancellation);
        HeldBack = result.Refusal;
        result.Elapsed = Stopwatch.GetElapsedTime(begun);
        _metrics.Reconciled(result.Elapsed, result.HeldBack);
        return result;
    }

    /// <summary>Returns what a full comparison of all extensions would do, and its plans. Writes nothing.</summary>
    /// <param name="allowMassRemoval">See <see cref="ReconcileOptions.AllowMassRemoval"/>.</param>
    public async Task<(ReconcileResult Result, List<Plan> Plans)> PreviewAsync(
        NpgsqlConnection connection, bool allowMassRemoval, CancellationToken cancellation)
    {
        var inventory = await ReconcileInventory.TakeAsync(connection, BucketDigests.AllBuckets, cancellation);
        var (result, ids) = Begin(inventory, allowMassRemoval);
        var plans = new List<Plan>();
        foreach (var batch in ids.Chunk(_settings.BatchSize))
        {
            var plan = await _batches.RunAsync(connection, async (transaction, bisect) =>
            {
                var planned = await _batches.PlanAsync(connection, transaction, batch, state: null, bisect, cancellation);
                await transaction.RollbackAsync(cancellation);
                return planned;
            }, cancellation);
            result.Add(plan);
            plans.Add(plan);
        }
        return (result, plans);
    }

    /// <summary>Returns a result to be filled, and the ids to compare: all except the removals that are held back.</summary>
    private (ReconcileResult Result, List<string> Ids) Begin(ReconcileInventory inventory, bool allowMassRemoval)
    {
        var result = new ReconcileResult();
        var heldBack = allowMassRemoval ? new HashSet<string>() : inventory.RemovalsToHoldBack(_settings);
        result.HoldBack(heldBack.Count, inventory.ManagedCount);
        return (result, heldBack.Count == 0 ? inventory.Ids : [.. inventory.Ids.Where(id => !heldBack.Contains(id))]);
    }

    /// <summary>
    /// Discards cached query plans when the tables may have doubled in size, because PostgreSQL keeps plans that were made while they were
    /// small.
    /// </summary>
    private async Task DiscardPlansAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_changes < Math.Max(MinChangesToDiscardPlans, 2 * _changesAtDiscard))
            return;
        await using var command = new NpgsqlCommand("discard plans", connection);
        await command.ExecuteNonQueryAsync(cancellation);
        _changesAtDiscard = _changes;
    }
}
