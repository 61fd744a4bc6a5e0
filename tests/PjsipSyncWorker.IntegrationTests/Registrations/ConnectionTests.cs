using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>What the worker does when its connections to PostgreSQL fail.</summary>
public sealed class ConnectionTests(PostgresServer server)
{
    [Fact]
    public async Task Connections_that_die_in_silence_are_noticed_and_replaced()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        using var proxy = new TcpProxy(direct.Port);
        await using var proxied = database.At(proxy.Port);
        // Polls so seldom that only the listening connection can bring the change.
        await using var worker = await WorkerProcess.StartAsync(proxied, "Sync__PollInterval=01:00:00", "Sync__ReconcileInterval=01:00:00");

        proxy.StallCurrent();
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");

        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(30),
            () => worker.Log);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1002', 'x')");
        await Eventually.Equal(2L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(2),
            () => worker.Log);
    }

    [Fact]
    public async Task A_change_that_finds_its_connection_dead_waits_for_seconds_only()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString).Port);
        await using var proxied = database.At(proxy.Port);
        await using var worker = await WorkerProcess.StartAsync(proxied, "Sync__PollInterval=01:00:00", "Sync__ReconcileInterval=01:00:00");
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), log: () => worker.Log);

        // The notification still comes.
        foreach (var port in await database.RowsAsync("""
            select client_port from pg_stat_activity where datname = current_database() and application_name = 'pjsip-sync-worker'
              and query !~ '^(listen|select 1$)'
            """))
            proxy.StallCurrent(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
        await database.ExecuteAsync("insert into extensions (number, password) values ('1002', 'x')");

        await Eventually.Equal(2L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(20),
            () => worker.Log);
    }

    [Fact]
    public async Task Terminated_backends_cost_only_time()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Sync__PollInterval=01:00:00");

        await database.ExecuteAsync("""
            select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pjsip-sync-worker'
              and datname = current_database()
            """);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");

        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), log: () => worker.Log);
    }

    [Fact]
    public async Task A_lost_notification_costs_a_poll_interval_at_most()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Sync__PollInterval=00:00:00.3");

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x'); ");
        await database.ExecuteAsync("""
            alter table extensions disable trigger all;
            insert into extensions (number, password) values ('1002', 'x');
            insert into pjsip_sync.change (id) values ('1002'); alter table extensions enable trigger all
            """);

        await Eventually.Equal(2L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(3),
            () => worker.Log);
    }

    [Theory]
    [InlineData("Database=nosuchdatabase", 2, "does not exist")]
    [InlineData("Username=nosuchrole", 2, "nosuchrole")]
    [InlineData("Port=1", 3, "Connection refused")]
    public async Task Error_at_start_is_one_line(string wrong, int exitCode, string expected)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var (key, value) = (wrong[..wrong.IndexOf('=', StringComparison.Ordinal)],
            wrong[(wrong.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        connection[key] = value;
        await using var broken = new TestDatabase(connection.ConnectionString);

        var (actual, output) = await WorkerProcess.CommandAsync(broken, [], "sync-extensions");

        Assert.True(exitCode == actual, output);
        Assert.Contains(expected, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_host_may_be_asked_to_be_the_primary_as_well()
    {
        await using var database = await SyncRig.InstalledAsync(server);

        var (exitCode, output) = await WorkerProcess.CommandAsync(database,
            [$"ConnectionStrings__Postgres={database.ConnectionString};Target Session Attributes=primary"], "sync-extensions");

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task A_database_without_our_schema_says_init()
    {
        await using var database = await server.CreateDatabaseAsync();

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, [], "run");

        Assert.Equal(2, exitCode);
        Assert.Contains("run pjsip-sync-worker init", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_for_metrics_that_is_taken_is_said_in_one_line()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var port = Ports.Next();
        await using var first = await WorkerProcess.StartAsync(database, $"Metrics__Port={port}");

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, [$"Metrics__Port={port}"], "run");

        Assert.Equal(2, exitCode);
        Assert.Contains($"Metrics cannot listen on localhost:{port}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_started_of_two_workers_with_other_defaults_is_active()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var first = await WorkerProcess.StartAsync(database, "Realtime__Defaults__Context=first",
            "Sync__PollInterval=00:00:00.5");
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal("first", () => database.ScalarAsync<string>("select context from ps_endpoints"));

        await using var second = await WorkerProcess.StartAsync(database, "Realtime__Defaults__Context=second",
            "Sync__PollInterval=00:00:00.5");
        await Eventually.Equal("second", () => database.ScalarAsync<string>("select context from ps_endpoints"));
        await database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(2000, 2099) g");

        await Eventually.Equal(101L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints where context = 'second'"));
        await Eventually.True(() => Task.FromResult(first.Log.Contains("Standing by", StringComparison.Ordinal)));
    }
}
