using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>Each check of the database and of loop 1, seen failing for the right reason.</summary>
public sealed class VerifyDatabaseTests(PostgresServer server, InstalledTemplate template) : IClassFixture<InstalledTemplate>
{
    [Theory]
    [MemberData(nameof(VerifyDatabaseCases.Failures), MemberType = typeof(VerifyDatabaseCases))]
    public async Task Broken_part_fails_exactly_one_check(BrokenCase broken)
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync(broken.Break);

        var checks = await VerificationAssert.VerifyAsync(settings);

        VerificationAssert.ExpectOnly(checks, broken.Check, broken.Found, broken.Advice);
    }

    [Theory]
    [MemberData(nameof(VerifyDatabaseCases.Warnings), MemberType = typeof(VerifyDatabaseCases))]
    public async Task Recoverable_state_is_a_warning_and_no_failure(BrokenCase broken)
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync(broken.Break);

        var checks = await VerificationAssert.VerifyAsync(settings);

        VerificationAssert.Expect(checks, broken.Check, Outcome.Warn, broken.Found, broken.Advice);
        VerificationAssert.ExpectNoFailure(checks);
    }

    [Fact]
    public async Task Enum_too_old_for_an_option_is_named()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            "create schema asterisk; create type asterisk.pjsip_dtmf_mode_values_v3 as enum ('rfc4733', 'inband')");
        var settings = SyncRig.Read(database, "Realtime:Defaults:Endpoint:dtmf_mode=auto_info");
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await database.ExecuteAsync("delete from pjsip_sync.change");

        var checks = await VerificationAssert.VerifyAsync(settings);

        VerificationAssert.ExpectOnly(checks, "database.realtime", "dtmf_mode must be", "contrib/ast-db-manage");
        VerificationAssert.Expect(checks, "sync.drift", Outcome.Skip, "since database.realtime failed");
    }

    [Fact]
    public async Task Missing_trigger_on_a_new_partition_is_named()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            """
            create table lines (id int primary key, number text, password text) partition by range (id);
            create table low partition of lines for values from (0) to (1000)
            """), "Source:Table=lines");
        await rig.Database.ExecuteAsync("create table high partition of lines for values from (1000) to (2000)");

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(rig.Settings), "database.triggers",
            "missing on public.high", "--fix");
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(rig.Settings, fix: true));
    }

    [Fact]
    public async Task Dropped_mapped_column_is_named_and_fix_maps_without_it()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("alter table extensions drop column display_name");

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "database.mapping",
            "Source:Columns:DisplayName: public.extensions has no column \"display_name\"", "Add the columns");

        var mended = await VerificationAssert.VerifyAsync(settings, fix: true);
        VerificationAssert.ExpectNoFailure(mended);
        VerificationAssert.Expect(mended, "database.mapping", Outcome.Warn, "DisplayName", "Add the columns");
    }

    [Fact]
    public async Task Fix_applies_at_once_what_waits_when_no_worker_is_connected()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("insert into extensions (number, password) values ('1003', 'three')");
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(settings), "sync.backlog", Outcome.Warn,
            "wait", "--fix");

        var checks = await VerificationAssert.VerifyAsync(settings, fix: true);

        VerificationAssert.Expect(checks, "sync.backlog", Outcome.Pass, "no change waits");
        Assert.Equal("three", await database.ScalarAsync<string>("select password from ps_auths where id = '1003'"));
    }

    [Fact]
    public async Task Fix_repairs_triggers_backlog_and_drift()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("""
            drop trigger pjsip_sync_insert on extensions;
            alter table extensions disable trigger pjsip_sync_update;
            alter table extensions disable trigger pjsip_sync_replicated;
            drop trigger pjsip_sync_truncate on extensions;
            create trigger pjsip_sync_truncate before update on extensions for each row
              execute function suppress_redundant_updates_trigger();
            create trigger theirs after insert on extensions for each row execute function suppress_redundant_updates_trigger();
            alter table extensions disable trigger theirs;
            insert into ps_endpoints (id, context) values ('trunk', 'from-carrier');
            insert into extensions (number, password) values ('1003', 'three');
            insert into pjsip_sync.change (id, recorded_at) values ('1001', now() - interval '2 hours');
            update ps_auths set password = 'edited' where id = '1001'
            """);

        var checks = await VerificationAssert.VerifyAsync(settings, fix: true);

        VerificationAssert.ExpectNoFailure(checks);
        Assert.Equal("grants and triggers of the source table put back; every extension is looked at again",
            checks.First(check => check.Name == "database.triggers").Fixed);
        Assert.NotNull(checks.First(check => check.Name == "sync.backlog").Fixed);
        Assert.Equal(["1001|one", "1002|two", "1003|three"], await database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal(["trunk|from-carrier|D"], await database.RowsAsync("""
            select id, context, (select tgenabled from pg_trigger where tgname = 'theirs') from ps_endpoints where id = 'trunk'
            """));
    }

    [Theory]
    [MemberData(nameof(VerifyDatabaseCases.Privileges), MemberType = typeof(VerifyDatabaseCases))]
    public async Task Missing_privilege_is_named(BrokenCase broken)
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema public, asterisk, pjsip_sync to {role};
            grant all on all tables in schema public, asterisk to {role}; grant all on all tables in schema pjsip_sync to {role};
            grant all on all sequences in schema pjsip_sync to {role}; grant execute on all functions in schema pjsip_sync to {role};
            grant select (ctid, tableoid) on extensions to {role}
            """);
        settings = settings with { ConnectionString = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Username = role,
            Password = "x" }.ConnectionString };
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(settings));

        await database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, broken.Break, role));

        var checks = await VerificationAssert.VerifyAsync(settings);
        VerificationAssert.ExpectOnly(checks, broken.Check, broken.Found, broken.Advice);
        VerificationAssert.Expect(checks, "sync.drift", Outcome.Skip, "since database.privileges failed");
    }

    [Fact]
    public async Task Role_without_privileges_is_advised_to_run_init_roles()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create role {role} login password 'x'");
        settings = settings with { ConnectionString = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Username = role,
            Password = "x" }.ConnectionString };

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "database.schema",
            "permission denied for schema pjsip_sync", "init --roles");
    }

    [Fact]
    public async Task Pooler_in_transaction_mode_is_detected()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await using var pooler = await PgBouncer.StartAsync(database.ConnectionString, "transaction");
        settings = settings with { ConnectionString = pooler.ConnectionString };

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "database.listen",
            "a notification did not arrive within 3 s", "pool_mode = transaction");
    }

    [Fact]
    public async Task Registrations_are_counted_and_a_degraded_node_is_a_failure()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;
        await database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at, degraded)
              values ('pbx1', true, now(), 'cannot read 1001 from the realtime tables');
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values
              ('pbx1', '1001', 'sip:1001@192.0.2.1:5060;transport=TCP', 'Reachable', now()),
                ('pbx1', '1001', 'sip:1001@192.0.2.2', 'Reachable', now())
            """);

        var checks = await VerificationAssert.VerifyAsync(SyncRig.Read(database, "Asterisk:Nodes:0:Name=pbx1", "Asterisk:Nodes:0:Port=1",
            "Asterisk:Nodes:0:Secret=x"));

        VerificationAssert.Expect(checks, "registrations.followed", Outcome.Fail, "followed, but cannot read 1001", "asterisk.proof");
        VerificationAssert.Expect(checks, "registrations.statistics", Outcome.Pass,
            "1 of 2 extensions online; contacts tcp 1, udp 1; contacts pbx1 2");
    }

    [Fact]
    public async Task Locked_registrations_fail_the_statistics_check()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;
        await using var holder = await database.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("lock table pjsip_sync.contact in access exclusive mode", holder, transaction);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "registrations.statistics", "lock timeout",
            "pg_locks");
    }

    private async Task<(TestDatabase Database, WorkerSettings Settings)> CreateAsync()
    {
        var database = await server.CreateDatabaseAsync(template.Name);
        return (database, SyncRig.Read(database));
    }
}
