using static PjsipSyncWorker.IntegrationTests.Registrations.AnnouncementRig;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Extensions that Asterisk cannot load.</summary>
public sealed class UnloadableTests(PostgresServer server)
{
    [Fact]
    public async Task Unloadable_extension_is_named_and_delays_no_other()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), $"Metrics__Port={port}"]);
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified}), ('1004', 'four', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1004", "four", "127.0.0.14").RegisterAsync());

        // The newest change, and one of an extension that could be loaded before.
        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1002', 'two', {NoSuchFile})");
        await database.ExecuteAsync($"update extensions set settings = {NoSuchFile} where number = '1004'");
        await Expect.RefreshedAsync(database);
        await Eventually.Equal("1002,1004", () => database.ScalarAsync<string>("""
            select string_agg(id, ',' order by id) from pjsip_sync.unloadable
              where reason like '%no other extension has its endpoint.dtls_cert_file.%' or reason like '%cannot load it. The log%'
            """));
        await database.ExecuteAsync($"""
            insert into extensions (number, password, settings) values ('1003', 'three', {Unqualified});
            update extensions set password = 'new' where number = '1001'
            """);
        await Expect.RefreshedAsync(database);
        Assert.False(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1001", "new").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1003", "three", "127.0.0.13").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE");
        await LampAsync(database, "1003", "NOT_INUSE");
        Assert.Equal(0, await CountAsync(port, "pjsip_sync_ami_reconnects_total"));
        Assert.Equal(["False"], await database.RowsAsync("select degraded is not null from pjsip_sync.node"));

        await Eventually.True(async () => await CountAsync(port, "pjsip_sync_unloadable") is 2);
        using var http = new HttpClient();
        Assert.Contains("Asterisk pbx1: ok; Asterisk cannot load 1002, 1004 ", await http.GetStringAsync($"http://localhost:{port}/readyz"),
            StringComparison.Ordinal);
        var (_, status) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "status", "1002");
        Assert.Contains("\tAsterisk pbx1 cannot load it", status, StringComparison.Ordinal);
        var (_, verified) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "verify-config");
        Assert.Contains("2 extensions cannot be loaded by this server", verified, StringComparison.Ordinal);

        await database.ExecuteAsync("update extensions set settings = '{}' where number in ('1002', '1004')");
        await Expect.RefreshedAsync(database);
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.unloadable"));
        Assert.True(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
    }

    [Fact]
    public async Task Unloadable_extension_is_named_after_a_reload_and_a_boot_too()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), $"Metrics__Port={port}"]);
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));

        await database.ExecuteAsync($"""
            insert into extensions (number, password, settings) select g::text, 'x', {Unqualified}
              from generate_series(20000, 21199) g;
            insert into extensions (number, password, settings) select g::text, 'x', {NoSuchFile}
              from generate_series(30000, 30299) g
            """);
        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified})");
        await Eventually.True(() => new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE", TimeSpan.FromSeconds(60));
        await Eventually.Equal(300L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.unloadable where id like '30%'"),
            TimeSpan.FromSeconds(60));
        await Expect.RefreshedAsync(database);
        Assert.InRange(await CountAsync(port, "pjsip_sync_asterisk_reload_duration_seconds_count"), 1, 2);

        await asterisk.RestartAsync();
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));
        await Expect.RefreshedAsync(database);
        Assert.Equal(300L, await database.ScalarAsync<long>("select count(*) from pjsip_sync.unloadable where id like '30%'"));
        await asterisk.CliAsync("module reload res_pjsip.so");
        await database.ExecuteAsync("update extensions set settings = '{}' where number = '30000'");
        await Eventually.Equal(299L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.unloadable"));
    }
}
