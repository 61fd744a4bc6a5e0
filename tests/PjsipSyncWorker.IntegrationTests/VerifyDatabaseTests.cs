using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.IntegrationTests.Infrastructure;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests;

/// <summary>Each check of the database and of loop 1, seen failing for the right reason.</summary>
public sealed class VerifyDatabaseTests(PostgresServer server, InstalledTemplate template) : IClassFixture<InstalledTemplate>
{
    private const string Unseen = "alter table extensions disable trigger all; ";
    private const string Older = """
        create schema candidates; create function candidates.current_setting(name text) returns text language sql
        return case name when 'server_version' then '12.22' when 'server_version_num' then '120022' else pg_catalog.current_setting(name) end;
        do $$ begin execute format('alter database %I set search_path = candidates, pg_catalog, public', current_database()); end $$
        """;
    private const string Seen = "; alter table extensions enable always trigger pjsip_sync_insert; alter table extensions enable always trigger pjsip_sync_update; alter table extensions enable always trigger pjsip_sync_delete; alter table extensions enable always trigger pjsip_sync_truncate; alter table extensions enable replica trigger pjsip_sync_replicated";

    [Theory]
    [InlineData("alter table extensions disable trigger pjsip_sync_update", "database.triggers", "pjsip_sync_update on extensions is turned off", "--fix")]
    [InlineData("alter table extensions enable trigger pjsip_sync_update", "database.triggers", "is not enabled always", "--fix")]
    [InlineData("drop trigger pjsip_sync_delete on extensions", "database.triggers", "pjsip_sync_delete is missing on extensions", "--fix")]
    [InlineData("alter table extensions disable trigger pjsip_sync_replicated", "database.triggers", "pjsip_sync_replicated on extensions is turned off", "--fix")]
    [InlineData("alter table extensions enable always trigger pjsip_sync_replicated", "database.triggers", "pjsip_sync_replicated on extensions is not enabled for replication alone", "--fix")]
    [InlineData("drop trigger pjsip_sync_replicated on extensions", "database.triggers", "pjsip_sync_replicated is missing on extensions", "--fix")]
    [InlineData("drop trigger pjsip_sync_insert on extensions; create trigger pjsip_sync_insert after insert on extensions execute function suppress_redundant_updates_trigger()", "database.triggers", "pjsip_sync_insert on extensions calls something else", "--fix")]
    [InlineData("drop view pjsip_sync.registration cascade", "database.schema", "the schema pjsip_sync lacks registration", "run pjsip-sync-worker init")]
    [InlineData("drop function pjsip_sync.write_status", "database.schema", "the schema pjsip_sync lacks write_status()", "run pjsip-sync-worker init")]
    [InlineData("update pjsip_sync.mapping set schema_version = 1", "database.schema", "has version 1, older than", "run pjsip-sync-worker init")]
    [InlineData("update pjsip_sync.mapping set schema_version = 99", "database.schema", "has version 99, newer than", "upgrade the worker")]
    [InlineData("drop schema pjsip_sync cascade", "database.schema", "is not installed in this database", "run pjsip-sync-worker init")]
    [InlineData("delete from pjsip_sync.mapping", "database.schema", "has no mapping", "run pjsip-sync-worker init")]
    [InlineData("drop table extensions", "database.schema", "the table public.extensions (Source:Table) does not exist", "create it, or name another")]
    [InlineData("update pjsip_sync.mapping set columns = columns || '{\"number\": \"display_name\"}'", "database.schema", "differ from what is installed", "run pjsip-sync-worker init")]
    [InlineData("drop table ps_aors", "database.realtime", "Missing: public.ps_aors.id", "contrib/ast-db-manage")]
    [InlineData("alter table ps_auths drop constraint ps_auths_pkey", "database.realtime", "public.ps_auths.id is not unique", "contrib/ast-db-manage")]
    [InlineData("insert into pjsip_sync.change (id, recorded_at) values ('1001', now() - interval '2 hours')", "sync.backlog", "1 recorded changes wait, the oldest for 2.0 h", "--fix")]
    [InlineData("update pjsip_sync.mapping set fingerprint = 'another'", "sync.worker", "has another configuration than this one", "restart the worker")]
    [InlineData("delete from ps_auths where id = '1001'", "sync.drift", "0 missing, 1 different, 0 orphaned, such as 1001", "sync-extensions")]
    [InlineData("update ps_endpoints set context = 'elsewhere' where id = '1002'", "sync.drift", "0 missing, 1 different, 0 orphaned, such as 1002", "find out who else writes")]
    [InlineData(Unseen + "insert into extensions (number, password) values ('1003', 'x')" + Seen, "sync.drift", "1 missing, 0 different, 0 orphaned, such as 1003", "sync-extensions")]
    [InlineData(Unseen + "delete from extensions where number = '1001'" + Seen, "sync.drift", "0 missing, 0 different, 1 orphaned, such as 1001", "sync-extensions")]
    [InlineData("do $$ begin execute format('alter database %I connection limit 2', current_database()); end $$", "database.connections", "(connection limit) are used", "Raise the limit")]
    [InlineData(Older, "database.version", "PostgreSQL 12.22", "Upgrade to PostgreSQL 13 or newer")]
    public async Task What_is_broken_is_the_one_check_that_fails(string breaking, string name, string found, string advice)
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync(breaking);

        var checks = await Broken.VerifyAsync(settings);

        Broken.ExpectOnly(checks, name, found, advice);
    }

    [Theory]
    [InlineData("insert into pjsip_sync.rejected (row_key, id, reason) values ('7', '10 03', 'number holds a space')", "sync.rejected", "1 extension is rejected: 10 03: number holds a space", "Correct these rows")]
    [InlineData("drop table ps_contacts", "database.realtime", "public.ps_contacts is missing", "astdb")]
    [InlineData("select 1", "sync.worker", "no worker is connected", "systemctl start pjsip-sync-worker")]
    public async Task What_a_person_should_look_at_is_a_warning(string cause, string name, string found, string advice)
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync(cause);

        var checks = await Broken.VerifyAsync(settings);

        Broken.Expect(checks, name, Outcome.Warn, found, advice);
        Broken.ExpectNoFailure(checks);
    }

    [Fact]
    public async Task An_enum_that_is_too_old_for_an_option_is_named()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create type pjsip_dtmf_mode_values_v3 as enum ('rfc4733', 'inband')");
        var settings = SyncRig.Read(database, "Realtime:Defaults:Endpoint:dtmf_mode=auto_info");
        await SyncRig.InstallAsync(database, settings, createExtensions: true);

        var checks = await Broken.VerifyAsync(settings);

        Broken.ExpectOnly(checks, "database.realtime", "dtmf_mode must be", "contrib/ast-db-manage");
        Broken.Expect(checks, "sync.drift", Outcome.Skip, "since database.realtime failed");
    }

    [Fact]
    public async Task A_trigger_that_is_missing_on_a_new_partition_is_named()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            "create table lines (id int primary key, number text unique, password text) partition by range (id)".Replace(" unique", "", StringComparison.Ordinal)
            + "; create table low partition of lines for values from (0) to (1000)"), "Source:Table=lines");
        await rig.Database.ExecuteAsync("create table high partition of lines for values from (1000) to (2000)");

        Broken.ExpectOnly(await Broken.VerifyAsync(rig.Settings), "database.triggers", "pjsip_sync_insert is missing on high", "--fix");
        Broken.ExpectNoFailure(await Broken.VerifyAsync(rig.Settings, fix: true));
    }

    [Fact]
    public async Task A_mapped_column_that_is_gone_is_named_and_fix_does_without_it()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("alter table extensions drop column display_name");

        Broken.ExpectOnly(await Broken.VerifyAsync(settings), "database.mapping", "Source:Columns:DisplayName: public.extensions has no column \"display_name\"", "Add the columns");

        var mended = await Broken.VerifyAsync(settings, fix: true);
        Broken.ExpectNoFailure(mended);
        Broken.Expect(mended, "database.mapping", Outcome.Warn, "DisplayName", "Add the columns");
    }

    [Fact]
    public async Task Fix_repairs_triggers_backlog_and_drift()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("""
            drop trigger pjsip_sync_insert on extensions; alter table extensions disable trigger pjsip_sync_update; alter table extensions disable trigger pjsip_sync_replicated;
            drop trigger pjsip_sync_truncate on extensions; create trigger pjsip_sync_truncate before update on extensions for each row execute function suppress_redundant_updates_trigger();
            create trigger theirs after insert on extensions for each row execute function suppress_redundant_updates_trigger(); alter table extensions disable trigger theirs;
            insert into ps_endpoints (id, context) values ('trunk', 'from-carrier');
            insert into extensions (number, password) values ('1003', 'three');
            insert into pjsip_sync.change (id, recorded_at) values ('1001', now() - interval '2 hours');
            update ps_auths set password = 'edited' where id = '1001'
            """);

        var checks = await Broken.VerifyAsync(settings, fix: true);

        Broken.ExpectNoFailure(checks);
        Assert.Equal("triggers put back and turned on; every extension is looked at again", checks.First(check => check.Name == "database.triggers").Fixed);
        Assert.NotNull(checks.First(check => check.Name == "sync.backlog").Fixed);
        Assert.Equal(["1001|one", "1002|two", "1003|three"], await database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal(["trunk|from-carrier|D"], await database.RowsAsync("select id, context, (select tgenabled from pg_trigger where tgname = 'theirs') from ps_endpoints where id = 'trunk'"));
    }

    [Theory]
    [InlineData("revoke insert on ps_auths from {0}", "this role lacks: insert on public.ps_auths")]
    [InlineData("revoke update on extensions from {0}", "this role lacks: update (status, device_state, last_registered_at, last_registered_ip) on public.extensions")]
    [InlineData("revoke execute on function pjsip_sync.refresh_mapping() from {0}", "this role lacks: execute on function pjsip_sync.refresh_mapping")]
    [InlineData("alter table extensions enable row level security", "this role lacks: a row-level policy that shows it every row", "create policy pjsip_sync on extensions to")]
    [InlineData("alter table ps_auths enable row level security; create policy less on ps_auths using (id > '1001')", "this role lacks: a row-level policy that shows it every row", "create policy pjsip_sync on ps_auths to")]
    public async Task A_privilege_that_is_missing_is_named(string revoke, string found, string advice = "init --roles")
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema public, pjsip_sync to {role};
            grant all on all tables in schema public to {role}; grant all on all tables in schema pjsip_sync to {role};
            grant all on all sequences in schema pjsip_sync to {role}; grant execute on all functions in schema pjsip_sync to {role};
            grant select (ctid, tableoid) on extensions to {role}
            """);
        settings = settings with { ConnectionString = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Username = role, Password = "x" }.ConnectionString };
        Broken.ExpectNoFailure(await Broken.VerifyAsync(settings));

        await database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, revoke, role));

        var checks = await Broken.VerifyAsync(settings);
        Broken.ExpectOnly(checks, "database.privileges", found, advice);
        Broken.Expect(checks, "sync.drift", Outcome.Skip, "since database.privileges failed");
    }

    [Fact]
    public async Task A_role_that_may_nothing_is_told_of_init_roles()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create role {role} login password 'x'");
        settings = settings with { ConnectionString = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Username = role, Password = "x" }.ConnectionString };

        Broken.ExpectOnly(await Broken.VerifyAsync(settings), "database.schema", "permission denied for schema pjsip_sync", "init --roles");
    }

    [Fact]
    public async Task A_pooler_in_transaction_mode_loses_notifications_and_is_found_out()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await using var pooler = await PgBouncer.StartAsync(database.ConnectionString, "transaction");
        settings = settings with { ConnectionString = pooler.ConnectionString };

        Broken.ExpectOnly(await Broken.VerifyAsync(settings), "database.listen", "a notification did not arrive within 3 s", "pool_mode = transaction");
    }

    [Fact]
    public async Task A_server_that_is_away_is_exit_code_three_and_everything_else_is_skipped()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var away = database.At(1);

        var (exit, output) = await WorkerProcess.CommandAsync(away, [], "verify-config", "--json");

        using var json = JsonDocument.Parse(output);
        Assert.Equal((3, "fail"), (exit, json.RootElement.GetProperty("outcome").GetString()));
        var checks = json.RootElement.GetProperty("checks").EnumerateArray().ToList();
        Assert.Contains("Connection refused", checks[0].GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:Postgres", checks[0].GetProperty("advice").GetString(), StringComparison.Ordinal);
        Assert.All(checks[1..], check => Assert.Equal("skip", check.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_used_is_json_too()
    {
        await using var database = await server.CreateDatabaseAsync();

        var (exit, output) = await WorkerProcess.CommandAsync(database, ["Sync__BatchSise=5"], "verify-config", "--json");

        using var json = JsonDocument.Parse(output);
        var check = json.RootElement.GetProperty("checks").EnumerateArray().Single();
        Assert.Equal((2, "fail", "configuration"), (exit, json.RootElement.GetProperty("outcome").GetString(), check.GetProperty("name").GetString()));
        Assert.StartsWith("Sync:BatchSise is not known here", check.GetProperty("found").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registrations_are_counted_by_transport_and_node_and_a_degraded_node_is_a_failure()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at, degraded) values ('pbx1', true, now(), 'cannot read 1001 from the realtime tables');
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values
              ('pbx1', '1001', 'sip:1001@192.0.2.1:5060;transport=TCP', 'Reachable', now()), ('pbx1', '1001', 'sip:1001@192.0.2.2', 'Reachable', now())
            """);

        var checks = await Broken.VerifyAsync(SyncRig.Read(database, "Asterisk:Nodes:0:Name=pbx1", "Asterisk:Nodes:0:Port=1", "Asterisk:Nodes:0:Secret=x"));

        Broken.Expect(checks, "registrations.followed", Outcome.Fail, "followed, but cannot read 1001", "asterisk.proof");
        Broken.Expect(checks, "registrations.statistics", Outcome.Pass, "1 of 2 extensions online; contacts tcp 1, udp 1; contacts pbx1 2");
    }

    [Fact]
    public async Task Registrations_that_somebody_holds_locked_cannot_be_counted_and_that_is_said()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await using var holder = await database.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("lock table pjsip_sync.contact in access exclusive mode", holder, transaction);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        Broken.ExpectOnly(await Broken.VerifyAsync(settings), "registrations.statistics", "lock timeout", "pg_locks");
    }

    [Fact]
    public async Task Every_check_is_in_the_reference()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;
        var reference = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "reference", "checks.md"), TestContext.Current.CancellationToken);

        var checks = await Broken.VerifyAsync(SyncRig.Read(database, "Asterisk:Nodes:0:Port=1", "Asterisk:Nodes:0:Secret=x"));

        Assert.InRange(checks.Count, 20, 40);
        foreach (var parts in checks.Select(check => check.Name.Split('.')))
            Assert.Matches($@"(?m)^\| `{parts[0]}\.\*`.*`{parts[1]}`", reference);
    }

    [Fact]
    public async Task Servers_that_answer_nothing_do_not_hold_it_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var database = new TestDatabase($"Host=127.0.0.1;Port={port};Database=x;Username=x");
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var checks = await Broken.VerifyAsync(SyncRig.Read(database, $"Asterisk:Nodes:0:Port={port}", "Asterisk:Nodes:0:Secret=x"));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Broken.Expect(checks, "database.reachable", Outcome.Fail, "", "Start PostgreSQL");
        Broken.Expect(checks, "asterisk.login", Outcome.Fail, "did not greet as AMI within 5 s", "manager.conf");
        Broken.Expect(checks, "asterisk.proof", Outcome.Skip, "since");
    }

    [Fact]
    public async Task Off_a_terminal_each_check_is_a_plain_line_and_a_warning_is_no_failure()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;

        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "verify-config");

        Assert.True(exit == 0, output);
        Assert.StartsWith("pass database.reachable: database t_", output, StringComparison.Ordinal);
        Assert.Contains("warn sync.worker: no worker is connected", output, StringComparison.Ordinal);
        Assert.Contains("     do: Start it: systemctl start", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', output);
        Assert.Contains("1 to look at, 0 failed, 0 skipped", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_there_are_symbols_and_colours()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;

        var output = await WorkerProcess.OnTerminalAsync(database, "verify-config");

        Assert.Contains("\x1b[", output, StringComparison.Ordinal);
        Assert.Contains("✔ database.reachable", output, StringComparison.Ordinal);
        Assert.Contains("! sync.worker", output, StringComparison.Ordinal);
    }

    private async Task<(TestDatabase Database, WorkerSettings Settings)> CreateAsync()
    {
        var database = await server.CreateDatabaseAsync(template.Name);
        return (database, SyncRig.Read(database));
    }
}
