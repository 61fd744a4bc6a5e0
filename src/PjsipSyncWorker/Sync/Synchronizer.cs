using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Reading;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync;

/// <summary>What one batch of recorded changes came to.</summary>
/// <param name="Count">Changes taken.</param>
/// <param name="More">Whether there may be more that was seen and not taken.</param>
internal readonly record struct BatchResult(long Count, bool More);

/// <summary>
/// Makes the target equal to the source. One instance serves one connection at a time; any number of workers may do
/// the same on one database, since each batch holds the one lock of the target.
/// </summary>
internal sealed class Synchronizer
{
    /// <summary>Fewer changes make no table another one.</summary>
    private const int PlansLast = 1000;

    private readonly SyncSettings _settings;
    private readonly string _fingerprint;
    private readonly ColumnSetTable _shapes;
    private readonly StateReader _reader;
    private readonly PlanWriter _writer;
    private readonly Planner _planner;
    private readonly SyncMetrics _metrics;
    private ulong _watermark;

    private long _changes;

    /// <summary>How many changes there had been when the statements were planned.</summary>
    private long _planned;

    private Synchronizer(RealtimeSchema catalogue, Mapper mapper, ColumnSetTable shapes, SyncSettings settings, string fingerprint, SyncMetrics metrics)
    {
        _shapes = shapes;
        _settings = settings;
        _fingerprint = fingerprint;
        _metrics = metrics;
        _reader = new StateReader(catalogue, mapper, shapes);
        _writer = new PlanWriter(catalogue, shapes);
        _planner = new Planner(catalogue, settings.Adopt);
    }

    /// <summary>Told of every batch of recorded changes that is committed: what was done, how many changes it took, and how long.</summary>
    public Action<Plan, long, TimeSpan>? OnBatch { get; set; }

    /// <summary>Why the last full comparison held removals back, and what to do; null when it held none back.</summary>
    public string? HeldBack { get; private set; }

    /// <summary>Whether the taking of changes may last as long as any statement on very many rows.</summary>
    public bool Patient { get; set; }

    /// <inheritdoc cref="DrainAsync(NpgsqlConnection, Action{int, int}, CancellationToken)"/>
    public Task<BatchResult> DrainAsync(NpgsqlConnection connection, CancellationToken cancellation) => DrainAsync(connection, onProgress: null, cancellation);

    /// <summary>One that knows which sets of columns were written before.</summary>
    public static async Task<Synchronizer> CreateAsync(
        NpgsqlConnection connection, RealtimeSchema catalogue, Mapper mapper, SyncSettings settings, string fingerprint, SyncMetrics metrics, CancellationToken cancellation)
    {
        var shapes = new ColumnSetTable(catalogue);
        await shapes.LoadAsync(connection, cancellation);
        return new Synchronizer(catalogue, mapper, shapes, settings, fingerprint, metrics);
    }

    /// <summary>Takes one batch of recorded changes and applies it.</summary>
    /// <param name="onProgress">Told how a full comparison goes on, when one was recorded.</param>
    public async Task<BatchResult> DrainAsync(NpgsqlConnection connection, Action<int, int>? onProgress, CancellationToken cancellation)
    {
        var taken = await ApplyChangesAsync(connection, cancellation);
        if (taken.Everything.Length > 0)
        {
            // "Everything" is to look at all, and no cause to remove any number: the inventory finds a cause where one is recorded.
            await CompareAsync(connection, all: true, force: false, changesBetween: true, onProgress, cancellation);
            await ChangeQueue.ForgetAsync(connection, taken.Everything, cancellation);
            return new BatchResult(taken.Count, More: true);
        }
        if (taken.Count >= _settings.BatchSize)
            return new BatchResult(taken.Count, More: true);
        _watermark = taken.OldestRunning;
        return new BatchResult(taken.Count, More: false);
    }

    private async Task<ChangeBatch> ApplyChangesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await RenewPlansAsync(connection, cancellation);
        ChangeBatch taken = default;
        var begun = Stopwatch.GetTimestamp();
        var outcome = await InBatchAsync(connection, async (transaction, careful) =>
        {
            SyncState? state = null;
            if (careful)
            {
                await RealtimeLock.AcquireAsync(connection, transaction, _fingerprint, cancellation);
                taken = await ChangeQueue.TakeAsync(connection, transaction, _watermark, _settings.BatchSize, cancellation);
            }
            else
                (taken, state) = await _reader.TakeAsync(connection, transaction, _fingerprint, _watermark, _settings.BatchSize, Patient, cancellation);
            return await ApplyAsync(connection, transaction, taken.Ids, state, careful, cancellation);
        }, cancellation);
        var took = Stopwatch.GetElapsedTime(begun);
        _metrics.Applied(outcome, taken, took);
        if (taken.Count > 0)
            OnBatch?.Invoke(outcome, taken.Count, took);
        _changes += outcome.Changes.Count;
        return taken;
    }

    /// <summary>Whether a change waits: a look so cheap that it may be taken again and again.</summary>
    public Task<bool> IsWaitingAsync(NpgsqlConnection connection, CancellationToken cancellation) => ChangeQueue.HasAnyAsync(connection, _watermark, cancellation);

    /// <summary>Compares everything that is not as an earlier comparison found it, in batches, each a transaction of its own.</summary>
    /// <param name="force">Whether any number of endpoints may be removed, and everything is compared whatever was found before.</param>
    /// <param name="changesBetween">Whether recorded changes are applied between the batches, so that they need not wait for the end.</param>
    /// <param name="onProgress">Told how many ids are done, and of how many.</param>
    public Task<ReconcileResult> ReconcileAsync(
        NpgsqlConnection connection, bool force, bool changesBetween, Action<int, int>? onProgress, CancellationToken cancellation) =>
        CompareAsync(connection, all: force, force, changesBetween, onProgress, cancellation);

    private async Task<ReconcileResult> CompareAsync(
        NpgsqlConnection connection, bool all, bool force, bool changesBetween, Action<int, int>? onProgress, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var marks = await BucketDigests.LoadAsync(connection, all, cancellation);
        var inventory = await ReconcileInventory.TakeAsync(connection, marks.Parts, cancellation);
        var (result, compared) = Begin(inventory, force);
        marks.Open(inventory.UnexplainedRemovals);
        _changes += compared.Count;
        result.AddUnchanged(inventory.SkippedCount);
        for (var start = 0; start < compared.Count; start += _settings.BatchSize)
        {
            if (changesBetween)
                await ApplyChangesAsync(connection, cancellation);
            var ids = compared.GetRange(start, Math.Min(_settings.BatchSize, compared.Count - start)).ToArray();
            var plan = await InBatchAsync(connection, async (transaction, careful) =>
            {
                await RealtimeLock.AcquireAsync(connection, transaction, _fingerprint, cancellation);
                return await ApplyAsync(connection, transaction, ids, null, careful, cancellation);
            }, cancellation);
            _changes += plan.Changes.Count;
            result.Add(plan);
            marks.Open(plan.Open);
            _metrics.Applied(plan);
            onProgress?.Invoke(inventory.SkippedCount + start + ids.Length, inventory.SkippedCount + compared.Count);
        }
        await marks.RememberAsync(connection, cancellation);
        HeldBack = result.Refusal;
        _metrics.Reconciled(Stopwatch.GetElapsedTime(begun), result.HeldBack);
        return result;
    }

    /// <summary>A comparison's result to be filled, and the ids that it looks at: all but the removals that are held back.</summary>
    private (ReconcileResult Result, List<string> Ids) Begin(ReconcileInventory inventory, bool force)
    {
        var result = new ReconcileResult();
        var heldBack = force ? new HashSet<string>() : inventory.HeldBack(_settings);
        result.HoldBack(heldBack.Count, inventory.ManagedCount);
        return (result, heldBack.Count == 0 ? inventory.Ids : [.. inventory.Ids.Where(id => !heldBack.Contains(id))]);
    }

    /// <summary>What a reconcile would do; nothing is written.</summary>
    /// <param name="force">Whether any number of endpoints might be removed.</param>
    public async Task<(ReconcileResult Result, List<Plan> Plans)> PreviewAsync(NpgsqlConnection connection, bool force, CancellationToken cancellation)
    {
        var inventory = await ReconcileInventory.TakeAsync(connection, BucketDigests.AllBuckets, cancellation);
        var (result, compared) = Begin(inventory, force);
        var plans = new List<Plan>();
        for (var start = 0; start < compared.Count; start += _settings.BatchSize)
        {
            var ids = compared.GetRange(start, Math.Min(_settings.BatchSize, compared.Count - start)).ToArray();
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
            var plan = await PlanAsync(connection, transaction, ids, null, careful: false, cancellation);
            await transaction.RollbackAsync(cancellation);
            result.Add(plan);
            plans.Add(plan);
        }
        return (result, plans);
    }

    /// <summary>Plans of prepared statements stay as they were when the tables were small, until somebody says otherwise: whenever they may have doubled.</summary>
    private async Task RenewPlansAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_changes < Math.Max(PlansLast, 2 * _planned))
            return;
        await using var command = new NpgsqlCommand("discard plans", connection);
        await command.ExecuteNonQueryAsync(cancellation);
        _planned = _changes;
    }

    /// <summary>One batch, which takes the target's lock first: all of it or nothing. What the database refuses is narrowed down to its rows.</summary>
    private async Task<Plan> InBatchAsync(
        NpgsqlConnection connection, Func<NpgsqlTransaction, bool, Task<Plan>> work, CancellationToken cancellation)
    {
        var careful = false;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
            try
            {
                var plan = await work(transaction, careful);
                _shapes.Settle();
                return plan;
            }
            catch (PostgresException error) when (!careful && DatabaseErrors.RejectsRow(error))
            {
                careful = true;
            }
            catch (UnknownColumnSetException)
            {
                await transaction.RollbackAsync(cancellation);
                await _shapes.LoadAsync(connection, cancellation);
            }
            finally
            {
                _shapes.ForgetNew();
            }
        }
    }

    /// <summary>Plans, writes and commits.</summary>
    private async Task<Plan> ApplyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, SyncState? read, bool careful, CancellationToken cancellation)
    {
        var plan = await PlanAsync(connection, transaction, ids, read, careful, cancellation);
        if (!careful)
        {
            await _writer.WriteAndCommitAsync(connection, transaction, plan, cancellation);
            return plan;
        }
        plan = await BisectingWriter.WriteAsync(_writer, connection, transaction, plan, cancellation);
        await PlanWriter.WriteRejectionsAsync(connection, transaction, plan, cancellation);
        await transaction.CommitAsync(cancellation);
        return plan;
    }

    /// <param name="read">What was read of these ids already.</param>
    private async Task<Plan> PlanAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, SyncState? read, bool careful, CancellationToken cancellation)
    {
        if (ids.Length == 0)
            return new Plan([], [], [], 0, 0);
        var expected = default(ColumnSet);
        while (true)
        {
            var state = read ?? (careful
                ? await BisectingReader.ReadAsync(_reader, connection, transaction, ids, expected, cancellation)
                : await _reader.ReadAsync(connection, transaction, ids, expected, cancellation));
            read = null;
            // A row that was rejected under another number may still own an endpoint: it is looked at together with this one.
            var related = state.Rejected.Count == 0 ? [] : await RelatedAsync(connection, transaction, ids, cancellation);
            if (related.Length > 0)
            {
                ids = [.. ids, .. related];
                continue;
            }
            var plan = _planner.Plan(ids, state);
            foreach (var change in plan.Changes)
                if (change.Desired is not null)
                    expected |= change.Desired.Columns;
            if (_reader.Covers(expected))
                return plan;
        }
    }

    private static async Task<string[]> RelatedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select coalesce(array_agg(e.id), '{}') from pjsip_sync.managed_endpoint e
            join pjsip_sync.rejected r using (row_key)
            where r.id = any ($1) and e.deleted_at is null and e.id <> all ($1)
            """, connection, transaction)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { new() { Value = ids } } };
        return (string[])(await command.ExecuteScalarAsync(cancellation))!;
    }
}
