using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync.Queue;

/// <summary>Recorded changes that one batch has taken.</summary>
/// <param name="Count">Changes removed: a record can hold several.</param>
/// <param name="Ids">The dirty ids, each once.</param>
/// <param name="Everything">The transactions that recorded "everything"; their rows stay until that is done.</param>
/// <param name="OldestRunning">All changes of older transactions were seen by this statement.</param>
/// <param name="Age">How long ago the transaction of the oldest row began.</param>
/// <param name="ActiveConfiguration">For <see cref="RealtimeLock.Check"/>.</param>
internal readonly record struct ChangeBatch(long Count, string[] Ids, string[] Everything, ulong OldestRunning, TimeSpan Age, string? ActiveConfiguration);

/// <summary>The append-only table <c>pjsip_sync.change</c>.</summary>
internal static class ChangeQueue
{
    /// <summary>How many changes the records hold, as SQL.</summary>
    public const string Count = "coalesce(sum(1 + coalesce(cardinality(more_ids), 0)), 0)::bigint";

    /// <summary>Each id of a record, NULL for "everything", as SQL.</summary>
    public const string EachId = "unnest(id || more_ids)";

    /// <summary>The ids that <see cref="AddTo"/> took, for the statements that follow it in the same transaction.</summary>
    public const string TakenIds = "current_setting('pjsip_sync.taken_ids')::text[]";

    /// <summary>
    /// Removes rows with up to <paramref name="limit"/> ids, or a record's further ids more, and gives those. Only rows that were seen are removed: a transaction
    /// may commit late with a number lower than more_ids'. The watermark spares the dead rows that a long snapshot keeps.
    /// </summary>
    public static void AddTo(NpgsqlBatch batch, ulong watermark, int limit) => batch.BatchCommands.Add(new NpgsqlBatchCommand($"""
        with taken as (
          delete from pjsip_sync.change where ctid = any (array(
            select ctid from (
              select ctid, sum(1 + coalesce(cardinality(more_ids), 0)) over (order by xid rows unbounded preceding) - coalesce(cardinality(more_ids), 0) as place
              from (select ctid, xid, more_ids from pjsip_sync.change where xid >= $1::xid8 and id is not null order by xid limit $2) as oldest) as counted
            where place <= $2))
          returning id, more_ids, recorded_at
        ), dirty as (
          select count(*) as count, coalesce(array_agg(distinct one), array[]::text[]) as ids, min(recorded_at) as oldest
          from taken cross join lateral {EachId} as one
        )
        select count, ids,
               array(select distinct xid::text from pjsip_sync.change where xid >= $1::xid8 and id is null),
               pg_snapshot_xmin(pg_current_snapshot())::text,
               set_config('pjsip_sync.taken_ids', ids::text, true) is null,
               coalesce(greatest(clock_timestamp() - oldest, '0'), '0'), {RealtimeLock.ActiveConfiguration}
        from dirty
        """)
    { Parameters = { new() { Value = watermark.ToString(CultureInfo.InvariantCulture) }, new() { Value = limit } } });

    /// <summary>The same in a round trip of its own.</summary>
    public static async Task<ChangeBatch> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, ulong watermark, int limit, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddTo(batch, watermark, limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return await ReadAsync(reader, cancellation);
    }

    public static async Task<ChangeBatch> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        return new ChangeBatch(
            reader.GetInt64(0), reader.GetFieldValue<string[]>(1), reader.GetFieldValue<string[]>(2),
            ulong.Parse(reader.GetString(3), CultureInfo.InvariantCulture), reader.GetTimeSpan(5), reader.TextOrNull(6));
    }

    public static async Task<bool> HasAnyAsync(NpgsqlConnection connection, ulong watermark, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select exists (select from pjsip_sync.change where xid >= $1::xid8)", connection)
        { Parameters = { new() { Value = watermark.ToString(CultureInfo.InvariantCulture) } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Removes the "everything" rows of these transactions.</summary>
    public static async Task ForgetAsync(NpgsqlConnection connection, string[] transactions, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "delete from pjsip_sync.change where id is null and xid = any ($1::text[]::xid8[])", connection)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { new() { Value = transactions } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
