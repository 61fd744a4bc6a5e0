using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>The database is suddenly another one, or is reached through something that forgets.</summary>
public sealed class FailoverTests
{
    [Fact]
    public async Task Worker_with_both_hosts_follows_a_promoted_standby()
    {
        await using var primary = await PrivateCluster.CreateAsync();
        await using var database = await primary.CreateDatabaseAsync("pbx");
        await FaultRig.InstallAsync(database);
        await Invariants.AddTrunkAsync(database);
        await using var standby = await primary.CreateStandbyAsync();
        await using var promoted = FaultRig.As("postgres", database, standby.Port);
        await using var both = new TestDatabase(new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Username = FaultRig.WorkerRole, Host = $"127.0.0.1:{standby.Port},127.0.0.1:{primary.Port}",
            TargetSessionAttributes = "primary",
        }.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(both);
        await using (var application = new Application(database, seed: 10))
            await application.WorkAsync(200);

        await primary.StopAsync("immediate");
        await standby.PromoteAsync();
        await using (var application = new Application(promoted, seed: 11))
            await application.WorkAsync(200);

        await Measurements.RecordAsync("the database fails over to its standby", await Invariants.HoldAsync(promoted));
        await promoted.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Invariants.HoldAsync(promoted, TimeSpan.FromSeconds(10));
        Assert.False(worker.HasExited, worker.Log);
    }

    [Fact]
    public async Task A_pooler_in_session_mode_may_be_restarted()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        await FaultRig.InstallAsync(database);
        await Invariants.AddTrunkAsync(database);
        await using var direct = FaultRig.As(FaultRig.WorkerRole, database);
        await using var pooler = await PgBouncer.StartAsync(direct.ConnectionString, "session");
        await using var pooled = new TestDatabase(pooler.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(pooled, "Sync__PollInterval=01:00:00");
        await using (var application = new Application(database, seed: 12))
        {
            for (var i = 0; i < 3; i++)
            {
                await application.WorkAsync(100);
                await pooler.RestartAsync();
            }
            await application.WorkAsync(100);
        }
        await Measurements.RecordAsync("a pooler in session mode is restarted", await Invariants.HoldAsync(database));
        Assert.False(worker.HasExited, worker.Log);
    }
}
