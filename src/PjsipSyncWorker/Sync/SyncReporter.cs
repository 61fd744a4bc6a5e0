using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Writes the log lines of the sync loop. A condition that lasts is logged once, and again after it has changed. Not thread-safe.
/// </summary>
internal sealed partial class SyncReporter(ILogger<SyncService> logger)
{
    /// <summary>Most new rejections of a batch that have a line of their own.</summary>
    private const int MostRejections = 5;

    private readonly HashSet<string> _leftOutOfSource = new(StringComparer.Ordinal);
    private readonly HashSet<string> _notWritten = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leftOutOfRealtime = new(StringComparer.Ordinal);
    private string? _heldBack;
    private (string Faults, string Refusal)? _notRepaired;

    /// <summary>Logs why the session ended.</summary>
    /// <param name="reason">In one line, without a secret.</param>
    public void Interrupted(string reason) => Log.Interrupted(logger, reason);

    /// <summary>Logs what of the application's table cannot be used.</summary>
    public void LeftOutOfSource(MappingFaults faults)
    {
        LeftOut(faults.Problems, _leftOutOfSource, Log.LeftOut);
        LeftOut(faults.MissingOptional, _notWritten, Log.NotWritten);
    }

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

    /// <summary>Logs options that are configured and have no column in the ps_* tables.</summary>
    public void LeftOutOfRealtime(IReadOnlyList<string> options) => LeftOut(options, _leftOutOfRealtime, Log.LeftOut);

    /// <summary>
    /// Logs one line for a batch, its first rejections and, at debug level, each of its endpoints and rejections. Logs nothing for a batch
    /// without changes.
    /// </summary>
    public void Applied(BatchResult batch)
    {
        if (batch.Changes == 0)
            return;
        var plan = batch.Plan;
        Log.Applied(
            logger, batch.Changes, Plural.S(batch.Changes), (long)batch.Elapsed.TotalMilliseconds, plan.Count(ChangeKind.Create),
            plan.Count(ChangeKind.Update), batch.Unchanged, plan.Count(ChangeKind.Delete), plan.Count(ChangeKind.Release), plan.Rejected);
        Rejections(plan.NewRejections, plan.NewRejections.Count, plan.Repaired);
        if (!logger.IsEnabled(LogLevel.Debug))
            return;
        foreach (var change in plan.Changes)
            Log.Changed(logger, change.Kind, UntrustedText.Escape(change.Id));
    }

    /// <summary>Logs the end of the first full comparison of a session.</summary>
    public void Ready(ReconcileResult result)
    {
        Log.Ready(
            logger, (long)result.Elapsed.TotalMilliseconds, result.Created, result.Updated, result.Unchanged, result.Removed,
            result.Released, result.Rejected, result.HeldBack);
        Rejections(result.NewRejections, result.NewRejectionCount, result.Repaired);
    }

    /// <summary>Logs the end of a full comparison that a recorded change demanded.</summary>
    public void Compared(ReconcileResult result)
    {
        Log.Compared(
            logger, (long)result.Elapsed.TotalMilliseconds, result.Created, result.Updated, result.Unchanged, result.Removed,
            result.Released, result.Rejected, result.HeldBack);
        Rejections(result.NewRejections, result.NewRejectionCount, result.Repaired);
    }

    /// <summary>Logs what a periodic full comparison repaired; nothing when it repaired nothing.</summary>
    public void DriftRepaired(ReconcileResult result)
    {
        if (result.Drift > 0)
            Log.Drift(logger, result.Created, result.Updated, result.Removed, result.Released, result.Rejected);
        Rejections(result.NewRejections, result.NewRejectionCount, result.Repaired);
    }

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

    /// <summary>
    /// Logs the first of the new rejections (at debug level all that are given), how many more there are, and the rejections that ended.
    /// </summary>
    private void Rejections(IReadOnlyList<Rejection> rejections, int count, IReadOnlyList<Rejection> repaired)
    {
        var shown = logger.IsEnabled(LogLevel.Debug) ? rejections.Count : Math.Min(rejections.Count, MostRejections);
        foreach (var rejection in rejections.Take(shown))
            Log.Rejected(logger, Name(rejection), UntrustedText.Escape(rejection.Reason));
        if (count > shown)
            Log.MoreRejected(logger, count - shown, Plural.S(count - shown));
        if (repaired.Count > 0)
            Log.Repaired(logger, NumberList.Text([.. repaired.Select(Name)]));
    }

    private static string Name(Rejection rejection) =>
        NumberList.Short(rejection.Id is { Length: > 0 } number ? number : $"the row with the key {rejection.RowKey}");

    private void LeftOut(IReadOnlyList<string> items, HashSet<string> logged, Action<ILogger, string> log)
    {
        foreach (var item in items.Where(logged.Add))
            log(logger, item);
        logged.IntersectWith(items);
    }
}
