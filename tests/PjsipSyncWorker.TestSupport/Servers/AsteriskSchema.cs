namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>Asterisk 22's own realtime tables, from the list of their columns in <c>asterisk-22-schema.csv</c>.</summary>
internal static class AsteriskSchema
{
    public static async Task CreateAsync(TestDatabase database, string schema)
    {
        var quoted = $"\"{schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await database.ExecuteAsync($"create schema if not exists {quoted}");
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "asterisk-22-schema.csv")).Skip(1).Select(line => line.Split(','))
            .ToList();
        foreach (var (type, labels) in rows.Where(row => row[3].Length > 0).Select(row => (row[2], row[3])).Distinct())
            await database.ExecuteAsync(
                $"create type {quoted}.\"{type}\" as enum ({string.Join(", ", labels.Split('|').Select(label => $"'{label}'"))})");
        foreach (var table in rows.Where(row => row[0].StartsWith("ps_", StringComparison.Ordinal)).GroupBy(row => row[0]))
        {
            var columns = table.Select(row =>
                $"\"{row[1]}\" {(row[3].Length > 0 ? $"{quoted}.\"{row[2]}\"" : row[2])} "
                + $"{(row[4] == "t" ? "not null" : "")} {(row[1] == "id" ? "unique" : "")}");
            await database.ExecuteAsync($"create table {quoted}.{table.Key} ({string.Join(", ", columns)})");
        }
    }
}
