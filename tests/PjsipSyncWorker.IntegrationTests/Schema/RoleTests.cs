using Npgsql;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>The roles of <c>init --roles</c>: what the roles can do, and what they cannot.</summary>
public sealed class RoleTests(RoleCluster cluster) : IClassFixture<RoleCluster>
{
    [Fact]
    public async Task The_worker_does_all_its_work_as_its_role_and_asterisk_as_its_own()
    {
        await using var admin = await cluster.CreateAsync("acceptance", "init", "--create-extensions", "--roles");
        await using var worker = admin.As("pjsip_sync");
        await using var asterisk = await AsteriskServer.StartAsync(admin.As("asterisk").ConnectionString);
        await using var running = await WorkerProcess.StartAsync(worker, asterisk.WorkerSettings());
        var phone = new SipPhone(asterisk, "1001", "one");
        await admin.ExecuteAsync("create role application login; grant select, insert, update, delete on extensions to application");
        await using var application = admin.As("application");

        await application.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        await Expect.RefreshedAsync(admin);
        Assert.True(await phone.RegisterAsync());
        await Expect.StatusAsync(application, "1001|online|127.0.0.11", "1002|offline|NULL");
        Assert.Equal(1L, await admin.ScalarAsync<long>("select count(*) from ps_contacts"));
        var settings = SyncRig.Read(worker, [.. asterisk.WorkerSettings()
            .Select(setting => setting.Replace("__", ":", StringComparison.Ordinal))]);
        var checks = await VerificationAssert.VerifyAsync(settings);
        Assert.All(checks, check => Assert.True(check.Outcome == Outcome.Pass, VerificationAssert.Text(checks)));
        await admin.ExecuteAsync("revoke insert on ps_contacts from asterisk");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "asterisk.contacts",
            "Asterisk's role asterisk lacks insert on ps_contacts", "init --roles");
        await admin.ExecuteAsync("grant insert on ps_contacts to asterisk");

        await application.ExecuteAsync("update extensions set password = 'new' where number = '1001'");
        await Eventually.Equal("new", () => admin.ScalarAsync<string>("select password from ps_auths where id = '1001'"));
        await application.ExecuteAsync("delete from extensions where number = '1001'");
        await Eventually.Equal("1002", () => admin.ScalarAsync<string>("select string_agg(id, ',') from ps_endpoints"));
        await Eventually.Equal(0L, () => admin.ScalarAsync<long>("select count(*) from ps_contacts"), TimeSpan.FromSeconds(45));
        Assert.DoesNotContain("denied", running.Log, StringComparison.Ordinal);

        Assert.Equal(0, await running.StopAsync());
        foreach (var command in new[] { "sync-extensions", "status" })
            Assert.Equal(0, (await WorkerProcess.CommandAsync(worker, [], command)).ExitCode);
        Assert.Equal(0, (await WorkerProcess.CommandAsync(worker, [], "forget-node", "pbx1")).ExitCode);
    }

    [Theory]
    [InlineData("pjsip_sync", "select secret from customers")]
    [InlineData("pjsip_sync", "select note from extensions")]
    [InlineData("pjsip_sync", "update extensions set password = 'x'")]
    [InlineData("pjsip_sync", "update extensions set enabled = false")]
    [InlineData("pjsip_sync", "insert into extensions (number, password) values ('1', 'x')")]
    [InlineData("pjsip_sync", "delete from extensions")]
    [InlineData("pjsip_sync", "truncate extensions")]
    [InlineData("pjsip_sync", "drop trigger pjsip_sync_insert on extensions")]
    [InlineData("pjsip_sync", "alter table extensions disable trigger pjsip_sync_insert")]
    [InlineData("pjsip_sync", "update pjsip_sync.mapping set columns = '{}'")]
    [InlineData("pjsip_sync", "create or replace function pjsip_sync.extensions(ids text[]) returns void language sql as ''")]
    [InlineData("pjsip_sync", "create table pjsip_sync.mine (id int)")]
    [InlineData("pjsip_sync", "create table public.mine (id int)")]
    [InlineData("pjsip_sync", "drop table ps_endpoints")]
    [InlineData("pjsip_sync", "truncate ps_endpoints")]
    [InlineData("pjsip_sync", "create role mine")]
    [InlineData("pjsip_sync",
        "create temp table mine (number text); "
        + "create trigger mine after insert on mine for each statement execute function pjsip_sync.record_change()")]
    [InlineData("pjsip_sync",
        "create temp table mine (number text); "
        + "create trigger mine after insert on mine for each row execute function pjsip_sync.record_replicated()")]
    [InlineData("pjsip_sync", "delete from pjsip_sync.mapping")]
    [InlineData("pjsip_sync", "set role pjsip_sync_owner")]
    [InlineData("pjsip_sync", "set role pjsip_sync_evaluator")]
    [InlineData("pjsip_sync", "select pjsip_sync.evaluate_restricted('select note from public.extensions')")]
    [InlineData("pjsip_sync", "select pjsip_sync.evaluate('extensions', 'select note from public.extensions')")]
    [InlineData("pjsip_sync", "insert into ps_contacts (id) values ('x')")]
    [InlineData("asterisk", "select * from extensions")]
    [InlineData("asterisk", "select * from pjsip_sync.managed_endpoint")]
    [InlineData("asterisk", "select pjsip_sync.refresh_mapping()")]
    [InlineData("asterisk", "update ps_auths set password = 'x'")]
    [InlineData("asterisk", "insert into ps_endpoints (id) values ('x')")]
    [InlineData("asterisk", "delete from ps_aors")]
    [InlineData("asterisk", "create table public.mine (id int)")]
    [InlineData("pjsip_sync_owner", "select 1")]
    [InlineData("pjsip_sync_evaluator", "select 1")]
    public async Task A_role_can_do_no_more_than_it_needs(string role, string forbidden)
    {
        await using var admin = await ForbiddenAsync();
        await using var database = admin.As(role);

        var error = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(forbidden));

        Assert.Contains(error.SqlState, new[] { PostgresErrorCodes.InsufficientPrivilege,
            PostgresErrorCodes.InvalidAuthorizationSpecification });
    }

    [Fact]
    public async Task Installer_functions_ignore_objects_that_the_worker_role_creates()
    {
        await using var admin = await cluster.CreateAsync("hijack", "init", "--create-extensions", "--roles");
        await admin.ExecuteAsync("""
            create table customers (secret text);
            create function audit() returns trigger language plpgsql as 'begin return null; end';
            create trigger audit after insert on customers for each statement execute function audit()
            """);
        await using var worker = admin.As("pjsip_sync");

        await worker.ExecuteAsync("""
            create temp table pg_trigger as select oid, tgrelid, tgname, tgfoid, tgenabled from pg_catalog.pg_trigger;
            update pg_temp.pg_trigger set tgfoid = 'pjsip_sync.record_change'::regproc, tgenabled = 'D' where tgname = 'audit';
            create temp table pg_attribute as select attrelid, attname, attnum, attisdropped from pg_catalog.pg_attribute
              where attrelid <> 'extensions'::regclass;
            create temp table pg_class as select oid, relname, relkind from pg_catalog.pg_class where relname <> 'extensions';
            select pjsip_sync.refresh_mapping();
            select pjsip_sync.repair_source();
            """);

        Assert.Equal("O", await admin.ScalarAsync<string>("select tgenabled::text from pg_trigger where tgname = 'audit'"));
        Assert.Equal(0L, await admin.ScalarAsync<long>("select cardinality(left_out)::bigint from pjsip_sync.mapping"));
        // A path without pg_temp at its end has it at its beginning.
        Assert.Empty(await admin.RowsAsync("""
            select proname from pg_proc where pronamespace = 'pjsip_sync'::regnamespace
              and (prosecdef or proconfig is not null) and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)
            """));
    }

    [Fact]
    public async Task A_role_that_may_not_make_roles_is_told_so()
    {
        // Where the roles do not exist yet.
        await using var bare = await PrivateCluster.CreateAsync();
        await using var admin = await bare.CreateDatabaseAsync("denied");
        await admin.ExecuteAsync(
            "create role plain_owner login; alter database denied owner to plain_owner; alter schema public owner to plain_owner");

        var (exit, output) = await WorkerProcess.CommandAsync(admin.As("plain_owner"), [], "init", "--create-extensions", "--roles");

        Assert.Equal(2, exit);
        Assert.Contains("plain_owner may not make the roles pjsip_sync and asterisk: run init --roles as a superuser", output,
            StringComparison.Ordinal);
    }

    private static readonly SemaphoreSlim Once = new(1);

    /// <summary>One database for all that is forbidden, since none of it happens.</summary>
    private async Task<TestDatabase> ForbiddenAsync()
    {
        await Once.WaitAsync();
        try
        {
            await using var postgres = new TestDatabase(cluster.Server.ConnectionString);
            if (await postgres.ScalarAsync<bool>("select exists (select from pg_database where datname = 'forbidden')"))
                return new TestDatabase(
                    new NpgsqlConnectionStringBuilder(cluster.Server.ConnectionString) { Database = "forbidden" }.ConnectionString);
            var database = await cluster.CreateAsync("forbidden", "init", "--create-extensions", "--roles");
            await database.ExecuteAsync("create table customers (secret text); alter table extensions add column note text");
            return database;
        }
        finally
        {
            Once.Release();
        }
    }
}
