using System.Text;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Proves that an Asterisk reads the worker's rows: compares what Asterisk shows of a sample of endpoints with the tables.
/// </summary>
internal sealed class RealtimeProof(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    /// <summary>Number of endpoints that are compared.</summary>
    private const int SampleSize = 5;

    private const string RefusedAdvice = "Asterisk's log names the option: correct it in the extension's row or profile";

    private const string DifferentAdvice =
        "Does the ODBC data source lead to this database and schema (odbc.ini, Realtime:Schema)? "
        + "Does a memory cache of sorcery.conf still have what somebody changed by hand (sorcery memory cache expire)? "
        + "Is there a section of that name in pjsip.conf?";

    public async Task<CheckResult> RunAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var realtimeSchema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        var sample = await SampleAsync(connection, cancellation);
        if (sample.Count == 0)
            return CheckResult.Warn("there is no endpoint yet to ask for", "Add an extension and run verify-config again");
        foreach (var id in sample)
        {
            var shown = await ShowAsync(id, cancellation);
            if (shown is null && await CanLoadAnotherAsync(sample, id, cancellation))
            {
                return CheckResult.Fail(
                    $"Asterisk cannot load {id}, though it can load others: it refuses one of its options", RefusedAdvice);
            }
            var lost = shown is null ? RealtimeTable.Endpoint
                : !shown.ContainsKey("auth") ? RealtimeTable.Auth
                : !shown.ContainsKey("aor") ? RealtimeTable.Aor
                : (RealtimeTable?)null;
            // Asterisk ends its answer early at a transport that it does not have. asterisk.references reports that transport.
            if (lost is { } table && (table == RealtimeTable.Endpoint || !await HasAsync(table, id, cancellation)))
                return await new RealtimeLink(asterisk).DiagnoseAsync(table, id, cancellation);
            if (await DifferencesAsync(connection, realtimeSchema, id, shown!, cancellation) is { Count: > 0 } differences)
            {
                return CheckResult.Fail(
                    $"Asterisk reads {id} otherwise than it was written: {string.Join(", ", differences)}", DifferentAdvice);
            }
        }
        return CheckResult.Pass($"Asterisk reads {string.Join(", ", sample)} as written");
    }

    private async Task<bool> HasAsync(RealtimeTable table, string id, CancellationToken cancellation) =>
        !(await new AsteriskConsole(asterisk).RunAsync($"pjsip show {table.Section} {id}", cancellation)).Says("Unable to find object");

    private async Task<bool> CanLoadAnotherAsync(List<string> sample, string id, CancellationToken cancellation)
    {
        foreach (var other in sample)
            if (other != id && await ShowAsync(other, cancellation) is not null)
                return true;
        return false;
    }

    /// <summary>
    /// The two newest endpoints, and random ones. Those known to be unloadable are left out: asterisk.unloadable reports them.
    /// </summary>
    private static async Task<List<string>> SampleAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"""
            with loadable as (
              select id, revision from pjsip_sync.managed_endpoint where deleted_at is null
                and id not in (select id from pjsip_sync.unloadable) and id not in (select id from pjsip_sync.reserved_name)
            ), newest as (
              select id from loadable order by revision desc, id limit 2
            )
            select id from newest
            union all
            (select id from loadable where id not in (select id from newest) order by random() limit {SampleSize - 2})
            order by 1
            """, connection);
        return await command.ReadTextsAsync(cancellation);
    }

    /// <summary>
    /// What Asterisk shows of an endpoint, by kind of object (endpoint, auth, aor) and header; null when Asterisk cannot load it.
    /// </summary>
    private async Task<Dictionary<string, Dictionary<string, string>>?> ShowAsync(string id, CancellationToken cancellation)
    {
        var objects = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var answer = await asterisk.SendListAsync(new AmiAction("PJSIPShowEndpoint") { { "Endpoint", id } }, (in item) =>
        {
            if (AmiFields.Text(item, "ObjectType"u8) is not { } kind)
                return;
            var options = objects[kind] = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var header in item)
                options[Encoding.UTF8.GetString(header.Key)] = Encoding.UTF8.GetString(header.Value);
        }, cancellation);
        return answer.Success ? objects : null;
    }

    private static async Task<List<string>> DifferencesAsync(
        NpgsqlConnection connection, RealtimeSchema realtimeSchema, string id, Dictionary<string, Dictionary<string, string>> shown,
        CancellationToken cancellation)
    {
        var differences = new List<string>();
        foreach (var table in RealtimeTable.All)
        {
            if (!shown.TryGetValue(table.Section, out var options))
                continue;
            var columns = realtimeSchema.Columns.Where(column => column.Table == table && ShownValue.IsComparable(column)).ToList();
            var list = string.Join(", ", columns.Select(column => $"{column.Quoted}::text"));
            await using var command = new NpgsqlCommand($"select {list} from {realtimeSchema.Quoted(table)} where id = $1", connection)
            { Parameters = { new() { Value = id } } };
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            // The row was deleted meanwhile, so there is nothing to compare.
            if (!await reader.ReadAsync(cancellation))
                continue;
            for (var i = 0; i < columns.Count; i++)
            {
                if (reader.TextOrNull(i) is { } written && options.TryGetValue(ShownValue.HeaderOf(columns[i].Name), out var value)
                    && !ShownValue.Same(columns[i], written, value))
                {
                    differences.Add(columns[i].Display);
                }
            }
        }
        return differences;
    }
}
