using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>The user's own acceptance, with the real worker, a real Asterisk and real SIP.</summary>
public sealed class AcceptanceTests(PostgresServer server)
{
    [Fact]
    public async Task Two_extensions_made_in_sql_register_and_call_each_other()
    {
        await using var database = await InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await using var application = await ListenAsync(database);
        var anna = new SipPhone(asterisk, "1001", "s;ecret^1", "127.0.0.11");
        var bert = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        Assert.False(await anna.RegisterAsync());

        await database.ExecuteAsync(
            "insert into extensions (number, password, display_name) values ('1001', 's;ecret^1', 'Anna'), ('1002', 'two', 'Bert')");
        await Eventually.Equal(6L, () => database.ScalarAsync<long>("""
            select (select count(*) from ps_endpoints) + (select count(*) from ps_auths) + (select count(*) from ps_aors)
            """));

        var before = DateTime.UtcNow.AddSeconds(-1);
        Assert.True(await anna.RegisterAsync());
        Assert.True(await bert.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12");
        Assert.InRange(await database.ScalarAsync<DateTime>("select last_registered_at from extensions where number = '1001'"), before,
            DateTime.UtcNow.AddSeconds(1));
        Assert.Contains(await application.HeardAsync(2), heard =>
            heard.Contains("\"number\" : \"1001\"", StringComparison.Ordinal)
                && heard.Contains("\"status\" : \"online\"", StringComparison.Ordinal)
                && heard.Contains("\"ip\" : \"127.0.0.11\"", StringComparison.Ordinal));

        var answering = bert.AnswerAsync();
        Assert.True(await anna.CallAsync("1002"));
        Assert.True(await answering);

        Assert.True(await anna.UnregisterAsync());
        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12");
        Assert.Contains("offline", (await application.HeardAsync(3))[2], StringComparison.Ordinal);

        await database.ExecuteAsync("delete from extensions");
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from ps_auths"));
        Assert.False(await anna.RegisterAsync());
        Assert.False(await bert.RegisterAsync());
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));
        await Eventually.Equal("", async () => await database.ScalarAsync<string>("""
            select coalesce(string_agg(id, ','), '') from pjsip_sync.managed_endpoint where deleted_at is null
            """));
        Assert.DoesNotContain("s;ecret", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(asterisk.AmiSecret, worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.StopAsync());
    }

    [Fact]
    public async Task Everything_continues_after_Asterisk_restarts()
    {
        await using var database = await InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two'), ('1003', 'three')");
        await Expect.RefreshedAsync(database);
        var first = new SipPhone(asterisk, "1001", "one");
        var second = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        Assert.True(await first.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL", "1003|offline|NULL");

        await asterisk.StopAsync();
        await database.ExecuteAsync(
            "insert into extensions (number, password) values ('1004', 'four'); delete from extensions where number = '1003'");
        await asterisk.BootAsync();
        await Expect.RefreshedAsync(database);

        Assert.True(await second.RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1004", "four", "127.0.0.14").RegisterAsync());
        Assert.False(await new SipPhone(asterisk, "1003", "three").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12", "1004|online|127.0.0.14");
        Assert.True(await first.UnregisterAsync());
        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12", "1004|online|127.0.0.14");
    }

    [Fact]
    public async Task Everything_continues_after_Asterisk_boots_without_its_database()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await InstalledAsync(await cluster.CreateDatabaseAsync("pbx"));
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        await Expect.RefreshedAsync(database);
        var first = new SipPhone(asterisk, "1001", "one");
        var second = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        Assert.True(await first.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL");

        await asterisk.StopAsync();
        await cluster.StopAsync("immediate");
        await asterisk.BootAsync();
        await cluster.StartAsync();
        database.ForgetConnections();
        await database.ExecuteAsync("insert into extensions (number, password) values ('1003', 'three')");
        await Expect.RefreshedAsync(database);

        // Without the refresh every endpoint of this Asterisk would be mute.
        Assert.True(await second.RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1003", "three", "127.0.0.13").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12", "1003|online|127.0.0.13");
        Assert.True(await first.UnregisterAsync());
        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12", "1003|online|127.0.0.13");
    }

    [Fact]
    public async Task Changes_and_registrations_made_while_the_worker_was_dead_are_not_lost()
    {
        await using var database = await InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two'), ('1003', 'three')");
        await Expect.RefreshedAsync(database);
        var first = new SipPhone(asterisk, "1001", "one");
        var second = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        Assert.True(await first.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL", "1003|offline|NULL");

        await worker.KillAsync();
        await worker.DisposeAsync();
        Assert.True(await second.RegisterAsync());
        Assert.True(await first.UnregisterAsync());
        await database.ExecuteAsync(
            "insert into extensions (number, password) values ('1004', 'four'); delete from extensions where number = '1003'");
        await using var next = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());

        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12", "1004|offline|NULL");
        Assert.Equal("1001,1002,1004", await database.ScalarAsync<string>("select string_agg(id, ',' order by id) from ps_endpoints"));
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1004", "four", "127.0.0.14").RegisterAsync());
        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12", "1004|online|127.0.0.14");
    }

    [Fact]
    public async Task A_wrong_secret_is_said_as_such_and_sync_goes_on()
    {
        await using var database = await InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. asterisk.WorkerSettings(), "Asterisk__Nodes__0__Secret=not-the-secret"]);

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one')");

        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("refuses the login", StringComparison.Ordinal)));
        Assert.DoesNotContain("not-the-secret", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_thousand_extensions_of_one_statement_all_arrive()
    {
        await using var database = await InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database);

        await database.ExecuteAsync("""
            insert into extensions (number, password, display_name) select g::text, 'p' || g, 'Name ' || g
              from generate_series(100000, 199999) g
            """);

        await Eventually.Equal(300_000L, () => database.ScalarAsync<long>(
            """
                select (select count(*) from ps_endpoints) + (select count(*) from ps_auths) + (select count(*) from ps_aors)
                """), TimeSpan.FromMinutes(2));
        Assert.Equal(0L, await database.ScalarAsync<long>("""
            select count(*) from extensions x left join ps_auths a on a.id = x.number where a.password is distinct from x.password
            """));
    }

    private static async Task<TestDatabase> InstalledAsync(PostgresServer server) =>
        await InstalledAsync(await server.CreateDatabaseAsync());

    private static async Task<TestDatabase> InstalledAsync(TestDatabase database)
    {
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, [], "init", "--create-extensions");
        Assert.True(exitCode == 0, output);
        return database;
    }

    private static async Task<Listener> ListenAsync(TestDatabase database)
    {
        var connection = await database.OpenAsync();
        var listener = new Listener(connection);
        await using var command = new NpgsqlCommand("listen extension_status", connection);
        await command.ExecuteNonQueryAsync();
        return listener;
    }

    /// <summary>An application that wants to hear of every change of status.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly NpgsqlConnection _connection;
        private readonly List<string> _heard = [];

        public Listener(NpgsqlConnection connection)
        {
            _connection = connection;
            connection.Notification += (_, notification) => _heard.Add(notification.Payload);
        }

        public async Task<List<string>> HeardAsync(int count)
        {
            using var limit = new CancellationTokenSource(Eventually.Patience);
            while (_heard.Count < count)
                await _connection.WaitAsync(limit.Token);
            return _heard;
        }

        public ValueTask DisposeAsync() => _connection.DisposeAsync();
    }
}
