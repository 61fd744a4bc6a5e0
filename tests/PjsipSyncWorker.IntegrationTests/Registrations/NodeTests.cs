using System.Globalization;
using System.Text.Json;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Several Asterisk servers, memory caches, and what is shown when some of it dies.</summary>
public sealed class NodeTests(PostgresServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_phone_moves_between_two_servers_and_is_never_shown_offline(bool sharedContacts)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        string[] contacts = sharedContacts ? [] : ["Contacts=astdb,registrar"];
        await using var first = await AsteriskServer.StartAsync(database.ConnectionString, contacts);
        await using var second = await AsteriskServer.StartAsync(database.ConnectionString, contacts);
        await using var one = await WorkerProcess.StartAsync(database,
            [.. first.WorkerSettings(), "Asterisk__StaleAfter=00:00:05", "Asterisk__SnapshotInterval=00:00:02"]);
        await using var two = await WorkerProcess.StartAsync(database,
            [.. second.WorkerSettings().Select(setting => setting.Replace("pbx1", "pbx2", StringComparison.Ordinal)),
                "Asterisk__StaleAfter=00:00:05", "Asterisk__SnapshotInterval=00:00:02"]);
        // No qualifying: these phones answer nothing while they wait.
        await database.ExecuteAsync("""
            insert into extensions (number, password, settings)
              values ('1001', 'one', '{"aor":{"qualify_frequency":0}}'), ('1002', 'two', '{"aor":{"qualify_frequency":0}}')
            """);
        await Expect.RefreshedAsync(database, nodes: 2);
        await database.ExecuteAsync("""
            create table seen (number text, status text);
            create function seen() returns trigger language plpgsql
              as 'begin insert into seen values (new.number, new.status); return null; end';
            create trigger seen after update of status on extensions for each row when (old.status is distinct from new.status)
              execute function seen()
            """);
        var atFirst = new SipPhone(first, "1001", "one", "127.0.0.11");
        var atSecond = new SipPhone(second, "1001", "one", "127.0.0.12");
        var stays = new SipPhone(second, "1002", "two", "127.0.0.13");

        Assert.True(await atFirst.RegisterAsync());
        Assert.True(await stays.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.13");
        Assert.True(await atSecond.RegisterAsync());
        await Eventually.Equal(
            "127.0.0.12", () => database.ScalarAsync<string>("select host(last_registered_ip) from extensions where number = '1001'"));
        Assert.True(await atFirst.UnregisterAsync());
        await Eventually.Equal("pbx2", () => database.ScalarAsync<string>("""
            select string_agg(distinct node, ',') from pjsip_sync.contact where endpoint = '1001'
            """));
        Assert.Equal(["1001|online", "1002|online"], await database.RowsAsync("select number, status from seen order by 1"));

        // The first server dies: nothing of the second goes offline. Then the second dies: its phones do, after StaleAfter.
        await first.KillAsync();
        await Eventually.Equal(
            "f", () => database.ScalarAsync<string>("select substr(connected::text, 1, 1) from pjsip_sync.node where name = 'pbx1'"));
        await Expect.StatusAsync(database, "1001|online|127.0.0.12", "1002|online|127.0.0.13");
        await second.KillAsync();
        await Expect.StatusAsync(database, "1001|offline|127.0.0.12", "1002|offline|127.0.0.13");
        Assert.Equal(["1001|online,offline", "1002|online,offline"],
            await database.RowsAsync("select number, string_agg(status, ',' order by ctid) from seen group by 1 order by 1"));
    }

    [Fact]
    public async Task Death_of_a_host_with_Asterisk_and_worker_is_noticed_by_another()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var other = await AsteriskServer.StartAsync(database.ConnectionString);
        var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), "Asterisk__StaleAfter=00:00:04"]);
        await using var standby = await WorkerProcess.StartAsync(database,
            [.. other.WorkerSettings().Select(setting => setting.Replace("pbx1", "pbx2", StringComparison.Ordinal)),
            "Asterisk__StaleAfter=00:00:04"]);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one')");
        await Expect.RefreshedAsync(database, nodes: 2);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11");

        await asterisk.KillAsync();
        await worker.KillAsync();
        await worker.DisposeAsync();

        await Expect.StatusAsync(database, "1001|offline|127.0.0.11");
        await standby.StopAsync();
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "forget-node", "pbx1");
        Assert.True(exit == 0, output);
        Assert.Equal(["pbx2"], await database.RowsAsync("select name from pjsip_sync.node"));
    }

    [Fact]
    public async Task A_standby_takes_over_a_node_whose_worker_died()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await using var standby = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one')");
        await Expect.RefreshedAsync(database, nodes: 1);
        await Eventually.True(() => Task.FromResult(standby.Log.Contains("Another worker follows pbx1", StringComparison.Ordinal)));

        await worker.KillAsync();
        await worker.DisposeAsync();
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());

        await Expect.StatusAsync(database, "1001|online|127.0.0.11");
    }

    [Fact]
    public async Task New_password_replaces_the_old_one_at_once_despite_a_memory_cache()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'old')");
        await Expect.RefreshedAsync(database, nodes: 1);
        Assert.True(await new SipPhone(asterisk, "1001", "old").RegisterAsync());

        await database.ExecuteAsync("update extensions set password = 'new'");
        await Expect.RefreshedAsync(database, nodes: 1);

        Assert.True(await new SipPhone(asterisk, "1001", "new").RegisterAsync());
        Assert.False(await new SipPhone(asterisk, "1001", "old").RegisterAsync());
    }

    [Fact]
    public async Task A_new_extension_goes_before_the_rest_of_a_long_refresh()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), "Asterisk__RefreshesPerSecond=5"]);
        await Eventually.True(() => database.ScalarAsync<bool>("select connected from pjsip_sync.node"));
        await database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(2000, 2059) g");
        await Eventually.Equal(60L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal(61L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await Eventually.True(async () => await new SipPhone(asterisk, "1001", "x").RegisterAsync()
            && await database.ScalarAsync<string>("select status from extensions where number = '1001'") == "online", TimeSpan.FromSeconds(
                5));

        Assert.Equal(0L, await database.ScalarAsync<long>("select refreshed_revision from pjsip_sync.node"));
        await Expect.RefreshedAsync(database, nodes: 1);
    }

    [Fact]
    public async Task Wrong_status_is_corrected_within_seconds()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        await Expect.RefreshedAsync(database, nodes: 1);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|offline|NULL");

        // An ORM saves a row as it was; an import replaces the table by itself, keys and all; an extension gets another number.
        await database.ExecuteAsync("""
            update extensions set status = 'offline' where number = '1001';
            update extensions set status = 'online' where number = '1002'
            """);
        await OnlineAsync("1001");
        await database.ExecuteAsync("""
            create table copy as select * from extensions; truncate extensions;
            insert into extensions overriding system value
              select id, number, password, display_name, context, caller_id_name, caller_id_number, voicemail_enabled,
              voicemail_mailbox, transport, codecs, max_contacts, profile, settings, enabled from copy
            """);
        await OnlineAsync("1001");
        await database.ExecuteAsync("update extensions set number = '1003' where number = '1001'");
        await OnlineAsync("");
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.status_recheck"));

        Task OnlineAsync(string numbers) => Eventually.Equal(numbers, () => database.ScalarAsync<string>(
            """
                select coalesce(string_agg(number, ',' order by number), '') from extensions where status = 'online'
                """)!, TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task Status_shows_a_phone_with_all_that_is_known_of_it()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("""
            insert into extensions (number, password, display_name)
              values ('1001', 'one', 'Anna'), ('1002', 'two', null), ('10 03', 'x', null)
            """);
        await Expect.RefreshedAsync(database, nodes: 1);
        Assert.True(await new SipPhone(asterisk, "1001", "one").RegisterAsync());
        await Eventually.Equal("SIPp", () => database.ScalarAsync<string>("select user_agent from pjsip_sync.contact"));

        var (exit, json) = await WorkerProcess.CommandAsync(database, [], "status", "--json");
        using var document = JsonDocument.Parse(json);
        var anna = document.RootElement[0];
        Assert.Equal(0, exit);
        Assert.Equal(("1001", "Anna", "online"),
            (anna.GetProperty("number").GetString(), anna.GetProperty("name").GetString(), anna.GetProperty("status").GetString()));
        Assert.Equal(("127.0.0.11", "SIPp", "pbx1"),
            (anna.GetProperty("contacts")[0].GetProperty("address").GetString(), anna.GetProperty("contacts")[0].GetProperty("user_agent")
            .GetString(), anna.GetProperty("contacts")[0].GetProperty("node").GetString()));
        Assert.InRange(DateTime.Parse(anna.GetProperty("contacts")[0].GetProperty("expires").GetString()!, CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal), DateTime.UtcNow.AddSeconds(240), DateTime.UtcNow.AddSeconds(310));
        Assert.Equal(("10 03 rejected", "1002 offline"), (Words(document.RootElement[1]), Words(document.RootElement[2])));

        var (_, table) = await WorkerProcess.CommandAsync(database, [], "status", "1001");
        Assert.Contains("Anna", table, StringComparison.Ordinal);
        var (missing, why) = await WorkerProcess.CommandAsync(database, [], "status", "10 03");
        Assert.Equal(1, missing);
        Assert.StartsWith("10 03\trejected\t", why, StringComparison.Ordinal);
        Assert.Contains("\tnumber holds a space", why, StringComparison.Ordinal);

        static string Words(JsonElement extension) => $"{extension.GetProperty("number")} {extension.GetProperty("status")}";
    }
}
