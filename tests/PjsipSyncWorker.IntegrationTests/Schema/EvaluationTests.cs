namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>
/// The owner of the application's table gets no right of the role that ran <c>init</c>, although code of this owner is evaluated.
/// </summary>
public sealed class EvaluationTests(RoleCluster cluster) : IClassFixture<RoleCluster>
{
    private const string Table = "Source__Table=app.extensions";

    /// <summary>Functions of <c>app</c> that make this role a superuser when a superuser evaluates them, and count who else does.</summary>
    private const string Code = """
        create schema app;
        create sequence app.evaluations; grant usage on sequence app.evaluations to public;
        create function app.escalate() returns void language plpgsql as $$
          begin
            if (select rolsuper from pg_roles where rolname = current_user) then
              alter role app superuser;
            elsif current_user <> 'pjsip_sync' and current_user <> 'app' then
              perform nextval('app.evaluations');
            end if;
          end $$;
        create function app.allowed(value text) returns boolean language plpgsql as
          $$ begin perform app.escalate(); return true; end $$;
        create function app.allowed_always(value text) returns boolean language plpgsql immutable as
          $$ begin perform app.escalate(); return true; end $$;
        create domain app.state as text;
        create table app.extensions (id bigserial primary key, number text not null unique, password text not null, status text,
          device_state app.state);
        insert into app.extensions (number, password) values ('1001', 'one');
        """;

    [Theory]
    [InlineData("alter table app.extensions add constraint status_allowed check (app.allowed(status))")]
    [InlineData("alter domain app.state add constraint state_allowed check (app.allowed(value))")]
    [InlineData("create index on app.extensions (number) where app.allowed_always('a')")]
    public async Task The_code_of_the_owner_is_evaluated_with_rights_to_nothing(string code)
    {
        await using var admin = await CreateAsync();
        await InstallAsync(admin);
        await using var app = admin.As("app");
        await using var ours = admin.As("pjsip_sync");
        await using var worker = await WorkerProcess.StartAsync(ours, Table);
        await Eventually.Equal("<1001>", () => CallerAsync(admin), null, () => worker.Log);

        await app.ExecuteAsync(code);
        await app.ExecuteAsync("alter table app.extensions add column display_name text");
        await app.ExecuteAsync("update app.extensions set display_name = 'Anna'");

        await Eventually.Equal("\"Anna\" <1001>", () => CallerAsync(admin), null, () => worker.Log);
        await ExpectEvaluatedAsync(admin);
        Assert.True(await admin.ScalarAsync<bool>("select indexed from pjsip_sync.mapping"));
        var (exit, output) = await WorkerProcess.CommandAsync(ours, [Table], "sync-extensions");
        Assert.True(exit == 0, output);
        await InstallAsync(admin);
        await ExpectEvaluatedAsync(admin);
    }

    [Fact]
    public async Task What_the_code_does_is_undone_before_the_installer_goes_on()
    {
        await using var admin = await CreateAsync();
        await using var app = admin.As("app");
        await app.ExecuteAsync("""
            create table app.queue (id int); grant insert on app.queue to public;
            create function app.later() returns trigger language plpgsql as $$ begin perform app.escalate(); return null; end $$;
            create constraint trigger later after insert on app.queue deferrable initially deferred for each row
              execute function app.later();
            create function app.queued(value text) returns boolean language plpgsql as
              $$ begin perform app.escalate(); insert into app.queue values (1); return true; end $$;
            alter table app.extensions add constraint status_queued check (app.queued(status)) not valid;
            """);

        await InstallAsync(admin);

        await ExpectEvaluatedAsync(admin);
        Assert.Equal(0L, await admin.ScalarAsync<long>("select count(*) from app.queue"));
    }

    [Fact]
    public async Task What_may_not_be_evaluated_is_no_fault_and_a_table_that_an_expression_reads_is_still_found()
    {
        await using var admin = await CreateAsync();
        await using var app = admin.As("app");
        await app.ExecuteAsync("""
            create table app.states (name text); insert into app.states values ('online'), ('offline');
            create function app.is_state(value text) returns boolean language sql as $$ select value in (select name from app.states) $$;
            alter table app.extensions add constraint status_known check (app.is_state(status));
            """);

        await InstallAsync(admin);

        var (exit, output) = await WorkerProcess.CommandAsync(
            admin, [Table, "Source__Columns__Context=(select max(name) from app.states)"], "init");
        Assert.Equal(2, exit);
        Assert.Contains("Source:Columns:Context reads app.states beside its own row", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_hides_neither_the_index_nor_a_table_that_an_expression_reads()
    {
        await using var admin = await CreateAsync();
        await using var app = admin.As("app");
        await app.ExecuteAsync("create table app.states (name text); alter table app.extensions enable row level security");

        await InstallAsync(admin);

        Assert.True(await admin.ScalarAsync<bool>("select indexed from pjsip_sync.mapping"));
        var (exit, output) = await WorkerProcess.CommandAsync(
            admin, [Table, "Source__Columns__Context=(select max(name) from app.states)"], "init");
        Assert.Equal(2, exit);
        Assert.Contains("Source:Columns:Context reads app.states beside its own row", output, StringComparison.Ordinal);
    }

    private async Task<TestDatabase> CreateAsync()
    {
        var admin = await cluster.Server.CreateDatabaseAsync($"t_{Guid.NewGuid():N}");
        await admin.ExecuteAsync("""
            do $$ begin create role app login; exception when duplicate_object then null; end $$;
            alter role app nosuperuser;
            do $$ begin execute format('grant create on database %I to app', current_database()); end $$
            """);
        await using var app = admin.As("app");
        await app.ExecuteAsync(Code);
        return admin;
    }

    private static async Task InstallAsync(TestDatabase admin)
    {
        var (exit, output) = await WorkerProcess.CommandAsync(admin, [Table], "init", "--roles");
        Assert.True(exit == 0, output);
    }

    private static async Task<string?> CallerAsync(TestDatabase admin) =>
        await admin.ScalarAsync<string>("select coalesce(max(callerid), '') from ps_endpoints");

    /// <summary>The code was evaluated by another role than the worker and the owner, and the owner is no superuser.</summary>
    private static async Task ExpectEvaluatedAsync(TestDatabase admin)
    {
        Assert.False(await admin.ScalarAsync<bool>("select rolsuper from pg_roles where rolname = 'app'"));
        Assert.True(await admin.ScalarAsync<bool>("select is_called from app.evaluations"));
    }
}
