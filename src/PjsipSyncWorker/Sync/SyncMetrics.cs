using System.Diagnostics.Metrics;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync;

/// <summary>What loop 1 did, for Prometheus. No label grows with the number of extensions.</summary>
internal sealed class SyncMetrics : IDisposable
{
    private readonly Meter _meter = new(WorkerMeter.Name);
    private readonly Counter<long> _changes;
    private readonly Counter<long> _drift;
    private readonly Counter<long> _rejections;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _batchDuration;
    private readonly Histogram<double> _lag;
    private readonly Histogram<double> _reconcile;
    private long _reconciledAt;
    private long _heldBack = -1;

    public SyncMetrics()
    {
        _changes = _meter.CreateCounter<long>("pjsip_sync_changes", description: "Endpoints changed, by operation.");
        _drift = _meter.CreateCounter<long>("pjsip_sync_drift_repaired", description: "Endpoints that a periodic full comparison found different and repaired.");
        _rejections = _meter.CreateCounter<long>("pjsip_sync_rejections", description: "Extensions refused with a reason.");
        _batchSize = _meter.CreateHistogram("pjsip_sync_batch_changes", description: "Recorded changes taken in one transaction.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 100, 1_000, 5_000, 10_000, 100_000] });
        _batchDuration = _meter.CreateDuration("pjsip_sync_batch_duration", "Time that one batch of recorded changes took, its commit included.");
        _lag = _meter.CreateDuration("pjsip_sync_lag", "Time from the application's transaction to the commit of what it changed: of the oldest change of each batch.");
        _reconcile = _meter.CreateDuration("pjsip_sync_reconcile_duration", "Time that a full comparison took.");
        _meter.CreateObservableGauge("pjsip_sync_reconcile_last_success_timestamp", ReconciledAt, WorkerMeter.Seconds, "When a full comparison last ended well, in Unix time.");
        _meter.CreateObservableGauge("pjsip_sync_removals_held_back", HeldBack, description: "Endpoints whose removal the last full comparison held back, because no recorded change says why.");
    }

    /// <summary>A batch of recorded changes is committed.</summary>
    /// <param name="took">From the beginning of its transaction.</param>
    public void Applied(Plan plan, in ChangeBatch batch, TimeSpan took)
    {
        Applied(plan);
        if (batch.Count == 0)
            return;
        _batchSize.Record((int)batch.Count);
        _batchDuration.Record(took.TotalSeconds);
        _lag.Record((batch.Age + took).TotalSeconds);
    }

    /// <summary>A batch of a full comparison is committed.</summary>
    public void Applied(Plan plan)
    {
        Count(plan.Count(ChangeKind.Create), "create");
        Count(plan.Count(ChangeKind.Update), "update");
        Count(plan.Count(ChangeKind.Delete), "delete");
        Count(plan.Count(ChangeKind.Release), "release");
        _rejections.Add(plan.Rejections.Count);
    }

    /// <summary>A full comparison is over.</summary>
    /// <param name="heldBack">Removals that have no recorded cause and were too many.</param>
    public void Reconciled(TimeSpan took, int heldBack)
    {
        _reconcile.Record(took.TotalSeconds);
        Volatile.Write(ref _heldBack, heldBack);
        // An increase is only seen of a counter that was there before.
        _drift.Add(0);
        if (heldBack == 0)
            Volatile.Write(ref _reconciledAt, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    }

    /// <summary>A periodic comparison found what no recorded change explains.</summary>
    public void Drifted(ReconcileResult result) => _drift.Add(result.Drift);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> ReconciledAt() => Volatile.Read(ref _reconciledAt) is var at and > 0 ? [new(at)] : [];

    private IEnumerable<Measurement<long>> HeldBack() => Volatile.Read(ref _heldBack) is var count and >= 0 ? [new(count)] : [];

    private void Count(int count, string operation)
    {
        if (count > 0)
            _changes.Add(count, new KeyValuePair<string, object?>("operation", operation));
    }
}
