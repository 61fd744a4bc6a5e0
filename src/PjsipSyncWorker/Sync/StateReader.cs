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
        return [SourceReader.Sql(ids), KnownSql(ids), RejectedSql(ids)];
    }

    private async Task<SyncState> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var extensions = await SourceReader.ReadAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        var (owners, target) = await ReadKnownAsync(reader, extensions.Count, cancellation);
        await reader.NextResultAsync(cancellation);
        var rejected = await ReadRejectedAsync(reader, cancellation);
        return new SyncState(extensions, owners, target, rejected, []);
    }

    /// <summary>Whether all of these columns were read for comparison.</summary>
    public bool Covers(ColumnSet columns) => columns.Except(_compared).IsEmpty;

    /// <summary>What is found by its index for each of the ids: the only way whose cost no statistics can misjudge.</summary>
    private static string Each(string columns, string table, string condition) => $"lateral (select {columns} from {table} where {condition} offset 0)";

    private string KnownSql(string ids)
    {
        var compared = Compared();
        var tables = string.Concat(Tables.Select(table =>
            $" left join {Each($"id{Names(compared.Where(column => column.Table == table))}", catalogue.Quoted(table), "id = wanted.id")} as {table} on true"));
        return $"""
            select wanted.id, owner.row_key, owner.adopted, owner.shape, owner.deleted_at is not null
                 {string.Concat(Tables.Select(table => $", {table}.id is not null"))}{string.Concat(compared.Select(column => $", {column.Table}.{column.Quoted}::text"))}
            from unnest({ids}) as wanted (id)
            left join {Each("row_key, adopted, shape, deleted_at", "pjsip_sync.endpoint", "id = wanted.id")} as owner on true{tables}
            """;

        static string Names(IEnumerable<TargetColumn> columns) => string.Concat(columns.Select(column => $", {column.Quoted}"));
    }

    private static string RejectedSql(string ids) => $"""
        select r.row_key, r.id, r.reason from unnest({ids}) as wanted (id)
        cross join {Each("row_key, id, reason", "pjsip_sync.rejected", "id = wanted.id")} as r
        where exists (select from pjsip_sync.rejected)
        union
        select r.row_key, r.id, r.reason from unnest({ids}) as wanted (id)
        cross join {Each("row_key", "pjsip_sync.endpoint", "id = wanted.id")} as owner
        cross join {Each("row_key, id, reason", "pjsip_sync.rejected", "row_key = owner.row_key")} as r
        where exists (select from pjsip_sync.rejected)
        """;

    private List<TargetColumn> Compared()
    {
        var list = new List<TargetColumn>();
        foreach (var index in _compared)
            list.Add(catalogue.Columns[index]);
        return list;
    }

    private async Task<(Dictionary<string, Owner> Owners, Dictionary<string, TargetRows> Target)> ReadKnownAsync(NpgsqlDataReader reader, int about, CancellationToken cancellation)
    {
        var owners = new Dictionary<string, Owner>(about, StringComparer.Ordinal);
        var target = new Dictionary<string, TargetRows>(about, StringComparer.Ordinal);
        var indexes = Compared().Select(column => column.Index).ToArray();
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            if (!reader.IsDBNull(1))
            {
                var shape = reader.GetInt32(3);
                if (!shapes.Knows(shape))
                    throw new UnknownShapeException();
                owners[id] = new Owner(reader.GetString(1), reader.GetBoolean(2), shapes[shape], reader.GetBoolean(4));
            }
            bool[] present = [reader.GetBoolean(5), reader.GetBoolean(6), reader.GetBoolean(7)];
            if (!present.Contains(true))
                continue;
            var rows = target[id] = new TargetRows(new string?[catalogue.Columns.Count], present);
            for (var i = 0; i < indexes.Length; i++)
                rows.ByIndex[indexes[i]] = reader.TextOrNull(i + 8);
        }
        return (owners, target);
    }

    private static async Task<Dictionary<string, Rejection>> ReadRejectedAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var rejected = new Dictionary<string, Rejection>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            rejected[reader.GetString(0)] = new Rejection(reader.GetString(0), reader.TextOrNull(1), reader.GetString(2));
        return rejected;
    }
}

/// <summary>Another worker wrote a shape this one has not seen; the shapes are read again and the batch repeated.</summary>
internal sealed class UnknownShapeException() : Exception("a shape of another worker");
