using Npgsql;
using static PjsipSyncWorker.IntegrationTests.Registrations.AnnouncementRig;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>What a real Asterisk is told of new extensions, and what that makes it read.</summary>
public sealed class AnnouncementTests(PostgresServer server)
{
    [Fact]
    public async Task A_new_extension_makes_asterisk_read_no_other()
    {
        await using var database = await ManyAsync(1000);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await Expect.RefreshedAsync(database);
        var before = await ScannedAsync(database);

        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE");

        Assert.InRange(await ScannedAsync(database), before, before + 900);
        Assert.Equal(["1001"], await AskedForAllAsync(database, "asterisk elsewhere", "1001"));
    }

    [Fact]
    public async Task Without_the_view_a_new_extension_is_announced_all_the_same()
    {
        await using var database = await ManyAsync(100);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await asterisk.EditAsync(("extconfig.conf", "s/^ps_endpoints = .*/ps_endpoints = odbc,asterisk/"),
            ("odbc.ini", "s/set application_name to [^;]*; //"), ("sorcery.conf", "/memory_cache/d"));
        await asterisk.RestartAsync();
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await Expect.RefreshedAsync(database);

        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified})");
        await Expect.RefreshedAsync(database);

        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE");
        Assert.Equal(["NULL"], await database.RowsAsync("select announcing_until from pjsip_sync.node"));
    }

    [Fact]
    public async Task Endpoint_read_at_boot_is_not_announced()
    {
        await using var database = await ManyAsync(300);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), $"Metrics__Port={port}"]);
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "20001", "x").RegisterAsync());
        await LampAsync(database, "20001", "NOT_INUSE");

        await asterisk.RestartAsync();
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));
        await Expect.RefreshedAsync(database);

        Assert.Equal(0, await CountAsync(port, "pjsip_sync_announcement_duration_seconds_count"));
        Assert.Equal(0, await CountAsync(port, "pjsip_sync_asterisk_reload_duration_seconds_count"));
        await LampAsync(database, "20001", "NOT_INUSE");
        Assert.True(await new SipPhone(asterisk, "20002", "x", "127.0.0.12").RegisterAsync());
        await LampAsync(database, "20002", "NOT_INUSE");
    }

    [Fact]
    public async Task Asterisk_without_endpoints_is_refreshed_by_one_reload()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), $"Metrics__Port={port}"]);
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));

        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) select g::text, 'x', {Unqualified} from generate_series(20000, 21499) g");
        await Expect.RefreshedAsync(database);

        Assert.Equal(1, await CountAsync(port, "pjsip_sync_asterisk_reload_duration_seconds_count"));
        Assert.InRange(await CountAsync(port, "pjsip_sync_announcement_duration_seconds_count"), 0, 100);
        Assert.True(await new SipPhone(asterisk, "21499", "x").RegisterAsync());
        await LampAsync(database, "21499", "NOT_INUSE");
    }

    [Fact]
    public async Task A_reload_that_read_only_the_announced_endpoints_is_answered_by_another()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified}), ('1002', 'two', {Unqualified})");
        await Expect.RefreshedAsync(database);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE");

        // As a worker leaves it that dies in the middle of an announcement, and a person who reloads meanwhile.
        await database.ExecuteAsync("update pjsip_sync.node set announcing = '{1002}', announcing_until = now() + interval '10 seconds'");
        await asterisk.CliAsync("module reload res_pjsip.so");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Reloaded PJSIP of Asterisk pbx1", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(60));

        await LampAsync(database, "1001", "NOT_INUSE");
        Assert.Contains("Not in use", await asterisk.CliAsync("pjsip show endpoint 1001"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_restart_makes_Asterisk_refuse_no_phone()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified}), ('1002', 'two', {Unqualified})");
        await Expect.RefreshedAsync(database);
        await using (var holder = await database.OpenAsync())
        {
            await using var held = await holder.BeginTransactionAsync();
            await using (var hold = new NpgsqlCommand("lock table ps_endpoints", holder, held))
                await hold.ExecuteNonQueryAsync();
            var asked = Enumerable.Range(0, 6).Select(_ => asterisk.CliAsync("realtime load ps_endpoints id 1001")).ToList();
            await Eventually.True(async () => await ConnectionsAsync(database) >= 6);
            await held.RollbackAsync();
            await Task.WhenAll(asked);
        }

        var moment = await database.ScalarAsync<DateTime>("select clock_timestamp()");
        await database.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        await Eventually.True(async () => await ConnectionsAsync(database, moment) > 0);

        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        Assert.True(await new SipPhone(asterisk, "1002", "two", "127.0.0.12").RegisterAsync());
    }

    [Fact]
    public async Task Each_of_two_servers_is_refreshed_also_after_an_absence()
    {
        await using var database = await ManyAsync(200);
        string[] contacts = ["Contacts=astdb,registrar"];
        await using var first = await AsteriskServer.StartAsync(database.ConnectionString, contacts);
        await using var second = await AsteriskServer.StartAsync(database.ConnectionString, [.. contacts, "Node=pbx2"]);
        await using var worker = await WorkerProcess.StartAsync(database, [.. first.WorkerSettings(), .. second.WorkerSettings(1)]);
        await Expect.RefreshedAsync(database, nodes: 2);

        await second.StopAsync();
        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1001', 'one', {Unqualified})");
        await Eventually.True(() => database.ScalarAsync<bool>("""
            select refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint) from pjsip_sync.node
              where name = 'pbx1'
            """));
        Assert.True(await new SipPhone(first, "1001", "one").RegisterAsync());
        await LampAsync(database, "1001", "NOT_INUSE");
        await second.BootAsync();
        await Expect.RefreshedAsync(database, nodes: 2);

        Assert.True(await new SipPhone(second, "20001", "x", "127.0.0.12").RegisterAsync());
        await LampAsync(database, "20001", "NOT_INUSE");
        await database.ExecuteAsync($"insert into extensions (number, password, settings) values ('1002', 'two', {Unqualified})");
        await Expect.RefreshedAsync(database, nodes: 2);
        Assert.True(await new SipPhone(second, "1002", "two", "127.0.0.13").RegisterAsync());
        await LampAsync(database, "1002", "NOT_INUSE");
        await LampAsync(database, "1001", "NOT_INUSE");
    }

    [Fact]
    public async Task Waiting_announcements_are_counted()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. asterisk.WorkerSettings(), $"Metrics__Port={port}", "Asterisk__RefreshesPerSecond=10"]);
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));
        await database.ExecuteAsync(
            $"insert into extensions (number, password, settings) select g::text, 'x', {Unqualified} from generate_series(20000, 20099) g");
        using var http = new HttpClient();

        await Eventually.True(async () => await CountAsync(port, "pjsip_sync_announcements_waiting") > 0
            && await CountAsync(port, "pjsip_sync_announcements_age_seconds") > 0);
        await Eventually.True(async () => (await http.GetStringAsync($"http://localhost:{port}/readyz"))
            .Contains("to be announced", StringComparison.Ordinal));
        var status = await WorkerProcess.OnTerminalAsync(database, "status", asterisk.WorkerSettings());
        Assert.Contains("to be announced to pbx1", status, StringComparison.Ordinal);

        await Expect.RefreshedAsync(database);
        await Eventually.Equal(0, () => CountAsync(port, "pjsip_sync_announcements_waiting"));
    }

    /// <summary>So many extensions from 20000 on that an Asterisk reads when it boots.</summary>
    private async Task<TestDatabase> ManyAsync(int count)
    {
        var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync($"""
            insert into extensions (number, password, settings) select g::text, 'x', {Unqualified}
              from generate_series(20000, {19999 + count}) g
            """);
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions");
        Assert.True(exitCode == 0, output);
        await database.ExecuteAsync("analyze");
        return database;
    }

    /// <summary>How many connections Asterisk has opened to its database since then.</summary>
    private static Task<long> ConnectionsAsync(TestDatabase database, DateTime since = default) =>
        database.ScalarAsync<long>("""
            select count(*) from pg_stat_activity where datname = current_database() and application_name = 'asterisk pbx1'
              and backend_start > $1
            """, since.ToUniversalTime());

    /// <summary>Rows of ps_endpoints that were read without an index since the server started.</summary>
    private static async Task<long> ScannedAsync(TestDatabase database)
    {
        // Sessions report what they did with some delay.
        await Task.Delay(TimeSpan.FromSeconds(2));
        return await database.ScalarAsync<long>("select seq_tup_read from pg_stat_user_tables where relname = 'ps_endpoints'");
    }

    /// <summary>Of some ids those that a connection of this name is shown among all.</summary>
    private static async Task<List<string>> AskedForAllAsync(TestDatabase database, string name, string id)
    {
        await using var named = new TestDatabase(new NpgsqlConnectionStringBuilder(database.ConnectionString) { ApplicationName = name,
            Pooling = false }.ConnectionString);
        return await named.RowsAsync("select id from ps_endpoints_for_server where id = $1", id);
    }
}
