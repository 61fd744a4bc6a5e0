using System.Diagnostics.Metrics;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync;

/// <summary>The metrics of loop 1. No label has a value for each extension. Thread-safe.</summary>
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
    private readonly TimeProvider _time;

    /// <summary>Unix time in seconds of the last full comparison that held nothing back; 0 before the first.</summary>
    private long _reconciledAt;

    /// <summary>Removals that the last full comparison held back; -1 before the first.</summary>
    private long _heldBack = -1;

    /// <summary>1 while the triggers record what the application changes, 0 while they do not; -1 before the first look.</summary>
    private long _recording = -1;

    /// <param name="time">The clock; null for the system's.</param>
    public SyncMetrics(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _changes = _meter.CreateCounter<long>("pjsip_sync_changes", description: "Endpoints changed, by operation.");
        _drift = _meter.CreateCounter<long>(
            "pjsip_sync_drift_repaired", description: "Endpoints that a periodic full comparison found different and repaired.");
        _rejections = _meter.CreateCounter<long>("pjsip_sync_rejections", description: "Extensions refused with a reason.");
        _batchSize = _meter.CreateHistogram("pjsip_sync_batch_changes", description: "Recorded changes taken in one transaction.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 100, 1_000, 5_000, 10_000, 100_000] });
        _batchDuration = _meter.CreateDuration(
            "pjsip_sync_batch_duration", "Time that one batch of recorded changes took, its commit included.");
        _lag = _meter.CreateDuration(
            "pjsip_sync_lag",
            "Time from the application's transaction to the commit of what it changed: of the oldest change of each batch.");
        _reconcile = _meter.CreateDuration("pjsip_sync_reconcile_duration", "Time that a full comparison took.");
        _meter.CreateObservableGauge(
            "pjsip_sync_reconcile_last_success_timestamp", ReconciledAt, WorkerMeter.Seconds,
            "When a full comparison last ended well, in Unix time.");
        _meter.CreateObservableGauge(
            "pjsip_sync_recording", Recording,
            description: "1 while triggers record what the application changes; 0 while the worker may not put missing ones back.");
        _meter.CreateObservableGauge(
            "pjsip_sync_removals_held_back", HeldBack,
            description: "Endpoints whose removal the last full comparison held back, because no recorded change says why.");
    }

    /// <summary>Counts a batch of recorded changes that was committed.</summary>
    /// <param name="plan">What was written.</param>
    /// <param name="batch">What was taken from the queue.</param>
    /// <param name="elapsed">From the start of the transaction to the end of its commit.</param>
    public void Applied(Plan plan, ChangeBatch batch, TimeSpan elapsed)
    {
        Applied(plan);
        if (batch.Count == 0)
            return;
        _batchSize.Record((int)batch.Count);
        _batchDuration.Record(elapsed.TotalSeconds);
        _lag.Record((batch.Age + elapsed).TotalSeconds);
    }

    /// <summary>Counts a batch of a full comparison that was committed.</summary>
    public void Applied(Plan plan)
    {
        Count(plan.Count(ChangeKind.Create), "create");
        Count(plan.Count(ChangeKind.Update), "update");
        Count(plan.Count(ChangeKind.Delete), "delete");
        Count(plan.Count(ChangeKind.Release), "release");
        _rejections.Add(plan.NewRejections.Count);
    }

    /// <summary>Counts a full comparison that is over.</summary>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="heldBack">Removals that it held back.</param>
    public void Reconciled(TimeSpan elapsed, int heldBack)
    {
        _reconcile.Record(elapsed.TotalSeconds);
        Volatile.Write(ref _heldBack, heldBack);
        // The time series must exist before the first drift, because Prometheus sees no increase of one that is new.
        _drift.Add(0);
        if (heldBack == 0)
            Volatile.Write(ref _reconciledAt, _time.GetUtcNow().ToUnixTimeSeconds());
    }

    /// <summary>Notes whether the application's table has all that records its changes.</summary>
    public void Recorded(bool isRecorded) => Volatile.Write(ref _recording, isRecorded ? 1 : 0);

    /// <summary>Counts what a periodic comparison repaired although no change was recorded.</summary>
    public void Drifted(ReconcileResult result) => _drift.Add(result.Drift);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> ReconciledAt() => Volatile.Read(ref _reconciledAt) is var at and > 0 ? [new(at)] : [];

    private IEnumerable<Measurement<long>> Recording() => Volatile.Read(ref _recording) is var value and >= 0 ? [new(value)] : [];

    private IEnumerable<Measurement<long>> HeldBack() => Volatile.Read(ref _heldBack) is var count and >= 0 ? [new(count)] : [];

    private void Count(int count, string operation)
    {
        if (count > 0)
            _changes.Add(count, new KeyValuePair<string, object?>("operation", operation));
    }
}
