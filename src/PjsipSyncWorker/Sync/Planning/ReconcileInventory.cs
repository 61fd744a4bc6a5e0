using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>Every id of some parts that the source, the owner list or the rejections know, counted before a reconcile touches anything.</summary>
/// <param name="Ids">Each once.</param>
/// <param name="ManagedCount">Living endpoints of ours.</param>
/// <param name="SkippedCount">How many of them are in other parts.</param>
/// <param name="UnexplainedRemovals">Endpoints of ours that no active extension wants any more, with no recorded change that says why.</param>
internal sealed record ReconcileInventory(List<string> Ids, int ManagedCount, int SkippedCount, HashSet<string> UnexplainedRemovals)
{
    public static async Task<ReconcileInventory> TakeAsync(NpgsqlConnection connection, IReadOnlyList<int> parts, CancellationToken cancellation)
    {
        try
        {
            return await TakeAsync(connection, parts, "bool_or(active)", cancellation);
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            // Source:Active fails on some row; which one is found when its batch is read.
            return await TakeAsync(connection, parts, "true", cancellation);
        }
    }

    private static async Task<ReconcileInventory> TakeAsync(NpgsqlConnection connection, IReadOnlyList<int> parts, string active, CancellationToken cancellation)
    {
        // Joins of sets, each read once: with a million changes waiting, a look at them for each endpoint would take hours.
        await using var command = new NpgsqlCommand($"""
            with wanted as (select unnest($1) as bucket),
            s as (select number, {active} as active from pjsip_sync.extensions(null) join wanted on bucket = pjsip_sync.bucket_of(number) group by number),
            e as (select id, wanted.bucket from pjsip_sync.managed_endpoint left join wanted on bucket = pjsip_sync.bucket_of(id) where deleted_at is null)
            select s.number, e.id, coalesce(s.active, false),
                   (select pjsip_sync.sees_every_row()) and (c.id is not null or exists (select from pjsip_sync.change where id is null and cause is not null)), 0::bigint
            from s
            full join (select id from e where bucket is not null) e on e.id = s.number
            left join (select distinct {ChangeQueue.EachId} as id from pjsip_sync.change) c on c.id = e.id
            union all
            select r.id, null, true, false, 0 from pjsip_sync.rejected r join wanted on bucket = pjsip_sync.bucket_of(r.id)
            where r.id is not null and not exists (select from s where s.number = r.id)
            union all
            select null, null, false, false, count(*) from e where bucket is null
            """, connection) { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { new() { Value = parts.ToArray() } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        var unasked = new HashSet<string>(StringComparer.Ordinal);
        var (owned, elsewhere) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            elsewhere += (int)reader.GetInt64(4);
            var id = reader.TextOrNull(1);
            if ((id ?? reader.TextOrNull(0)) is { } either)
                ids.Add(either);
            if (id is null)
                continue;
            owned++;
            if (!reader.GetBoolean(2) && !reader.GetBoolean(3))
                unasked.Add(id);
        }
        return new ReconcileInventory(ids, owned + elsewhere, elsewhere, unasked);
    }

    /// <summary>The removals that have no cause and are more than the share and the number allow; empty when they are not.</summary>
    public IReadOnlySet<string> HeldBack(SyncSettings settings) =>
        UnexplainedRemovals.Count > settings.MaxRemovalCount && UnexplainedRemovals.Count > settings.MaxRemovalShare * ManagedCount ? UnexplainedRemovals : new HashSet<string>();
}
