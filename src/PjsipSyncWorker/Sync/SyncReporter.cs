using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Writes the log lines of the sync loop. A condition that lasts is logged once, and again after it has changed. Not thread-safe.
/// </summary>
internal sealed partial class SyncReporter(ILogger<SyncService> logger)
{
    private readonly HashSet<string> _leftOutOfSource = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leftOutOfRealtime = new(StringComparer.Ordinal);
    private string? _heldBack;
    private (string Faults, string Refusal)? _notRepaired;

    /// <summary>Logs why the session ended.</summary>
    /// <param name="reason">In one line, without a secret.</param>
    public void Interrupted(string reason) => Log.Interrupted(logger, reason);

    /// <summary>Logs what happened to the application's table, and whether triggers and grants could be put back.</summary>
    /// <param name="table">The name of the table.</param>
    public void Source(string table, SourceChange change, SourceRepair repair)
    {
        if (change == SourceChange.Replaced)
            Log.SourceReplaced(logger, table);
        else if (change == SourceChange.Altered)
            Log.SourceAltered(logger, table);
        (string, string)? notRepaired = repair.Refusal is null ? null : (string.Join("; ", repair.Faults), repair.Refusal);
        if (notRepaired is var (faults, refusal) && notRepaired != _notRepaired)
            Log.SourceNotRepaired(logger, table, faults, refusal);
        else if (repair is { Refusal: null, Faults.Count: > 0 })
            Log.SourceRepaired(logger, table, string.Join("; ", repair.Faults));
        _notRepaired = notRepaired;
    }

    /// <summary>Logs columns of the application's table that are mapped and missing.</summary>
    public void LeftOutOfSource(IReadOnlyList<string> columns) => LeftOut(columns, _leftOutOfSource);

    /// <summary>Logs options that are configured and have no column in the ps_* tables.</summary>
    public void LeftOutOfRealtime(IReadOnlyList<string> options) => LeftOut(options, _leftOutOfRealtime);

    /// <summary>
    /// Logs one line for a batch and, at debug level, one for each of its endpoints. Logs nothing for a batch without changes.
    /// </summary>
    public void Applied(BatchResult batch)
    {
        if (batch.Changes == 0)
            return;
        var plan = batch.Plan;
        Log.Applied(
            logger, batch.Changes, (long)batch.Elapsed.TotalMilliseconds, plan.Count(ChangeKind.Create), plan.Count(ChangeKind.Update),
            plan.Count(ChangeKind.Delete) + plan.Count(ChangeKind.Release), plan.NewRejections.Count);
        if (!logger.IsEnabled(LogLevel.Debug))
            return;
        foreach (var change in plan.Changes)
            Log.Changed(logger, change.Kind, UntrustedText.Escape(change.Id));
        foreach (var rejection in plan.NewRejections)
            Log.Rejected(logger, UntrustedText.Escape(rejection.Id), UntrustedText.Escape(rejection.Reason));
    }

    /// <summary>Logs the end of the first full comparison of a session.</summary>
    public void Ready(ReconcileResult result, TimeSpan elapsed) => Log.Ready(
        logger, (long)elapsed.TotalMilliseconds, result.Created, result.Updated, result.Unchanged, result.Removed, result.Rejected);

    /// <summary>Logs what a later full comparison repaired.</summary>
    public void DriftRepaired(ReconcileResult result) =>
        Log.Drift(logger, result.Created, result.Updated, result.Removed, result.Rejected);

    /// <summary>Logs that removals are held back.</summary>
    /// <param name="reason">Null when none are.</param>
    public void HeldBack(string? reason)
    {
        if (reason is not null && reason != _heldBack)
            Log.HeldBack(logger, reason);
        _heldBack = reason;
    }

    /// <summary>Logs that another configuration is in force.</summary>
    public void StandingBy(string reason) => Log.StandingBy(logger, reason);

    /// <summary>Logs, at debug level, that one attempt did not get a lock.</summary>
    public void LockBusy() => Log.LockBusy(logger);

    /// <summary>Logs that a lock has been held for long.</summary>
    /// <param name="holder">See <see cref="Postgres.LockWatch.Holder"/>.</param>
    public void Waiting(string holder) => Log.Waiting(logger, holder);

    /// <summary>Logs, at debug level, that polling found a change.</summary>
    public void UnnotifiedChange() => Log.UnnotifiedChange(logger);

    private void LeftOut(IReadOnlyList<string> items, HashSet<string> logged)
    {
        foreach (var item in items.Where(logged.Add))
            Log.LeftOut(logger, item);
        logged.IntersectWith(items);
    }
}
