using Npgsql;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync.Reading;

/// <summary>
/// Reads the extensions, the registry entries and the ps_* rows of a set of ids in one round trip, and stored rejections, if there are any,
/// in a second. Extensions are mapped as they arrive, while the server computes the rest. Not thread-safe.
/// </summary>
internal sealed class StateReader(RealtimeSchema schema, Mapper mapper, ColumnSetTable columnSets)
{
    /// <summary>The columns of the ps_* rows that the queries read. They only become more.</summary>
    private ColumnSet _readColumns;

    /// <summary>The SQL that reads registry entries and ps_* rows, by the SQL that gives the ids.</summary>
    private readonly Dictionary<string, string> _entriesSql = [];

    /// <summary>Returns whether all of these columns were read, so that their values can be compared.</summary>
    public bool Covers(ColumnSet columns) => columns.Except(_readColumns).IsEmpty;

    /// <summary>Reads the state of these ids.</summary>
    /// <param name="ids">Each once.</param>
    /// <param name="expected">Columns to read in addition to those that any managed endpoint ever had.</param>
    /// <exception cref="PostgresException">
    /// A mapping expression fails on a row (<see cref="DatabaseErrors.RejectsRow"/>), or a row-level policy may hide rows.
    /// </exception>
    /// <exception cref="UnknownColumnSetException">The column sets must be loaded again.</exception>
    public async Task<SyncState> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, ColumnSet expected, CancellationToken cancellation)
    {
        SyncState state;
        bool hasRejections;
        await using (var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds })
        {
            var (extensions, entries) = Queries("$1", expected);
            batch.Add(extensions, Parameter.Texts(ids));
            batch.Add(entries, Parameter.Texts(ids));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            (state, hasRejections) = await ReadAsync(reader, cancellation);
        }
        return hasRejections ? state with { Rejected = await ReadRejectedAsync(connection, transaction, ids, cancellation) } : state;
    }

    /// <summary>
    /// Takes the writers' lock, takes recorded changes from the queue, and reads the state of their ids, in one round trip. Each is a
    /// statement of its own, so that it takes its snapshot after the lock was granted.
    /// </summary>
    /// <param name="watermark">See <see cref="ChangeQueue.AddTake"/>.</param>
    /// <param name="limit">See <see cref="ChangeQueue.AddTake"/>.</param>
    /// <param name="commandTimeout">
    /// Seconds that the batch may last; null for the connection's own timeout. Cancelling does not end the batch sooner, because Npgsql
    /// cancels nothing before BEGIN was answered.
    /// </param>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later.</exception>
    /// <inheritdoc cref="ReadAsync(NpgsqlConnection, NpgsqlTransaction, string[], ColumnSet, CancellationToken)" path="/exception"/>
    public async Task<(ChangeBatch Taken, SyncState State)> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, ulong watermark, int limit, int? commandTimeout,
        CancellationToken cancellation)
    {
        ChangeBatch taken;
        SyncState state;
        bool hasRejections;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            if (commandTimeout is { } seconds)
                batch.Timeout = seconds;
            RealtimeLock.AddTo(batch);
            ChangeQueue.AddTake(batch, watermark, limit);
            var (extensions, entries) = Queries(ChangeQueue.TakenIds, expected: default);
            batch.Add(extensions);
            batch.Add(entries);
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            taken = await ChangeQueue.ReadAsync(reader, cancellation);
            RealtimeLock.Check(taken.ActiveConfiguration, fingerprint);
            await reader.NextResultAsync(cancellation);
            (state, hasRejections) = await ReadAsync(reader, cancellation);
        }
        if (hasRejections)
            state = state with { Rejected = await ReadRejectedAsync(connection, transaction, taken.Ids, cancellation) };
        return (taken, state);
    }

    /// <param name="ids">The ids as SQL of the type <c>text[]</c>.</param>
    /// <returns>The SQL that reads the extensions, and the SQL that reads the registry entries and ps_* rows.</returns>
    private (string Extensions, string Entries) Queries(string ids, ColumnSet expected)
    {
        var wanted = _readColumns | columnSets.All | expected;
        if (wanted != _readColumns)
        {
            _readColumns = wanted;
            _entriesSql.Clear();
        }
        if (!_entriesSql.TryGetValue(ids, out var entries))
            _entriesSql[ids] = entries = EntriesSql(ids);
        return (ExtensionReader.Sql(ids), entries);
    }

    /// <returns>The state without stored rejections, and whether there are any in the database.</returns>
    private async Task<(SyncState State, bool HasRejections)> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var candidates = new List<Candidate>();
        await foreach (var extension in ExtensionReader.ReadAsync(reader, cancellation))
            if (extension.Active)
                candidates.Add(Candidate.Map(extension, mapper));
        await reader.NextResultAsync(cancellation);
        var managed = new Dictionary<string, ManagedEndpoint>(candidates.Count, StringComparer.Ordinal);
        var actual = new Dictionary<string, ActualEndpoint>(candidates.Count, StringComparer.Ordinal);
        var reserved = new Dictionary<string, string>(StringComparer.Ordinal);
        var hasRejections = await ReadEntriesAsync(reader, managed, actual, reserved, cancellation);
        return (new SyncState { Candidates = candidates, Managed = managed, Actual = actual, Reserved = reserved }, hasRejections);
    }

    /// <summary>
    /// Returns a subquery that looks up one row by its index. With OFFSET 0 the planner keeps that, whatever the statistics say.
    /// </summary>
    private static string LookUp(string columns, string table, string condition) =>
        $"lateral (select {columns} from {table} where {condition} offset 0)";

    private string EntriesSql(string ids)
    {
        // Asked after the extensions were read: by then the transaction holds a lock on their table, so that no policy can change any more.
        const string hasRejections = "(select pjsip_sync.sees_every_row()) and exists (select from pjsip_sync.rejected)";
        var columns = ReadColumns();
        var tables = string.Concat(RealtimeTable.All.Select(table =>
            $" left join {LookUp($"id{Names(table)}", schema.Quoted(table), "id = wanted.id")} as {table.Section} on true"));
        var entry = LookUp("row_key, adopted, column_set, deleted_at", "pjsip_sync.managed_endpoint", "id = wanted.id");
        var present = string.Concat(RealtimeTable.All.Select(table => $", {table.Section}.id is not null"));
        var values = string.Concat(columns.Select(column => $", {column.Table.Section}.{column.Quoted}::text"));
        return $"""
            select wanted.id, owner.row_key, owner.adopted, owner.column_set, owner.deleted_at is not null, {hasRejections},
                   (select min(file || ' of ' || node) from pjsip_sync.reserved_name where id = wanted.id)
                 {present}{values}
            from unnest({ids}) as wanted (id)
            left join {entry} as owner on true{tables}
            """;

        string Names(RealtimeTable table) =>
            string.Concat(columns.Where(column => column.Table == table).Select(column => $", {column.Quoted}"));
    }

    private List<RealtimeColumn> ReadColumns()
    {
        var columns = new List<RealtimeColumn>();
        foreach (var index in _readColumns)
            columns.Add(schema.Columns[index]);
        return columns;
    }

    /// <returns>Whether there are stored rejections in the database.</returns>
    private async Task<bool> ReadEntriesAsync(
        NpgsqlDataReader reader, Dictionary<string, ManagedEndpoint> managed, Dictionary<string, ActualEndpoint> actual,
        Dictionary<string, string> reserved, CancellationToken cancellation)
    {
        const int firstPresent = 7;
        var firstValue = firstPresent + RealtimeTable.All.Count;
        var hasRejections = false;
        var columns = ReadColumns();
        var positions = Enumerable.Repeat(-1, schema.Columns.Count).ToArray();
        foreach (var (position, column) in columns.Index())
            positions[column.Index] = position;
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            if (!reader.IsDBNull(1))
            {
                var columnSet = reader.GetInt32(3);
                if (!columnSets.Knows(columnSet))
                    throw new UnknownColumnSetException();
                managed[id] = new ManagedEndpoint(reader.GetString(1), reader.GetBoolean(2), columnSets[columnSet], reader.GetBoolean(4));
            }
            hasRejections = reader.GetBoolean(5);
            if (reader.TextOrNull(6) is { } file)
                reserved[id] = file;
            bool[] present = [reader.GetBoolean(firstPresent), reader.GetBoolean(firstPresent + 1), reader.GetBoolean(firstPresent + 2)];
            if (!present.Contains(true))
                continue;
            var values = new string?[columns.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = reader.TextOrNull(firstValue + i);
            actual[id] = new ActualEndpoint(values, positions, present);
        }
        return hasRejections;
    }

    /// <summary>Returns the stored rejections of these ids, and those of the rows that own the ids' registry entries, by row key.</summary>
    private static async Task<Dictionary<string, Rejection>> ReadRejectedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"""
            select r.row_key, r.id, r.reason from unnest($1) as wanted (id)
            cross join {LookUp("row_key, id, reason", "pjsip_sync.rejected", "id = wanted.id")} as r
            union
            select r.row_key, r.id, r.reason from unnest($1) as wanted (id)
            cross join {LookUp("row_key", "pjsip_sync.managed_endpoint", "id = wanted.id")} as owner
            cross join {LookUp("row_key, id, reason", "pjsip_sync.rejected", "row_key = owner.row_key")} as r
            """, connection, transaction) { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Texts(ids) } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rejected = new Dictionary<string, Rejection>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            rejected[reader.GetString(0)] = new Rejection(reader.GetString(0), reader.TextOrNull(1), reader.GetString(2));
        return rejected;
    }
}
