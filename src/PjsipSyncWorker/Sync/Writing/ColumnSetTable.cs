using Npgsql;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>The table <c>pjsip_sync.column_set</c> in memory: sets of columns written together, by number.</summary>
internal sealed class ColumnSetTable(RealtimeSchema catalogue)
{
    private readonly Dictionary<int, ColumnSet> _sets = [];
    private readonly Dictionary<ColumnSet, int> _numbers = [];

    private readonly List<ColumnSet> _unsettled = [];

    /// <summary>Every column that any endpoint of ours ever had.</summary>
    public ColumnSet All { get; private set; }

    public ColumnSet this[int number] => _sets.GetValueOrDefault(number);

    public bool Knows(int number) => _sets.ContainsKey(number);

    public int NumberOf(ColumnSet columns) => _numbers[columns];

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        _sets.Clear();
        _numbers.Clear();
        All = default;
        await using var command = new NpgsqlCommand("select id, columns from pjsip_sync.column_set", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            Remember(reader.GetInt32(0), reader.GetFieldValue<string[]>(1));
    }

    /// <summary>Makes sure that each of these sets has a number; part of the batch's transaction.</summary>
    public async Task AddAsync(NpgsqlConnection connection, IEnumerable<ColumnSet> sets, CancellationToken cancellation)
    {
        var unknown = sets.Where(set => !_numbers.ContainsKey(set)).Distinct().ToList();
        foreach (var set in unknown)
        {
            var names = new List<string>();
            foreach (var index in set)
                names.Add(catalogue.Columns[index].Display);
            await using var command = new NpgsqlCommand("""
                with added as (insert into pjsip_sync.column_set (columns) values ($1) on conflict do nothing returning id)
                select id from added union all select id from pjsip_sync.column_set where columns = $1
                """, connection)
            { Parameters = { new() { Value = names.ToArray() } } };
            Remember((int)(await command.ExecuteScalarAsync(cancellation))!, [.. names]);
            _unsettled.Add(set);
        }
        if (unknown.Count > 0)
            await RefreshViewAsync(connection, cancellation);
    }

    /// <summary>Gives the view that Asterisk reads every column in which there is a value.</summary>
    public static async Task RefreshViewAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pjsip_sync.refresh_endpoint_view()", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The transaction that added shapes was committed.</summary>
    public void Settle() => _unsettled.Clear();

    /// <summary>It was rolled back: the numbers it gave are void.</summary>
    public void ForgetNew()
    {
        foreach (var set in _unsettled)
            if (_numbers.Remove(set, out var number))
                _sets.Remove(number);
        _unsettled.Clear();
    }

    private void Remember(int number, string[] names)
    {
        var set = new ColumnSet();
        foreach (var name in names)
        {
            var table = RealtimeTable.FromName(name[..name.IndexOf('.', StringComparison.Ordinal)]);
            // A column that the database no longer has is nobody's.
            if (catalogue.Find(table, name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]) is { } column)
                set = set.With(column.Index);
        }
        _sets[number] = set;
        _numbers.TryAdd(set, number);
        All |= set;
    }
}
