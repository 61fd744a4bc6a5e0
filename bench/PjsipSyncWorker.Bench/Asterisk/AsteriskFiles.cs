using System.Text.Json;
using Npgsql;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>
/// Configuration folders for one Asterisk: those that <c>render-config</c> writes, and what makes a static server of them.
/// </summary>
internal sealed class AsteriskFiles : IDisposable
{
    /// <summary>The secret of the worker's user in manager.conf.</summary>
    public const string AmiSecret = "bench";

    /// <summary>A folder that <c>scripts/bench.sh</c> removes, also after a scenario that failed.</summary>
    private static readonly string Files = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_FILES")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    private readonly string _folder = Path.Combine(Files, $"{Guid.NewGuid():N}");
    private readonly BenchDatabase _database;

    private AsteriskFiles(BenchDatabase database, RealAsterisk asterisk, string contacts)
    {
        _database = database;
        WorkerSettings =
        [
            "Asterisk__Nodes__0__Name=pbx1", $"Asterisk__Nodes__0__Port={asterisk.AmiPort}", $"Asterisk__Nodes__0__Secret={AmiSecret}",
            "Asterisk__Render__SipAddress=127.0.0.1", $"Asterisk__Render__SipPort={asterisk.SipPort}",
            $"Asterisk__Render__Contacts={contacts}",
            // SIPp listens only while it runs a scenario.
            "Realtime__Defaults__QualifyFrequency=0",
        ];
    }

    /// <summary>Everything else is as it is without a configuration.</summary>
    public string[] WorkerSettings { get; }

    /// <summary>What <c>render-config</c> wrote.</summary>
    public string Rendered => Path.Combine(_folder, "rendered");

    /// <summary>To be laid over <see cref="Rendered"/>: the phones of the ps_* tables as a static configuration, and no database.</summary>
    public string Static => Path.Combine(_folder, "static");

    public static async Task<AsteriskFiles> RenderAsync(BenchDatabase database, RealAsterisk asterisk, string contacts)
    {
        var files = new AsteriskFiles(database, asterisk, contacts);
        await BenchWorker.CommandAsync(database, files.WorkerSettings, ["render-config", "--output", files.Rendered, "--node", "pbx1"]);
        return files;
    }

    /// <summary>
    /// Writes <see cref="Static"/>. The phones are in a file that pjsip.conf includes; sorcery.conf and extconfig.conf are as
    /// empty as in a new Asterisk.
    /// </summary>
    public async Task WriteStaticAsync()
    {
        Directory.CreateDirectory(Static);
        await File.WriteAllTextAsync(Path.Combine(Static, "sorcery.conf"), "");
        await File.WriteAllTextAsync(Path.Combine(Static, "extconfig.conf"), "[settings]\n");
        await File.WriteAllTextAsync(Path.Combine(Static, "res_odbc.conf"), "");
        await using var phones = File.CreateText(Path.Combine(Static, "pjsip_carriers.conf"));
        foreach (var type in new[] { "endpoint", "auth", "aor" })
            await WriteAsync(phones, type);
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// One section for each row. The columns are named like the options, and stand in their order: disallow before allow.
    /// </summary>
    private async Task WriteAsync(StreamWriter file, string type)
    {
        await using var connection = await _database.OpenAsync();
        await using var command = new NpgsqlCommand($"""
            select id, json_strip_nulls(to_json(row))::text from ps_{type}s row order by id
            """, connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            await file.WriteLineAsync($"[{rows.GetString(0)}]\ntype = {type}");
            using var row = JsonDocument.Parse(rows.GetString(1));
            foreach (var option in row.RootElement.EnumerateObject().Where(option => option.Name != "id"))
                await file.WriteLineAsync($"{option.Name} = {option.Value}");
        }
    }
}
