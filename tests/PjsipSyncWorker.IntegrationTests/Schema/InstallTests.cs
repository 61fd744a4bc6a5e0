
namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>What <c>init</c> leaves in a database.</summary>
public sealed class InstallTests(PostgresServer server)
{
    [Fact]
    public async Task Reconcile_of_correct_rows_writes_no_WAL()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("wal");
        var settings = SyncRig.Read(database);
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await using var rig = await SyncRig.OpenAsync(database, settings);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1999) g");
        await rig.ReconcileAsync();
        // What is left of the first sync (hint bits, autovacuum) is written now and not during the measurement.
        await database.ExecuteAsync("alter system set autovacuum = off; ");
        await database.ExecuteAsync("select pg_reload_conf()");
        await database.ExecuteAsync("vacuum");
        await database.ExecuteAsync("checkpoint");
        await rig.ReconcileAsync();
        var before = await database.ScalarAsync<string>("select pg_current_wal_insert_lsn()::text");

        await rig.ReconcileAsync();

        Assert.InRange(await database.ScalarAsync<decimal>("select pg_current_wal_insert_lsn() - $1::text::pg_lsn", before), 0, 1000);
    }

    [Fact]
    public async Task Init_twice_changes_nothing()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        const string everything = """
            select 'relation', oid::text, relname, relkind::text from pg_class
              where relnamespace in ('public'::regnamespace, 'asterisk'::regnamespace, 'pjsip_sync'::regnamespace)
            union all select 'function', oid::text, proname, md5(prosrc) || proowner::text || coalesce(proacl::text, '')
              from pg_proc where pronamespace = 'pjsip_sync'::regnamespace
            union all select 'trigger', oid::text, tgname, tgenabled::text from pg_trigger
            union all select 'mapping', xmin::text, source_table, columns::text from pjsip_sync.mapping
            union all select 'change', count(*)::text, '', '' from pjsip_sync.change
            union all select 'managed_endpoint', xmin::text, id, '' from pjsip_sync.managed_endpoint order by 1, 2, 3
            """;
        var before = await rig.Database.RowsAsync(everything);

        await SyncRig.InstallAsync(rig.Database, rig.Settings, createExtensions: true);

        Assert.Equal(before, await rig.Database.RowsAsync(everything));
    }

    [Fact]
    public async Task Plain_psql_installs_the_same_as_init_and_prints_nothing()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await using var other = await server.CreateDatabaseAsync();
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(other.ConnectionString);
        Assert.Equal("", await Repository.ExpectAsync("psql",
        [
            "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-v", "create_extensions=1",
            "-v", "source_table=public.extensions", "-v", "columns={}", "-v", "active=", "-v", "realtime_schema=",
            "-d", $"host={connection.Host} port={connection.Port} dbname={connection.Database} user={connection.Username} "
                + $"password={connection.Password}",
            "-f", Path.Combine(Repository.Root, "sql", "install.sql"),
        ], TimeSpan.FromSeconds(30)));
        const string everything = """
            select 'column', table_schema || '.' || table_name, column_name, data_type || coalesce(column_default, '')
              from information_schema.columns where table_schema in ('public', 'asterisk', 'pjsip_sync')
            union all select 'function', proname, '', md5(prosrc) || proowner::regrole::text from pg_proc
              where pronamespace = 'pjsip_sync'::regnamespace
            union all select 'trigger', tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
            union all select 'template', name, '', md5(body) from pjsip_sync.template
            union all select 'mapping', source_table, active, columns::text from pjsip_sync.mapping order by 1, 2, 3
            """;

        Assert.Equal(await rig.Database.RowsAsync(everything), await other.RowsAsync(everything));
    }

    [Fact]
    public async Task The_owner_of_the_trigger_function_cannot_log_in()
    {
        await using var rig = await SyncRig.CreateAsync(server);

        Assert.Equal(["pjsip_sync_owner|False|True"], await rig.Database.RowsAsync(
            """
                select rolname, rolcanlogin, prosecdef and 'search_path=pg_catalog, pg_temp' = any (proconfig) from pg_proc
                  join pg_roles on pg_roles.oid = proowner where proname = 'record_change'
                """));
    }

    [Fact]
    public async Task An_application_that_may_only_write_its_table_is_not_hindered()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        var role = $"app_{Guid.NewGuid():N}";
        await rig.Database.ExecuteAsync($"create role {role}; grant select, insert, update, delete, truncate on extensions to {role}");

        await rig.ChangeAsync($"""
            set role {role}; insert into extensions (number, password) values ('1001', 'x');
            update extensions set number = '1002'; reset role
            """);
        Assert.Equal("1002", await rig.IdsAsync());
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));

        await rig.ChangeAsync($"set role {role}; truncate extensions; reset role");
        Assert.Equal("", await rig.IdsAsync());
    }

    [Fact]
    public async Task A_role_that_only_owns_the_database_can_install_and_run_everything()
    {
        var role = $"owner_{Guid.NewGuid():N}";
        await using var admin = await server.CreateDatabaseAsync();
        var name = new Npgsql.NpgsqlConnectionStringBuilder(admin.ConnectionString).Database;
        await admin.ExecuteAsync(
            $"create role {role} login password 'x'; alter database {name} owner to {role}; alter schema public owner to {role}");
        await using var database = new TestDatabase(new Npgsql.NpgsqlConnectionStringBuilder(admin.ConnectionString) { Username = role,
            Password = "x" }.ConnectionString);
        var settings = SyncRig.Read(database);

        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await using var rig = await SyncRig.OpenAsync(database, settings);
        await rig.ChangeAsync("""
            insert into extensions (number, password) values ('1001', 'x');
            select pjsip_sync.refresh_mapping(); select pjsip_sync.write_status()
            """);

        Assert.Equal("1001", await rig.IdsAsync());
    }

    [Fact]
    public async Task Init_enables_triggers_and_requests_a_full_resync()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        await rig.Database.ExecuteAsync(
            "alter table extensions disable trigger user; insert into extensions (number, password) values ('1002', 'x')");

        await SyncRig.InstallAsync(rig.Database, rig.Settings, createExtensions: true);
        Assert.Equal(["0"], await rig.Database.RowsAsync("""
            select count(*) from pg_trigger where tgrelid = 'extensions'::regclass and not tgisinternal
              and tgenabled not in ('A', 'R')
            """));
        await rig.ApplyAllAsync();
        Assert.Equal("1001,1002", await rig.IdsAsync());
    }

    [Fact]
    public async Task Tables_without_a_unique_id_or_a_necessary_column_are_named()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table ps_aors drop constraint ps_aors_pkey");
        var error = await Assert.ThrowsAsync<PjsipSyncWorker.Realtime.RealtimeSchemaException>(() => SyncRig.OpenAsync(rig.Database,
            rig.Settings));
        Assert.Contains("asterisk.ps_aors.id is not unique", error.Message, StringComparison.Ordinal);

        await rig.Database.ExecuteAsync(
            "drop view ps_endpoints_for_server; alter table ps_auths drop column password; alter table ps_endpoints drop column context");
        error = await Assert.ThrowsAsync<PjsipSyncWorker.Realtime.RealtimeSchemaException>(() => SyncRig.OpenAsync(rig.Database,
            rig.Settings));
        Assert.Contains("asterisk.ps_endpoints.context, asterisk.ps_auths.password", error.Message, StringComparison.Ordinal);
        Assert.Contains("Asterisk from 13 on", error.Message, StringComparison.Ordinal);
    }
}
