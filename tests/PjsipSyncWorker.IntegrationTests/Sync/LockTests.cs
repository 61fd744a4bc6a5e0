using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Whoever holds a lock that the worker needs is named while he does.</summary>
public sealed class LockTests(PostgresServer server)
{
    [Theory]
    [InlineData("begin; select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1)", "sync")]
    [InlineData("select pg_advisory_lock(pjsip_sync.lock_class(), 1)", "sync")]
    [InlineData("begin; lock table asterisk.ps_auths in access exclusive mode", "sync")]
    [InlineData("begin; lock table pjsip_sync.managed_endpoint in access exclusive mode", "sync")]
    [InlineData("begin; select pg_advisory_xact_lock(pjsip_sync.lock_class(), 2)", "status")]
    public async Task Long_lock_holder_is_reported_until_the_lock_is_free(string hold, string part)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var metrics = $"Metrics__Port={Ports.Next()}";
        await using var worker = await WorkerProcess.StartAsync(database, metrics, "Sync__PollInterval=00:00:02",
            "Asterisk__Nodes__0__Name=pbx1", $"Asterisk__Nodes__0__Port={Ports.Next()}", "Asterisk__Nodes__0__Secret=x");
        await using var holders = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { ApplicationName = "somebodys report" }.ConnectionString);
        await using var holder = await holders.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(holder, hold);

        await database.ExecuteAsync("""
            insert into extensions (number, password) values ('1001', 'x');
            insert into pjsip_sync.status_recheck values ('1001')
            """);

        var said = $"{part}: waits for a lock: process {holder.ProcessID} holds it (application somebodys report, "
            + $"role {new NpgsqlConnectionStringBuilder(database.ConnectionString).Username}, since 20";
        await ReadyAsync(true);
        Assert.Contains($"waits for a lock: process {holder.ProcessID} holds it", worker.Log, StringComparison.Ordinal);

        await ExecuteAsync(holder, hold.StartsWith("begin", StringComparison.Ordinal) ? "commit" : "select pg_advisory_unlock_all()");

        await ReadyAsync(false);
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        Task ReadyAsync(bool holds) => Eventually.Equal(holds, async () =>
            (await WorkerProcess.CommandAsync(database, [metrics], "health", "--ready")).Output.Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_worker_that_stands_by_while_the_first_one_is_at_work_is_well()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var metrics = $"Metrics__Port={Ports.Next()}";
        await using var first = await WorkerProcess.StartAsync(database);
        await using var second = await WorkerProcess.StartAsync(database, metrics, "Logging__LogLevel__Default=Debug");

        for (var i = 0; i < 40; i++)
        {
            await database.ExecuteAsync(
                "insert into extensions (number, password) select (100000 + $1 * 1000 + g)::text, 'x' from generate_series(1, 1000) g", i);
            if (i % 10 == 9)
                Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [metrics], "health", "--ready")).ExitCode);
        }

        await Eventually.Equal(40_000L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(60));
        Assert.DoesNotContain("waits for a lock", first.Log + second.Log, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
