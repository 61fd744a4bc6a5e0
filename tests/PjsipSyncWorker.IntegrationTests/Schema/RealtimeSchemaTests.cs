namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>In which schema the ps_* tables are, where Realtime:Schema is not given (docs/decisions/008).</summary>
public sealed class RealtimeSchemaTests(PostgresServer server)
{
    private const string WhereTheTablesAre = """
        select relnamespace::regnamespace::text from pg_class where relname in ('ps_endpoints', 'ps_auths', 'ps_aors', 'ps_contacts',
          'ps_mailboxes', 'ps_endpoints_for_server') group by 1 having count(*) = 6
        """;

    [Fact]
    public async Task A_new_installation_has_its_own_schema_which_a_push_to_public_does_not_touch()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        Assert.Equal(["asterisk"], await database.RowsAsync(WhereTheTablesAre));
        await using var worker = await WorkerProcess.StartAsync(database);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal("1001", () => database.ScalarAsync<string>("select id from asterisk.ps_endpoints"));

        // What drizzle-kit push and migrate:fresh do: everything in public that they do not know goes.
        await database.ExecuteAsync("""
            do $$ declare relation regclass; begin
              for relation in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
                and relname <> 'extensions' loop execute format('drop table %s cascade', relation); end loop; end $$
            """);

        await database.ExecuteAsync("insert into extensions (number, password) values ('1002', 'x')");
        await Eventually.Equal("1001,1002", () => database.ScalarAsync<string>(
            "select string_agg(id, ',' order by id) from asterisk.ps_endpoints"));
    }

    [Fact]
    public async Task Tables_that_an_asterisk_reads_in_public_are_used_there_and_stay_there()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AsteriskSchema.CreateAsync(database, "public");
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var worker = await WorkerProcess.StartAsync(database);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal("1001", () => database.ScalarAsync<string>("select id from public.ps_endpoints"));

        // Also without them for a moment, and after an upgrade.
        await database.ExecuteAsync("drop table ps_endpoints, ps_auths, ps_aors, ps_contacts cascade");
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: false);

        Assert.Equal(["public"], await database.RowsAsync(WhereTheTablesAre));
        Assert.Null(await database.ScalarAsync<string>("select to_regnamespace('asterisk')::text"));
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions");
        Assert.True(exit == 0, output);
        Assert.Equal("1001", await database.ScalarAsync<string>("select id from public.ps_endpoints"));
    }

    [Fact]
    public async Task A_configured_schema_that_is_not_installed_is_named_with_both_names()
    {
        await using var database = await SyncRig.InstalledAsync(server);

        var (exit, output) = await WorkerProcess.CommandAsync(
            database, ["Realtime__Schema=public", "Source__Active=number <> '1'"], "status");

        Assert.Equal(2, exit);
        Assert.Contains("(Source:Active is number <> '1', installed is enabled; Realtime:Schema is public, installed is asterisk): run "
            + "pjsip-sync-worker init", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_worker_learns_the_schema_when_the_database_answers_late()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var port = Ports.Next();
        await using var away = database.At(port);
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        await using var worker = WorkerProcess.Launch(away, FakePbx.Node(ami));
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Sync interrupted", StringComparison.Ordinal)));

        using var proxy = new TcpProxy(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString).Port, port);

        await worker.ReadyAsync();
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.Equal(true, () => database.ScalarAsync<bool>("select coalesce(bool_or(connected), false) from pjsip_sync.node"),
            log: () => worker.Log);
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from asterisk.ps_endpoints"));
    }
}
