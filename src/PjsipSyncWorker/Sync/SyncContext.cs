using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync;

/// <summary>What all sessions of the sync loop share, from the start of the worker to its end.</summary>
/// <param name="Wake">Set by a notification that a change was recorded.</param>
/// <param name="Source">Follows what the application does to its table.</param>
/// <param name="Locks">Finds who holds a lock that the loop waits for.</param>
/// <param name="Health">The loop's part of the worker's health.</param>
internal sealed record SyncContext(
    WorkerSettings Settings, SyncMetrics Metrics, AsyncAutoResetEvent Wake, SourceFollower Source, LockWatch Locks, HealthPart Health,
    SyncReporter Reporter, TimeProvider Time);
