using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync.Queue;

/// <summary>
/// The queue of recorded changes: the append-only table <c>pjsip_sync.change</c>. A record has one id and possibly more in <c>more_ids</c>;
/// a record without an id demands that all extensions are compared.
/// </summary>
internal static class ChangeQueue
{
    /// <summary>SQL: the number of changes that a set of records holds.</summary>
    public const string Count = "coalesce(sum(1 + coalesce(cardinality(more_ids), 0)), 0)::bigint";

    /// <summary>SQL: one row for each id of a record; one row with NULL for a record without an id.</summary>
    public const string EachId = "unnest(id || more_ids)";

    /// <summary>
    /// SQL of the type <c>text[]</c>: the ids that <see cref="AddTake"/> took, for the statements that follow it in the same transaction.
    /// </summary>
    public const string TakenIds = "current_setting('pjsip_sync.taken_ids')::text[]";

    /// <summary>
    /// Appends a statement that removes the oldest records and returns their changes; <see cref="ReadAsync"/> reads the result. It deletes
    /// only the rows that it has read, because a transaction with a lower id may commit later.
    /// </summary>
    /// <param name="watermark">
    /// The <see cref="ChangeBatch.OldestRunning"/> of the last batch that emptied the queue; 0 at the start. Records of older transactions
    /// are skipped, because they are dead rows, which a long-running snapshot keeps in the table.
    /// </param>
    /// <param name="limit">The number of ids to take. The last record may exceed it by its further ids.</param>
    public static void AddTake(NpgsqlBatch batch, ulong watermark, int limit) => batch.Add($"""
        with taken as (
          delete from pjsip_sync.change where ctid = any (array(
            select ctid from (
              select ctid, sum(1 + coalesce(cardinality(more_ids), 0)) over (order by xid rows unbounded preceding)
                     - coalesce(cardinality(more_ids), 0) as place
              from (
                select ctid, xid, more_ids from pjsip_sync.change where xid >= $1::xid8 and id is not null order by xid limit $2) as oldest
              ) as counted
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
        """, Xid(watermark), Parameter.Of(limit));

    /// <summary>Takes a batch in a round trip of its own, see <see cref="AddTake"/>.</summary>
    public static async Task<ChangeBatch> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, ulong watermark, int limit, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddTake(batch, watermark, limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return await ReadAsync(reader, cancellation);
    }

    /// <summary>Reads the result of <see cref="AddTake"/>; the reader must stand before its only row.</summary>
    public static async Task<ChangeBatch> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        return new ChangeBatch
        {
            Count = reader.GetInt64(0),
            Ids = reader.GetFieldValue<string[]>(1),
            FullResyncs = reader.GetFieldValue<string[]>(2),
            OldestRunning = ulong.Parse(reader.GetString(3), CultureInfo.InvariantCulture),
            Age = reader.GetTimeSpan(5),
            ActiveConfiguration = reader.TextOrNull(6),
        };
    }

    /// <summary>Returns whether the queue has a record. This is so cheap that an idle worker can ask every second.</summary>
    /// <param name="watermark">See <see cref="AddTake"/>.</param>
    public static async Task<bool> HasAnyAsync(NpgsqlConnection connection, ulong watermark, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select exists (select from pjsip_sync.change where xid >= $1::xid8)", connection)
        { Parameters = { Xid(watermark) } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Records a demand that all extensions are compared, which is no cause of removals.</summary>
    public static async Task AddFullResyncAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("insert into pjsip_sync.change (id) values (null)", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Removes the records that demanded a comparison of all extensions, after it was done.</summary>
    /// <param name="transactions">See <see cref="ChangeBatch.FullResyncs"/>. Records of other transactions, which came later, stay.</param>
    public static async Task RemoveFullResyncsAsync(NpgsqlConnection connection, string[] transactions, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "delete from pjsip_sync.change where id is null and xid = any ($1::text[]::xid8[])", connection)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Texts(transactions) } };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Xid(ulong xid) => Parameter.Of(xid.ToString(CultureInfo.InvariantCulture));
}
