using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Caches the table <c>pjsip_sync.column_set</c>: the sets of columns that were ever written together, each with a number. The registry
/// stores the number. Sets that a transaction adds are kept only after <see cref="Commit"/>. For one connection at a time.
/// </summary>
internal sealed class ColumnSetTable(RealtimeSchema schema)
{
    private readonly Dictionary<int, ColumnSet> _sets = [];
    private readonly Dictionary<ColumnSet, int> _numbers = [];

    /// <summary>Sets that the open transaction added.</summary>
    private readonly List<ColumnSet> _uncommitted = [];

    /// <summary>Every column that any managed endpoint ever had.</summary>
    public ColumnSet All { get; private set; }

    /// <summary>The set with a number; the empty set when the number is not known.</summary>
    public ColumnSet this[int number] => _sets.GetValueOrDefault(number);

    /// <summary>Returns whether a number is known. Another worker may have added one since <see cref="LoadAsync"/>.</summary>
    public bool Knows(int number) => _sets.ContainsKey(number);

    /// <summary>Returns the number of a set.</summary>
    /// <exception cref="KeyNotFoundException"><see cref="AddAsync"/> was not called with it.</exception>
    public int NumberOf(ColumnSet columns) => _numbers[columns];

    /// <summary>Reads the whole table, in place of what was cached.</summary>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        _sets.Clear();
        _numbers.Clear();
        All = default;
        await using var command = new NpgsqlCommand("select id, columns from pjsip_sync.column_set", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            Cache(reader.GetInt32(0), reader.GetFieldValue<string[]>(1));
    }

    /// <summary>
    /// Gives each of these sets a number, in the connection's open transaction. Without a new set this needs no round trip.
    /// </summary>
    public async Task AddAsync(NpgsqlConnection connection, IEnumerable<ColumnSet> sets, CancellationToken cancellation)
    {
        var unknown = sets.Where(set => !_numbers.ContainsKey(set)).Distinct().ToList();
        foreach (var set in unknown)
        {
            var names = new List<string>();
            foreach (var index in set)
                names.Add(schema.Columns[index].Display);
            await using var command = new NpgsqlCommand("""
                with added as (insert into pjsip_sync.column_set (columns) values ($1) on conflict do nothing returning id)
                select id from added union all select id from pjsip_sync.column_set where columns = $1
                """, connection)
            { Parameters = { Parameter.Texts(names) } };
            Cache((int)(await command.ExecuteScalarAsync(cancellation))!, [.. names]);
            _uncommitted.Add(set);
        }
        if (unknown.Count > 0)
            await RefreshViewAsync(connection, cancellation);
    }

    /// <summary>
    /// Makes the view that Asterisk reads (<c>ps_endpoints_for_server</c>) show every column that has a value in some row.
    /// </summary>
    public static async Task RefreshViewAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pjsip_sync.refresh_endpoint_view()", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Keeps the sets that the transaction added. To be called after it was committed.</summary>
    public void Commit() => _uncommitted.Clear();

    /// <summary>Forgets the sets that the transaction added, whose numbers are void. Does nothing after <see cref="Commit"/>.</summary>
    public void Rollback()
    {
        foreach (var set in _uncommitted)
            if (_numbers.Remove(set, out var number))
                _sets.Remove(number);
        _uncommitted.Clear();
    }

    private void Cache(int number, string[] names)
    {
        var set = new ColumnSet();
        foreach (var name in names)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            // A column that the database no longer has is left out.
            if (schema.Find(RealtimeTable.FromName(name[..dot]), name[(dot + 1)..]) is { } column)
                set = set.With(column.Index);
        }
        _sets[number] = set;
        _numbers.TryAdd(set, number);
        All |= set;
    }
}

/// <summary>
/// The registry names a column set that another worker added. The remedy is to load the table again and repeat the batch.
/// </summary>
internal sealed class UnknownColumnSetException()
    : Exception("an endpoint has a column set that another worker added a moment ago: repeat the command");
