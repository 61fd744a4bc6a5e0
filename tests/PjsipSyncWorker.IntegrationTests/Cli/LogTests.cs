using System.Text.Json;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>What the daemon writes.</summary>
public sealed class LogTests(PostgresServer server)
{
    private const string Password = "sesame-open";

    [Fact]
    public async Task Batch_logs_one_line_numbers_at_debug_and_no_password()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Logging__LogLevel__PjsipSyncWorker=Debug");

        await database.ExecuteAsync(
            $"insert into extensions (number, password) select g::text, '{Password}' from generate_series(1001, 1003) g");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Applied 3 changes", StringComparison.Ordinal)));
        await database.ExecuteAsync($"insert into extensions (number, password) values ('10 04', '{Password}')");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Rejected 10 04", StringComparison.Ordinal)));

        Assert.Matches(@"\[1008\] Applied 3 changes in \d+ ms: 3 created, 0 updated, 0 removed, 0 newly rejected", worker.Log);
        Assert.Contains("Create 1002", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_json_is_asked_for_every_line_is_json_with_its_event_id()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Logging__Format=json");

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Applied 1 changes", StringComparison.Ordinal)));

        var lines = worker.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Contains(lines, line => line.GetProperty("EventId").GetInt32() == 1008);
        Assert.DoesNotContain(lines, line => line.GetRawText().Contains("Create", StringComparison.Ordinal) && line.GetProperty("LogLevel")
            .GetString() == "Debug");
    }
}
