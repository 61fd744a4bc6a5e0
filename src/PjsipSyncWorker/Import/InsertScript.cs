using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Import;

/// <summary>Writes the SQL that inserts rows into the application's table. Each statement can run again without effect.</summary>
internal static class InsertScript
{
    /// <summary>Returns the statement of one row, which inserts nothing when the number is there already.</summary>
    public static string Statement(SourceTable table, ImportedRow row)
    {
        var given = row.Fields.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
        foreach (var (field, column) in table.Columns)
        {
            if (column is { IsRequired: true, Empty: { } empty })
                given.TryAdd(field, empty);
        }
        var columns = string.Join(", ", given.Keys.Select(field => table.Columns[field].Quoted));
        var values = string.Join(", ", given.Values.Select(value => Identifier.Literal(value).TrimStart()));
        var number = table.Columns["number"].Quoted;
        return table.NumberIsUnique
            ? $"insert into {table.Name} ({columns})\nvalues ({values})\non conflict ({number}) do nothing"
            : $"insert into {table.Name} ({columns})\nselect {values}\nwhere not exists "
                + $"(select from {table.Name} where {number} = {Identifier.Literal(row.Extension.Number).TrimStart()})";
    }

    /// <summary>Returns the lines of a script for <c>psql</c>: one transaction, with comments for what cannot come over.</summary>
    public static IEnumerable<string> Lines(ImportPlan plan)
    {
        yield return Comment($"Phones of {plan.Inventory.Source} for {plan.Table.Name}. It has passwords: keep it secret.");
        yield return "-- Read it first. Run it by: psql -v ON_ERROR_STOP=1 -f FILE. A second run inserts nothing.";
        foreach (var column in plan.Table.Unfilled)
            yield return Comment($"{plan.Table.Name}.{column} takes no NULL and has no default: add it to each statement.");
        foreach (var note in plan.Inventory.Notes)
            yield return Comment($"Note: {note}");
        foreach (var (name, text) in plan.Inventory.Staying)
            yield return Comment($"Stays where it is: {name} {text}");
        foreach (var (name, text) in plan.Inventory.Refused)
            yield return Comment($"Cannot come over: {name} {text}");
        foreach (var (name, text) in plan.Existing)
            yield return Comment($"Left out: {name} {text}");
        yield return "";
        yield return "begin;";
        foreach (var row in plan.Rows)
        {
            yield return "";
            yield return Comment($"{row.Phone.Number}: {row.Phone.Origin}");
            foreach (var remark in row.Phone.Remarks)
                yield return Comment($"  {remark}");
            yield return $"{Statement(plan.Table, row)};";
        }
        yield return "";
        yield return "commit;";
    }

    /// <summary>Returns a comment of one line, whatever the text holds.</summary>
    private static string Comment(string text) => $"-- {UntrustedText.Escape(text)}";
}
