using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Database;
using PjsipSyncWorker.Source;
using PjsipSyncWorker.Target;

namespace PjsipSyncWorker.Sync;

/// <summary>Reads source, owner list, rejections and target for a set of ids in one round trip.</summary>
internal sealed class StateReader(Catalogue catalogue, Shapes shapes)
{
    private static readonly TargetTable[] Tables = [TargetTable.Endpoint, TargetTable.Auth, TargetTable.Aor];

    /// <summary>The columns to compare; widened when a row sets one that none had before.</summary>
    private ColumnSet _compared;

    /// <summary>What stands in the database for these ids.</summary>
    public async Task<SyncState> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, ColumnSet expected, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.Bulk };
        foreach (var sql in Reads("$1", expected))
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql)
            {
                Parameters = { new NpgsqlParameter { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } },
            });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return await ReadAsync(reader, cancellation);
    }

    /// <summary>Takes the target's lock, takes recorded changes, and reads what stands for them, each in a statement of its own: a snapshot is never older than the lock.</summary>
    /// <exception cref="StandByException">Another worker with another configuration was started later.</exception>
    public async Task<(ChangeBatch Taken, SyncState State)> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, ulong watermark, int limit, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.Bulk };
        TargetLock.AddTo(batch);
        ChangeTable.AddTo(batch, watermark, limit);
        foreach (var sql in Reads(ChangeTable.TakenIds, expected: default))
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await TargetLock.CheckAsync(reader, fingerprint, cancellation);
        await reader.NextResultAsync(cancellation);
        var taken = await ChangeTable.ReadAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        return (taken, await ReadAsync(reader, cancellation));
    }

    private IEnumerable<string> Reads(string ids, ColumnSet expected)
    {
        _compared |= shapes.All | expected;
        // A join is as good a plan for one id as for thousands; = any (…) is not.
        var wanted = $"join unnest({ids}) as wanted (id) using (id)";
        return
        [
            SourceReader.Sql(ids),
            $"select id, row_key, adopted, shape, deleted_at is not null from pjsip_sync.endpoint {wanted}",
            $"""
            select row_key, id, reason from pjsip_sync.rejected {wanted}
            union
            select r.row_key, r.id, r.reason from pjsip_sync.rejected r join pjsip_sync.endpoint e using (row_key) join unnest({ids}) as wanted (id) on wanted.id = e.id
            """,
            .. Tables.Select(table => TargetSql(table, wanted)),
        ];
    }

    private async Task<SyncState> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var extensions = await SourceReader.ReadAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        var owners = await ReadOwnersAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        var rejected = await ReadRejectedAsync(reader, cancellation);
        var target = new Dictionary<string, TargetRows>(extensions.Count, StringComparer.Ordinal);
        foreach (var table in Tables)
        {
            await reader.NextResultAsync(cancellation);
            await ReadTargetAsync(reader, table, target, cancellation);
        }
        return new SyncState(extensions, owners, target, rejected, []);
    }

    /// <summary>Whether all of these columns were read for comparison.</summary>
    public bool Covers(ColumnSet columns) => columns.Except(_compared).IsEmpty;

    private string TargetSql(TargetTable table, string wanted)
    {
        var columns = string.Concat(Compared(table).Select(column => $", {column.Quoted}::text"));
        return $"select id::text{columns} from {catalogue.Quoted(table)} {wanted}";
    }

    private List<TargetColumn> Compared(TargetTable table)
    {
        var list = new List<TargetColumn>();
        foreach (var index in _compared & catalogue.Of(table))
            list.Add(catalogue.Columns[index]);
        return list;
    }

    private async Task<Dictionary<string, Owner>> ReadOwnersAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var owners = new Dictionary<string, Owner>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            var shape = reader.GetInt32(3);
            if (!shapes.Knows(shape))
                throw new UnknownShapeException();
            owners[reader.GetString(0)] = new Owner(reader.GetString(1), reader.GetBoolean(2), shapes[shape], reader.GetBoolean(4));
        }
        return owners;
    }

    private static async Task<Dictionary<string, Rejection>> ReadRejectedAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var rejected = new Dictionary<string, Rejection>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            rejected[reader.GetString(0)] = new Rejection(reader.GetString(0), reader.TextOrNull(1), reader.GetString(2));
        return rejected;
    }

    private async Task ReadTargetAsync(
        NpgsqlDataReader reader, TargetTable table, Dictionary<string, TargetRows> target, CancellationToken cancellation)
    {
        var indexes = Compared(table).Select(column => column.Index).ToArray();
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            if (!target.TryGetValue(id, out var rows))
                target[id] = rows = new TargetRows(new string?[catalogue.Columns.Count], new bool[3]);
            rows.Present[(int)table] = true;
            for (var i = 0; i < indexes.Length; i++)
                rows.ByIndex[indexes[i]] = reader.TextOrNull(i + 1);
        }
    }
}

/// <summary>Another worker wrote a shape this one has not seen; the shapes are read again and the batch repeated.</summary>
internal sealed class UnknownShapeException() : Exception("a shape of another worker");
