using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Loop 1: whether a worker is connected, applies the recorded changes, and keeps the ps_* tables equal to the extensions.
/// </summary>
internal sealed class SyncChecks(NpgsqlDataSource dataSource, WorkerSettings settings, SyncMetrics metrics)
{
    /// <summary>The longest time that a change waits while a worker runs, even if its notification was lost.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Limit of the check that compares all extensions.</summary>
    private static readonly TimeSpan DriftLimit = TimeSpan.FromSeconds(60);

    /// <summary>An SQL expression: the number of connections of running workers.</summary>
    private const string Workers =
        "(select count(*) from pg_stat_activity where datname = current_database() and application_name = 'pjsip-sync-worker')";

    private const string BacklogAdvice =
        "Nobody takes them: is the worker running, and does it stand by (journalctl -u pjsip-sync-worker)? "
        + "verify-config --fix applies them now";

    private const string DriftAdvice =
        "sync-extensions --dry-run shows them, sync-extensions or verify-config --fix corrects them; "
        + "find out who else writes the ps_* tables";

    /// <summary>The checks, each after those that it requires.</summary>
    public IEnumerable<Check> Checks =>
    [
        new("sync.worker", WorkerAsync) { Requires = [DatabaseChecks.Schema] },
        new("sync.backlog", BacklogAsync) { Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights], Fix = ApplyChangesAsync },
        new("sync.rejected", RejectedAsync) { Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights] },
        new("sync.drift", DriftAsync)
        {
            Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights, DatabaseChecks.Mapping, DatabaseChecks.Realtime],
            Fix = ReconcileAsync,
            Limit = DriftLimit,
        },
    ];

    private async Task<CheckResult> WorkerAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"select {Workers}, {RealtimeLock.ActiveConfiguration}");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        if (RealtimeLock.IsSuperseded(reader.TextOrNull(1), Installation.Fingerprint(settings)))
        {
            return CheckResult.Fail("the worker that was started last has another configuration than this one (Source, Realtime)",
                "Give both the same configuration and restart the worker: systemctl restart pjsip-sync-worker");
        }
        return reader.GetInt64(0) > 0
            ? CheckResult.Pass("a worker is connected")
            : CheckResult.Warn("no worker is connected to this database",
                "Start it: systemctl start pjsip-sync-worker (and look at journalctl -u pjsip-sync-worker)");
    }

    private async Task<CheckResult> BacklogAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            $"select {ChangeQueue.Count}, coalesce(now() - min(recorded_at), '0'), {Workers} from pjsip_sync.change");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (count, age) = (reader.GetInt64(0), reader.GetTimeSpan(1));
        if (count == 0)
            return CheckResult.Pass("no change waits");
        var found = $"{Plural.Of(count, "recorded change waits", "recorded changes wait")}, the oldest for {Duration(age)}";
        return age >= LongestWait ? CheckResult.Fail(found, BacklogAdvice)
            : reader.GetInt64(2) == 0 ? CheckResult.Warn($"{found}, and no worker is connected that applies them", BacklogAdvice)
            : CheckResult.Pass(found);
    }

    private async Task<CheckResult> RejectedAsync(CancellationToken cancellation)
    {
        var rejected = await NamedExtensions.ReadAsync(dataSource, "pjsip_sync.rejected", "rejected_at", cancellation);
        return rejected.Count == 0
            ? CheckResult.Pass("no extension is rejected")
            : CheckResult.Warn(rejected.Say("is rejected", "are rejected"),
                "Correct these rows of the application's table: select * from pjsip_sync.rejected");
    }

    private async Task<CheckResult> DriftAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var synchronizer = await SynchronizerAsync(connection, cancellation);
        var (result, plans) = await synchronizer.PreviewAsync(connection, allowMassRemoval: false, cancellation);
        if (result.Refusal is not null)
        {
            // The message consists of what is wrong, a colon, and what to do.
            var parts = result.Refusal.Split(": ", 2);
            return CheckResult.Fail(parts[0], parts[1]);
        }
        var pending = await PendingAsync(connection, cancellation);
        var drift = pending is null ? []
            : plans.SelectMany(plan => plan.Changes).Where(change => !pending.Contains(change.Id)).ToList();
        if (drift.Count == 0)
        {
            var others = result.Drift > 0 ? ", the others have a change that waits" : "";
            return CheckResult.Pass($"{Plural.Of(result.Unchanged, "endpoint is as it", "endpoints are as they")} should be{others}");
        }
        return CheckResult.Fail(
            $"{Count(ChangeKind.Create)} missing, {Count(ChangeKind.Update)} different, "
            + $"{Count(ChangeKind.Delete) + Count(ChangeKind.Release)} orphaned, "
            + $"such as {string.Join(", ", drift.Take(3).Select(change => change.Id))}",
            DriftAdvice);

        int Count(ChangeKind kind) => drift.Count(change => change.Kind == kind);
    }

    private async Task<string> ApplyChangesAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await (await SynchronizerAsync(connection, cancellation)).ApplyAllAsync(connection, cancellation);
        return "recorded changes applied";
    }

    private async Task<string> ReconcileAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var result = await (await SynchronizerAsync(connection, cancellation)).ReconcileAsync(
            connection, default, afterBatch: null, cancellation);
        var heldBack = result.HeldBack > 0 ? $", held back {Plural.Of(result.HeldBack, "removal")}" : "";
        return $"created {result.Created}, updated {result.Updated}, removed {result.Removed + result.Released}{heldBack}";
    }

    private async Task<Synchronizer> SynchronizerAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var realtimeSchema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        return await Synchronizer.CreateAsync(
            connection, realtimeSchema, new Mapper(realtimeSchema, settings.Realtime), settings.Sync,
            Installation.Fingerprint(settings), metrics, cancellation);
    }

    /// <summary>Ids with a recorded change that is not applied yet; null when a full comparison is recorded.</summary>
    private static async Task<HashSet<string>?> PendingAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select distinct {ChangeQueue.EachId} from pjsip_sync.change", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var pending = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            if (reader.IsDBNull(0))
                return null;
            pending.Add(reader.GetString(0));
        }
        return pending;
    }

    private static string Duration(TimeSpan age) =>
        age.TotalHours >= 1 ? $"{age.TotalHours:0.0} h" : age.TotalMinutes >= 1 ? $"{age.TotalMinutes:0} min" : $"{age.TotalSeconds:0} s";
}
