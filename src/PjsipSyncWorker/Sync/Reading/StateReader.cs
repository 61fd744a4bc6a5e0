using Npgsql;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync.Reading;

/// <summary>
/// Reads source, owner list and target for a set of ids in one round trip (an error where a policy may hide rows), and in a second the rejections, where there are any at all.
/// Extensions are mapped as they arrive: the server computes the rest meanwhile.
/// </summary>
internal sealed class StateReader(RealtimeSchema catalogue, Mapper mapper, ColumnSetTable shapes)
{
    /// <summary>The columns to compare; widened when a row sets one that none had before.</summary>
    private ColumnSet _compared;

    /// <summary>The text of the query that reads them, by where the ids come from.</summary>
    private readonly Dictionary<string, string> _knownSql = [];

    /// <summary>What stands in the database for these ids.</summary>
    public async Task<SyncState> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, ColumnSet expected, CancellationToken cancellation)
    {
        SyncState state;
        bool rejections;
        await using (var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds })
        {
            foreach (var sql in Reads("$1", expected))
                batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Parameter.Texts(ids) } });
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            (state, rejections) = await ReadAsync(reader, cancellation);
        }
        return rejections ? state with { Rejected = await ReadRejectedAsync(connection, transaction, ids, cancellation) } : state;
    }

    /// <summary>Takes the target's lock, takes recorded changes, and reads what stands for them, each in a statement of its own: a snapshot is never older than the lock.</summary>
    /// <param name="patient">Whether it may last as long as a statement on very many rows. Cancelling cuts it no shorter: Npgsql cancels nothing before BEGIN was answered.</param>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later.</exception>
    public async Task<(ChangeBatch Taken, SyncState State)> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, ulong watermark, int limit, bool patient, CancellationToken cancellation)
    {
        ChangeBatch taken;
        SyncState state;
        bool rejections;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            if (patient)
                batch.Timeout = DataSource.BulkTimeoutSeconds;
            RealtimeLock.AddTo(batch);
            ChangeQueue.AddTo(batch, watermark, limit);
            foreach (var sql in Reads(ChangeQueue.TakenIds, expected: default))
                batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            taken = await ChangeQueue.ReadAsync(reader, cancellation);
            RealtimeLock.Check(taken.ActiveConfiguration, fingerprint);
            await reader.NextResultAsync(cancellation);
            (state, rejections) = await ReadAsync(reader, cancellation);
        }
        return (taken, rejections ? state with { Rejected = await ReadRejectedAsync(connection, transaction, taken.Ids, cancellation) } : state);
    }

    private IEnumerable<string> Reads(string ids, ColumnSet expected)
    {
        var wanted = _compared | shapes.All | expected;
        if (wanted != _compared)
        {
            _compared = wanted;
            _knownSql.Clear();
        }
        if (!_knownSql.TryGetValue(ids, out var known))
            _knownSql[ids] = known = KnownSql(ids);
        return [SourceReader.Sql(ids), known];
    }

    /// <returns>And whether there are any rejections, which are not read yet.</returns>
    private async Task<(SyncState State, bool Rejections)> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var candidates = new List<Candidate>();
        await foreach (var extension in SourceReader.ReadAsync(reader, cancellation))
            if (extension.Active)
                candidates.Add(Candidate.Of(extension, mapper));
        await reader.NextResultAsync(cancellation);
        var owners = new Dictionary<string, ManagedEndpoint>(candidates.Count, StringComparer.Ordinal);
        var target = new Dictionary<string, ActualEndpoint>(candidates.Count, StringComparer.Ordinal);
        var reserved = new Dictionary<string, string>(StringComparer.Ordinal);
        var rejections = await ReadKnownAsync(reader, owners, target, reserved, cancellation);
        return (new SyncState(candidates, owners, target, new Dictionary<string, Rejection>(), reserved, []), rejections);
    }

    /// <summary>Whether all of these columns were read for comparison.</summary>
    public bool Covers(ColumnSet columns) => columns.Except(_compared).IsEmpty;

    /// <summary>What is found by its index for each of the ids: the only way whose cost no statistics can misjudge.</summary>
    private static string Each(string columns, string table, string condition) => $"lateral (select {columns} from {table} where {condition} offset 0)";

    private string KnownSql(string ids)
    {
        // Whether the source was seen in full is asked after it was read: that transaction holds a lock on it by now, and no policy has changed.
        const string rejections = "(select pjsip_sync.sees_every_row()) and exists (select from pjsip_sync.rejected)";
        var compared = Compared();
        var tables = string.Concat(RealtimeTable.All.Select(table =>
            $" left join {Each($"id{Names(compared.Where(column => column.Table == table))}", catalogue.Quoted(table), "id = wanted.id")} as {table.Section} on true"));
        return $"""
            select wanted.id, owner.row_key, owner.adopted, owner.column_set, owner.deleted_at is not null, {rejections},
                   (select min(file || ' of ' || node) from pjsip_sync.reserved_name where id = wanted.id)
                 {string.Concat(RealtimeTable.All.Select(table => $", {table.Section}.id is not null"))}{string.Concat(compared.Select(column => $", {column.Table.Section}.{column.Quoted}::text"))}
            from unnest({ids}) as wanted (id)
            left join {Each("row_key, adopted, column_set, deleted_at", "pjsip_sync.managed_endpoint", "id = wanted.id")} as owner on true{tables}
            """;

        static string Names(IEnumerable<RealtimeColumn> columns) => string.Concat(columns.Select(column => $", {column.Quoted}"));
    }

    private List<RealtimeColumn> Compared()
    {
        var list = new List<RealtimeColumn>();
        foreach (var index in _compared)
            list.Add(catalogue.Columns[index]);
        return list;
    }

    /// <returns>Whether there are any rejections.</returns>
    private async Task<bool> ReadKnownAsync(NpgsqlDataReader reader, Dictionary<string, ManagedEndpoint> owners, Dictionary<string, ActualEndpoint> target, Dictionary<string, string> reserved, CancellationToken cancellation)
    {
        var rejections = false;
        var compared = Compared();
        var places = Enumerable.Repeat(-1, catalogue.Columns.Count).ToArray();
        foreach (var (place, column) in compared.Index())
            places[column.Index] = place;
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            if (!reader.IsDBNull(1))
            {
                var shape = reader.GetInt32(3);
                if (!shapes.Knows(shape))
                    throw new UnknownColumnSetException();
                owners[id] = new ManagedEndpoint(reader.GetString(1), reader.GetBoolean(2), shapes[shape], reader.GetBoolean(4));
            }
            rejections = reader.GetBoolean(5);
            if (reader.TextOrNull(6) is { } file)
                reserved[id] = file;
            bool[] present = [reader.GetBoolean(7), reader.GetBoolean(8), reader.GetBoolean(9)];
            if (!present.Contains(true))
                continue;
            var values = new string?[compared.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = reader.TextOrNull(i + 10);
            target[id] = new ActualEndpoint(values, places, present);
        }
        return rejections;
    }

    /// <summary>The rejections of these ids, and of the rows that own them.</summary>
    private static async Task<Dictionary<string, Rejection>> ReadRejectedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"""
            select r.row_key, r.id, r.reason from unnest($1) as wanted (id)
            cross join {Each("row_key, id, reason", "pjsip_sync.rejected", "id = wanted.id")} as r
            union
            select r.row_key, r.id, r.reason from unnest($1) as wanted (id)
            cross join {Each("row_key", "pjsip_sync.managed_endpoint", "id = wanted.id")} as owner
            cross join {Each("row_key, id, reason", "pjsip_sync.rejected", "row_key = owner.row_key")} as r
            """, connection, transaction) { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Texts(ids) } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rejected = new Dictionary<string, Rejection>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            rejected[reader.GetString(0)] = new Rejection(reader.GetString(0), reader.TextOrNull(1), reader.GetString(2));
        return rejected;
    }
}

/// <summary>Another worker wrote a shape this one has not seen; the shapes are read again and the batch repeated.</summary>
internal sealed class UnknownColumnSetException() : Exception("a shape of another worker");
