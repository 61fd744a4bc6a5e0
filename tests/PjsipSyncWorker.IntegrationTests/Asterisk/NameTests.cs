
namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>Extensions named like something that one Asterisk has in files of its own.</summary>
public sealed class NameTests(PostgresServer server)
{
    private const string Reserved = """
        select number from extensions join pjsip_sync.rejected r on r.id = number
          where reason like 'number % is the name of an object in % of pbx1, %' order by number
        """;

    [Fact]
    public async Task A_carriers_name_is_no_number_and_its_calls_stay_its_own()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        var carrier = new SipPhone(asterisk, "carrier", "", "127.0.0.41");
        await files.RenderAsync(files.Settings());
        await files.AddCarrierAsync(carrier);
        await files.AddAsync("pjsip_custom.conf", "[door]\ntype = endpoint\naors = door\n[door]\ntype = aor\ncontact = sip:127.0.0.77\n");
        await asterisk.StartFromAsync(files.Output, files.Site);
        // It was there before the worker could know.
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('carrier', 'x')");
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, files.Settings(), "sync-extensions");
        Assert.True(exitCode == 0, output);
        var (_, found) = await WorkerProcess.CommandAsync(database, files.Settings(), "verify-config");
        Assert.Contains("carrier (pjsip.conf) is both an extension and an object in a file of this server", found,
            StringComparison.Ordinal);

        await using var worker = await WorkerProcess.StartAsync(database, files.Settings());
        await Eventually.Equal("carrier", async () => string.Join(' ', await database.RowsAsync(Reserved)));
        Assert.Equal(["True"], await database.RowsAsync("select codecs @> '{alaw,opus,t140}' from pjsip_sync.node"));
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        Assert.True(await anna.RegisterAsync());
        await Eventually.Equal(
            "NOT_INUSE", () => database.ScalarAsync<string>("select state from pjsip_sync.device where endpoint = '1001'"));
        foreach (var dialled in new[] { "+33123456789", "112" })
        {
            var taking = carrier.AnswerNumberAsync();
            await Eventually.True(() => anna.CallAsync(dialled));
            Assert.Equal(dialled, await taking);
        }
        var answering = anna.AnswerAsync();
        await Eventually.True(() => carrier.BringCallAsync("+49301231001"));
        Assert.True(await answering);

        await database.ExecuteAsync("delete from extensions where number = 'carrier'");
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints where id = 'carrier'"));
        await database.ExecuteAsync("insert into extensions (number, password) values ('carrier', 'x'), ('door', 'x'), ('112', 'x')");
        await Eventually.Equal("carrier door", async () => string.Join(' ', await database.RowsAsync(Reserved)));
        Assert.Equal(["0"], await database.RowsAsync("select count(*) from ps_endpoints where id in ('carrier', 'door')"));
        (_, found) = await WorkerProcess.CommandAsync(database, files.Settings(), "verify-config");
        Assert.Contains("112 is both an extension and an emergency number", found, StringComparison.Ordinal);
        await database.ExecuteAsync("update extensions set number = '*43' where number = '112'");
        await Expect.RefreshedAsync(database);
        (_, found) = await WorkerProcess.CommandAsync(database, files.Settings(), "verify-config");
        Assert.Contains("*43 has a line of its own in the dialplan", found, StringComparison.Ordinal);

        // The sections are renamed, and PJSIP reloaded: the number is free. The dialplan dials the carrier's name all the same.
        await asterisk.EditAsync(("pjsip_custom.conf", "s/\\[door\\]/[gate]/"), ("pjsip_carriers.conf", "s/\\[carrier\\]/[itsp]/"));
        await asterisk.CliAsync("module reload res_pjsip.so");
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints where id = 'door'"));
        Assert.Equal(["carrier"], await database.RowsAsync(Reserved));
    }

    [Fact]
    public async Task Missing_reference_of_an_extension_is_named_until_it_exists()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("""
            insert into extensions (number, password, transport, context, settings) values
              ('1001', 'x', null, null, '{}'), ('1002', 'x', 'udp', null, '{}'), ('1003', 'x', null, 'nope', '{}'),
                ('1004', 'x', null, null, '{"endpoint":{"acl":"nobody"}}'), ('10 05', 'x', null, null, '{}')
            """);

        await Eventually.Equal(
            "1002 Asterisk pbx1 has no transport udp: its calls end with 500|1003 Asterisk pbx1 has no context nope: its calls "
            + "end with 404|1004 Asterisk pbx1 has no acl nobody: no phone of it can register",
            async () => string.Join('|', await database.RowsAsync("""
                select number || ' ' || reason from pjsip_sync.problem where node = 'pbx1' order by number
                """)));
        var status = await WorkerProcess.OnTerminalAsync(database, "status", asterisk.WorkerSettings());
        Assert.Contains("1003: Asterisk pbx1 has no context nope", status, StringComparison.Ordinal);
        Assert.Contains("10 05: rejected: number holds a space", status, StringComparison.Ordinal);

        await asterisk.EditAsync(("extensions.conf", "$a [nope]\nexten => _X.,1,Hangup()"));
        await asterisk.CliAsync("module reload pbx_config.so");
        await database.ExecuteAsync("""
            update extensions set transport = 'transport-udp' where number = '1002';
            update extensions set settings = '{}' where number = '1004'
            """);
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.problem where node = 'pbx1'"));
    }

    [Fact]
    public async Task A_server_that_looks_into_its_sources_in_a_wrong_order_is_named()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var (_, found) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "verify-config");
        Assert.DoesNotContain("sorcery.conf has", found, StringComparison.Ordinal);

        await asterisk.EditAsync(("sorcery.conf", "/^endpoint = config/d; $a endpoint = config,pjsip.conf,criteria=type=endpoint"));
        (_, found) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "verify-config");
        Assert.Contains("sorcery.conf has the database before the file for endpoints", found, StringComparison.Ordinal);
        await asterisk.EditAsync(("sorcery.conf", "/^aor.cache/d; $a aor/cache = memory_cache,name=aor_cache"));
        (_, found) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "verify-config");
        Assert.Contains("sorcery.conf has a file before the cache of aors", found, StringComparison.Ordinal);
    }
}
