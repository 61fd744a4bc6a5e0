using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>Makes the SQL that writes rows of one ps_* table, and caches it by table and columns. Not thread-safe.</summary>
internal sealed class UpsertStatements(RealtimeSchema schema)
{
    private readonly Dictionary<(RealtimeTable, ColumnSet, ColumnSet, bool), string> _cached = [];

    /// <summary>
    /// Returns the statement. Its parameters are the ids as <c>text[]</c>, then for each column by index either its values as
    /// <c>text[]</c>, or one value as <c>text</c>.
    /// </summary>
    /// <param name="columns">The columns to write, besides the id.</param>
    /// <param name="constant">Those columns for which one value is given for all rows.</param>
    /// <param name="insertOnly">
    /// Whether the rows must not exist. If another session inserts one meanwhile the statement fails, because the row is then another's,
    /// and the ids are read again.
    /// </param>
    public string Get(RealtimeTable table, ColumnSet columns, ColumnSet constant, bool insertOnly)
    {
        if (_cached.TryGetValue((table, columns, constant, insertOnly), out var sql))
            return sql;
        return _cached[(table, columns, constant, insertOnly)] = Make(table, columns, constant, insertOnly);
    }

    private string Make(RealtimeTable table, ColumnSet set, ColumnSet constant, bool insertOnly)
    {
        var columns = new List<RealtimeColumn>();
        foreach (var index in set)
            columns.Add(schema.Columns[index]);
        var names = string.Concat(columns.Select(column => $", {column.Quoted}"));
        // $1 is the ids, so that column 0 has the parameter $2.
        var values = string.Concat(columns.Select((column, i) =>
            constant.Contains(column.Index) ? $", ${i + 2}::{column.SqlType}" : $", v.c{i}::{column.SqlType}"));
        var varying = columns.Index().Where(column => !constant.Contains(column.Item.Index)).Select(column => column.Index).ToList();
        var arrays = string.Concat(varying.Select(i => $", ${i + 2}"));
        var aliases = string.Concat(varying.Select(i => $", c{i}"));
        return $"insert into {schema.Quoted(table)} as t (id{names}) select v.id{values} from unnest($1{arrays}) as v (id{aliases})"
            + (insertOnly ? "" : OnConflict(columns));
    }

    private static string OnConflict(List<RealtimeColumn> columns)
    {
        if (columns.Count == 0)
            return " on conflict (id) do nothing";
        return $" on conflict (id) do update set {List(column => $"{column} = excluded.{column}")} "
            + $"where ({List(column => $"t.{column}")}) is distinct from ({List(column => $"excluded.{column}")})";

        string List(Func<string, string> part) => string.Join(", ", columns.Select(column => part(column.Quoted)));
    }
}
