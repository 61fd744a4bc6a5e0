using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>
/// All ids that a full comparison has to look at, counted before anything is changed: numbers of extensions, ids of living registry
/// entries, and ids of stored rejections.
/// </summary>
/// <param name="Ids">The ids of the requested buckets, each once.</param>
/// <param name="ManagedCount">Living registry entries of all buckets.</param>
/// <param name="SkippedCount">How many of these are in buckets that were not requested.</param>
/// <param name="UnexplainedRemovals">Managed ids that no active extension has any more, while no recorded change says why.</param>
internal sealed record ReconcileInventory(List<string> Ids, int ManagedCount, int SkippedCount, HashSet<string> UnexplainedRemovals)
{
    /// <summary>Takes the inventory, in one statement.</summary>
    /// <param name="buckets">The buckets whose ids are wanted, see <see cref="BucketDigests.AllBuckets"/>.</param>
    public static async Task<ReconcileInventory> TakeAsync(
        NpgsqlConnection connection, IReadOnlyList<int> buckets, CancellationToken cancellation)
    {
        try
        {
            return await TakeAsync(connection, buckets, "bool_or(active)", cancellation);
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            // Source:Active fails on some row. All rows count as active here; the bad row is found when its batch is read.
            return await TakeAsync(connection, buckets, "true", cancellation);
        }
    }

    private static async Task<ReconcileInventory> TakeAsync(
        NpgsqlConnection connection, IReadOnlyList<int> buckets, string active, CancellationToken cancellation)
    {
        // Each table is read once, and the sets are joined: searching a million waiting changes for each endpoint would take hours.
        await using var command = new NpgsqlCommand($"""
            with wanted as (select unnest($1) as bucket),
            s as (
              select number, {active} as active
              from pjsip_sync.extensions(null) join wanted on bucket = pjsip_sync.bucket_of(number) group by number),
            e as (
              select id, wanted.bucket
              from pjsip_sync.managed_endpoint left join wanted on bucket = pjsip_sync.bucket_of(id) where deleted_at is null)
            select s.number, e.id, coalesce(s.active, false),
                   (select pjsip_sync.sees_every_row())
                   and (c.id is not null or exists (select from pjsip_sync.change where id is null and cause is not null)), 0::bigint
            from s
            full join (select id from e where bucket is not null) e on e.id = s.number
            left join (select distinct {ChangeQueue.EachId} as id from pjsip_sync.change) c on c.id = e.id
            union all
            select r.id, null, true, false, 0 from pjsip_sync.rejected r join wanted on bucket = pjsip_sync.bucket_of(r.id)
            where r.id is not null and not exists (select from s where s.number = r.id)
            union all
            select null, null, false, false, count(*) from e where bucket is null
            """, connection)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Array(NpgsqlDbType.Integer, buckets) } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        var unexplained = new HashSet<string>(StringComparer.Ordinal);
        var (managed, skipped) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            skipped += (int)reader.GetInt64(4);
            var managedId = reader.TextOrNull(1);
            if ((managedId ?? reader.TextOrNull(0)) is { } id)
                ids.Add(id);
            if (managedId is null)
                continue;
            managed++;
            var (isActive, hasCause) = (reader.GetBoolean(2), reader.GetBoolean(3));
            if (!isActive && !hasCause)
                unexplained.Add(managedId);
        }
        return new ReconcileInventory(ids, managed + skipped, skipped, unexplained);
    }

    /// <summary>
    /// Returns the unexplained removals if they exceed both limits of <c>Sync:MaxRemoval</c>, the number and the share of all managed
    /// endpoints; otherwise none.
    /// </summary>
    public IReadOnlySet<string> RemovalsToHoldBack(SyncSettings settings) =>
        UnexplainedRemovals.Count > settings.MaxRemoval.Count && UnexplainedRemovals.Count > settings.MaxRemoval.Share * ManagedCount
            ? UnexplainedRemovals
            : new HashSet<string>();
}
