using Npgsql;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>Takes the phones out of ps_* rows that the worker does not manage.</summary>
internal static class RealtimeSource
{
    /// <summary>The SOURCE that names these rows.</summary>
    public const string Name = "ps_endpoints";

    /// <summary>Reads the rows of the three tables.</summary>
    public static async Task<PjsipInventory> ReadAsync(NpgsqlConnection connection, RealtimeSchema schema, CancellationToken cancellation)
    {
        var inventory = new PjsipInventory($"{schema.Schema}.{Name}");
        foreach (var table in RealtimeTable.All)
            await AddAsync(connection, schema, table, inventory, cancellation);
        return inventory;
    }

    private static async Task AddAsync(
        NpgsqlConnection connection, RealtimeSchema schema, RealtimeTable table, PjsipInventory inventory, CancellationToken cancellation)
    {
        var columns = schema.Columns.Where(column => column.Table == table).ToList();
        await using var command = new NpgsqlCommand($"""
            select id{string.Concat(columns.Select(column => $", {column.Quoted}::text"))} from {schema.Quoted(table)} as found
            where not exists (select from pjsip_sync.managed_endpoint m where m.id = found.id and m.deleted_at is null)
            order by id
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var options = new List<ConfEntry>();
            for (var i = 0; i < columns.Count; i++)
            {
                // Asterisk takes each part between semicolons for a value of its own.
                foreach (var part in reader.TextOrNull(i + 1)?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [])
                    options.Add(new ConfEntry(columns[i].Name, RealtimeEncoding.Decode(part.Trim())));
            }
            inventory.Add(new PjsipObject(reader.GetString(0), table.Section, options, $"{table.Name} {reader.GetString(0)}"));
        }
    }
}
