using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>A worker of the old version, which goes on while the schema under it is another.</summary>
internal sealed class OldWorker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Process? _process;
    private Task _statements = Task.CompletedTask;
    private int _count;

    public int Statements => Volatile.Read(ref _count);

    public string LastError { get; private set; } = "none";

    public static async Task<OldWorker> StartAsync(TestDatabase database)
    {
        var worker = new OldWorker();
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_OLD_WORKER") is { Length: > 0 } program)
        {
            worker._process = Process.Start(Repository.Info(program, ["run"], new Dictionary<string, string>
            {
                ["ConnectionStrings__Postgres"] = database.ConnectionString, ["Metrics__Port"] = $"{Ports.Next()}",
            }))!;
            _ = worker._process.StandardOutput.ReadToEndAsync();
            var log = worker._process.StandardError;
            _ = Task.Run(async () =>
            {
                while (await log.ReadLineAsync() is { } line)
                    worker.LastError = line;
            });
            await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.change where id is null"));
        }
        else
            worker._statements = Task.Run(() => worker.SendAsync(database));
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _statements;
        _process?.Kill();
        _process?.Dispose();
        _stop.Dispose();
    }

    /// <summary>
    /// Takes changes and writes an endpoint in one transaction, and writes a status in another, as that worker does; then rolls
    /// back.
    /// </summary>
    private async Task SendAsync(TestDatabase database)
    {
        string[][] transactions =
        [
            ["begin; set local lock_timeout = '1s'", "select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1)",
                 "delete from pjsip_sync.change", "select count(*) from pjsip_sync.source_of(array['1001'])",
             "update pjsip_sync.endpoint set synced_at = synced_at where id = '1001'", "rollback"],
            ["begin; set local lock_timeout = '1s'", "select pg_advisory_xact_lock(pjsip_sync.lock_class(), 2)",
                 "select pjsip_sync.project(array['1001', '1002'])", "commit"],
            ["begin; set local lock_timeout = '1s'", "update pjsip_sync.contact set user_agent = user_agent where endpoint = '1001'",
                 "update pjsip_sync.node set connected = connected", "rollback"],
        ];
        while (!_stop.IsCancellationRequested)
        {
            foreach (var transaction in transactions)
            {
                try
                {
                    await using var connection = await database.OpenAsync();
                    foreach (var sql in transaction)
                    {
                        await using var command = new NpgsqlCommand(sql, connection);
                        await command.ExecuteNonQueryAsync();
                        Interlocked.Increment(ref _count);
                    }
                }
                catch (PostgresException error)
                {
                    LastError = $"{error.SqlState} {error.MessageText}";
                }
            }
            await Task.Delay(1);
        }
    }
}
