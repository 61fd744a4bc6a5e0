using static PjsipSyncWorker.IntegrationTests.Registrations.AnnouncementRig;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Changes that Asterisk must read although the row before is in its memory caches.</summary>
public sealed class CacheExpiryTests(PostgresServer server)
{
    [Fact]
    public async Task A_changed_password_and_a_deletion_are_in_force_though_both_are_cached()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) values ('1001', 'old', {Unqualified}), ('1002', 'two', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
        Assert.Contains("Number of objects within cache: 2", await asterisk.CliAsync("sorcery memory cache show auth_cache"),
            StringComparison.Ordinal);

        await database.ExecuteAsync(
            "update extensions set password = 'new' where number = '1001'; delete from extensions where number = '1002'");
        await Expect.RefreshedAsync(database);

        Assert.False(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1001", "new").RegisterAsync());
        Assert.False(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
    }

    [Fact]
    public async Task Changes_made_while_AMI_was_away_take_effect_when_it_returns()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        using var line = new TcpProxy(asterisk.AmiPort);
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. asterisk.WorkerSettings(), $"Asterisk__Nodes__0__Port={line.Port}"]);
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) values ('1001', 'old', {Unqualified}), ('1002', 'two', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());

        line.Refusing = true;
        line.CloseCurrent();
        await database.ExecuteAsync(
            "update extensions set password = 'new' where number = '1001'; delete from extensions where number = '1002'");
        await Eventually.True(() => database.ScalarAsync<bool>("""
            select not exists (select from pjsip_sync.change) and not exists (select from ps_endpoints where id = '1002')
            """));
        Assert.True(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        line.Refusing = false;
        await Expect.RefreshedAsync(database);

        Assert.False(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1001", "new").RegisterAsync());
        Assert.False(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
    }

    [Fact]
    public async Task A_cache_that_holds_the_whole_table_is_emptied_and_the_log_says_so()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await asterisk.EditAsync(("sorcery.conf", "s/name=auth_cache,.*/name=all_of_them,full_backend_cache=yes/"));
        await asterisk.RestartAsync();
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1001', 'old', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "old").RegisterAsync());

        await database.ExecuteAsync("update extensions set password = 'new'");
        await Expect.RefreshedAsync(database);

        Assert.True(await new SipPhone(asterisk, "1001", "new").RegisterAsync());
        Assert.False(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
        Assert.Contains("all_of_them has full_backend_cache", worker.Log, StringComparison.Ordinal);
    }
}
