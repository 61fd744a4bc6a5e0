using System.Diagnostics.Metrics;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Telemetry;

/// <summary>What loop 1 did, for Prometheus.</summary>
internal sealed class SyncMetrics : IDisposable
{
    /// <summary>The meter of everything this worker measures itself.</summary>
    public const string MeterName = "PjsipSyncWorker";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _changes;
    private readonly Counter<long> _drift;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _batches;
    private long _rejected;

    public SyncMetrics()
    {
        _changes = _meter.CreateCounter<long>("pjsip_sync_changes", description: "Endpoints changed, by operation.");
        _drift = _meter.CreateCounter<long>("pjsip_sync_drift_repaired", description: "Rows that a full comparison found different and repaired.");
        _rejections = _meter.CreateCounter<long>("pjsip_sync_rejections", description: "Extensions refused with a reason.");
        _batches = _meter.CreateCounter<long>("pjsip_sync_batches", description: "Batches of recorded changes applied.");
        _meter.CreateObservableGauge("pjsip_sync_rejected", () => Volatile.Read(ref _rejected), description: "Extensions rejected at the last full comparison.");
    }

    public void Applied(Plan plan, int ids)
    {
        if (ids > 0)
            _batches.Add(1);
        Count(plan.Count(ChangeKind.Create), "create");
        Count(plan.Count(ChangeKind.Update), "update");
        Count(plan.Count(ChangeKind.Delete), "delete");
        Count(plan.Count(ChangeKind.Release), "release");
        if (plan.Rejections.Count > 0)
            _rejections.Add(plan.Rejections.Count);
    }

    public void Reconciled(ReconcileResult result)
    {
        if (result.Drift > 0)
            _drift.Add(result.Drift);
        Volatile.Write(ref _rejected, result.Rejected);
    }

    public void Dispose() => _meter.Dispose();

    private void Count(int count, string operation)
    {
        if (count > 0)
            _changes.Add(count, new KeyValuePair<string, object?>("operation", operation));
    }
}
