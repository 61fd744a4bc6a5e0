using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>What real phones do, and what the application's table says of them.</summary>
public sealed class ContactTests(PostgresServer server)
{
    /// <summary>These phones answer no OPTIONS while they wait, and may leave soon.</summary>
    private const string Unqualified = """
        insert into extensions (number, password, settings)
          values ('1001', 'one', '{"aor":{"qualify_frequency":0,"minimum_expiration":1}}')
        """;

    [Fact]
    public async Task Three_phones_of_one_extension_come_refresh_expire_and_go()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync(Unqualified);
        await Expect.RefreshedAsync(database);
        var desk = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        var mobile = new SipPhone(asterisk, "1001", "one", "127.0.0.12");
        var browser = new SipPhone(asterisk, "1001", "one", "127.0.0.13");

        Assert.True(await desk.RegisterAsync());
        await ExpectAsync("online|127.0.0.11|1");
        Assert.True(await mobile.RegisterAsync());
        await ExpectAsync("online|127.0.0.12|2");
        Assert.True(await browser.RegisterAsync(3));
        await ExpectAsync("online|127.0.0.13|3");
        Assert.True(await desk.RegisterAsync());
        await ExpectAsync("online|127.0.0.11|3");
        // The browser's time runs out without a word.
        await ExpectAsync("online|127.0.0.11|2");
        Assert.True(await desk.UnregisterAsync());
        await ExpectAsync("online|127.0.0.12|1");
        Assert.True(await mobile.UnregisterAsync());
        await ExpectAsync("offline|127.0.0.12|0");

        Task ExpectAsync(string expected) => Eventually.Equal(expected, () => database.ScalarAsync<string>(
            """
                select status || '|' || host(last_registered_ip) || '|' || (select contacts from pjsip_sync.registration)
                  from extensions
                """)!, TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_door_station_with_a_fixed_address_is_online_while_it_answers()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        string[] settings = [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=00:00:01"];
        var worker = await WorkerProcess.StartAsync(database, settings);
        var door = new SipPhone(asterisk, "9001", "x", "127.0.0.11");
        var answering = door.AnswerAsync(38);
        await database.ExecuteAsync($$$"""
            insert into extensions (number, password, settings) values
              ('1001', 'one', '{"aor": {"qualify_frequency": 0}}'),
              ('9001', 'x', '{"aor": {"contact": "{{{door.Uri}}}", "max_contacts": 0, "qualify_frequency": 1, "qualify_timeout": 1}}'),
              ('9002', 'x', '{"aor": {"contact": "sip:9002@127.0.0.12:9", "qualify_frequency": 1, "qualify_timeout": 1}}'),
              ('9003', 'x', '{"aor": {"contact": "sip:9003@127.0.0.13:9;a=b", "qualify_frequency": 0}}')
            """);

        // Nobody asks the third whether it answers, and Asterisk takes it for available.
        const string statuses = "select string_agg(number || ' ' || status, ', ' order by number) from extensions";
        const string expected = "1001 offline, 9001 online, 9002 offline, 9003 online";
        await Eventually.Equal(expected, () => database.ScalarAsync<string>(statuses)!);
        await worker.DisposeAsync();
        await database.ExecuteAsync("delete from pjsip_sync.contact");
        await using var another = await WorkerProcess.StartAsync(database, settings);
        await Eventually.Equal(expected, () => database.ScalarAsync<string>(statuses)!);
        // Snapshots that follow leave it where it is.
        await Eventually.True(async () => await database.ScalarAsync<long>("""
            select count(*) from pjsip_sync.device where endpoint = '9001' and state = 'NOT_INUSE'
            """) == 1);
        Assert.Equal(expected, await database.ScalarAsync<string>(statuses));
        Assert.Equal(
            "127.0.0.11", await database.ScalarAsync<string>("select host(last_registered_ip) from extensions where number = '9001'"));

        Assert.True(await new SipPhone(asterisk, "1001", "one", "127.0.0.14").CallAsync("9001"));
        Assert.True(await answering);
        await Eventually.Equal("offline", () => database.ScalarAsync<string>("select status from extensions where number = '9001'")!);
        await database.ExecuteAsync("update extensions set settings = '{}' where number = '9003'");
        await Eventually.Equal("offline", () => database.ScalarAsync<string>("select status from extensions where number = '9003'")!);
    }

    [Fact]
    public async Task Events_during_a_database_outage_are_written_when_it_returns()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var proxy = new TcpProxy(direct.Port);
        await using var proxied = database.At(proxy.Port);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        // No snapshot is due for an hour: what is written is what was kept in memory.
        await using var worker = await WorkerProcess.StartAsync(proxied,
            [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=01:00:00"]);
        await database.ExecuteAsync(Unqualified + ", ('1002', 'two', '{\"aor\":{\"qualify_frequency\":0}}')");
        await Expect.RefreshedAsync(database);
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        Assert.True(await anna.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL");

        var port = proxy.Port;
        proxy.Dispose();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await anna.UnregisterAsync());
            Assert.True(await anna.RegisterAsync());
        }
        Assert.True(await anna.UnregisterAsync());
        Assert.True(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL");
        using var again = new TcpProxy(direct.Port, port);

        await Expect.StatusAsync(database, "1001|offline|127.0.0.11", "1002|online|127.0.0.12");
    }

    [Fact]
    public async Task Asterisk_without_its_database_is_degraded_and_phones_stay_online()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var proxy = new TcpProxy(direct.Port);
        await using var asterisk = await AsteriskServer.StartAsync(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=00:00:01"]);
        await database.ExecuteAsync(Unqualified);
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11");

        var port = proxy.Port;
        proxy.Dispose();
        await Eventually.True(async () => await database.ScalarAsync<string>("select degraded from pjsip_sync.node") is { Length: > 0 });
        Assert.Equal(["1"], await database.RowsAsync("select count(*) from pjsip_sync.contact"));
        Assert.Contains("degraded", worker.Log, StringComparison.Ordinal);
        await Expect.StatusAsync(database, "1001|online|127.0.0.11");

        using var again = new TcpProxy(direct.Port, port);
        await Eventually.True(() => database.ScalarAsync<bool>("select degraded is null from pjsip_sync.node"));
        await Expect.StatusAsync(database, "1001|online|127.0.0.11");
    }

    [Fact]
    public async Task Manager_without_class_system_is_followed_by_snapshots()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await asterisk.EditAsync(("manager.conf", "s/^read = .*/read = call/"));
        await asterisk.CliAsync("manager reload");
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=00:00:01"]);
        await database.ExecuteAsync(Unqualified);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());

        await Expect.StatusAsync(database, "1001|online|127.0.0.11");
        await Eventually.Equal("the AMI user pjsip-sync lacks read = system",
            () => database.ScalarAsync<string>("select degraded from pjsip_sync.node")!);
        Assert.Contains("lacks read = system; in its section of manager.conf it needs read = system,call", worker.Log,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_phone_that_comes_by_ipv6_is_shown_by_that_address()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString, "SipAddress=[::1]");
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync(Unqualified);
        await Expect.RefreshedAsync(database);
        var phone = new SipPhone(asterisk, "1001", "one", "::1");

        Assert.True(await phone.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|::1");
        Assert.True(await phone.UnregisterAsync());
        await Expect.StatusAsync(database, "1001|offline|::1");
    }
}
