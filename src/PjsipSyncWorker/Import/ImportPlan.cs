using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>What an import would insert, and what stands against it.</summary>
/// <param name="Inventory">The objects of the source, with those that cannot come over.</param>
/// <param name="Table">The application's table.</param>
/// <param name="Rows">The rows to insert, in the order of the source.</param>
/// <param name="Existing">Phones whose number the table has already. Nothing is inserted for them.</param>
/// <param name="Foreign">
/// Rows whose number is also in ps_* rows or configuration files that are not the worker's. The worker makes no endpoint for them yet.
/// </param>
internal sealed record ImportPlan(
    PjsipInventory Inventory, SourceTable Table, List<ImportedRow> Rows, List<Finding> Existing, List<Finding> Foreign)
{
    /// <summary>Makes the plan. Changes nothing in the database.</summary>
    public static async Task<ImportPlan> CreateAsync(
        NpgsqlConnection connection, PjsipInventory inventory, RowBuilder builder, SourceTable table, RealtimeSchema schema,
        CancellationToken cancellation)
    {
        var phones = PjsipPhones.Find(inventory);
        var numbers = phones.Select(phone => phone.Number).ToArray();
        var known = await KnownAsync(connection, numbers, cancellation);
        var plan = new ImportPlan(inventory, table, [], [], []);
        foreach (var phone in phones)
        {
            if (known.TryGetValue(phone.Number, out var isActive))
                plan.Existing.Add(new Finding(phone.Number, $"is in {table.Name} already{(isActive ? "" : ", and not active")}"));
            else if (!builder.TryBuild(phone, out var row, out var problem))
                inventory.Refused.Add(new Finding(phone.Number, $"would be rejected: {problem}"));
            else if (Unfit(table, row) is { } unfit)
                inventory.Refused.Add(new Finding(phone.Number, unfit));
            else
                plan.Rows.Add(row);
        }
        plan.Foreign.AddRange(await ForeignAsync(connection, schema, [.. plan.Rows.Select(row => row.Phone.Number)], cancellation));
        return plan;
    }

    /// <summary>Returns why a column of the table does not take a value of the row; null when all do.</summary>
    private static string? Unfit(SourceTable table, ImportedRow row)
    {
        foreach (var (field, value) in row.Fields)
        {
            if (table.Columns[field].Problem(value) is { } problem)
                return $"does not fit: {table.Name}.{table.Columns[field].Quoted} {problem}";
        }
        return null;
    }

    private static async Task<Dictionary<string, bool>> KnownAsync(
        NpgsqlConnection connection, string[] numbers, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select number, bool_or(active) from pjsip_sync.extensions_by_number($1) group by number", connection)
        { Parameters = { Parameter.Texts(numbers) } };
        var known = new Dictionary<string, bool>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            known[reader.GetString(0)] = reader.GetBoolean(1);
        return known;
    }

    private static async Task<List<Finding>> ForeignAsync(
        NpgsqlConnection connection, RealtimeSchema schema, string[] numbers, CancellationToken cancellation)
    {
        var present = string.Concat(RealtimeTable.All.Select(table =>
            $" union all select id, '{table.Name}', 0 from {schema.Quoted(table)} where id = any ($1)"));
        await using var command = new NpgsqlCommand($"""
            select id, string_agg(place, ', ' order by rank, place)
            from (select id, file || ' of ' || node as place, 1 as rank from pjsip_sync.reserved_name where id = any ($1){present}) as found
            where rank = 1 or not exists (
              select from pjsip_sync.managed_endpoint m where m.id = found.id and m.deleted_at is null)
            group by id order by id
            """, connection)
        { Parameters = { Parameter.Texts(numbers) } };
        var found = new List<Finding>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            found.Add(new Finding(reader.GetString(0), $"is also in {reader.GetString(1)}"));
        return found;
    }
}
