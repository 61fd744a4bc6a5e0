using PjsipSyncWorker.IntegrationTests.Schema;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>
/// What migrations, a schema push of an ORM and a restore do to the application's table while the worker runs, without any command
/// afterwards. docs/use/own-table.md has a table of these cases.
/// </summary>
public sealed class AlteredTableTests(RoleCluster cluster) : IClassFixture<RoleCluster>
{
    /// <summary>What the application does, and what the worker says. Afterwards 1001 has the password "new", and 1003 is there.</summary>
    public static TheoryData<string, string> Cases { get; } = new()
    {
        { $"drop table extensions; {AlteredTable.Create}", "was made anew" },
        { """
            create table fresh (like extensions including all); insert into fresh select * from extensions;
            alter table extensions rename to old; alter table fresh rename to extensions
            """, "was made anew" },
        { "drop trigger pjsip_sync_insert on extensions; drop trigger pjsip_sync_update on extensions", "which was not as init left it" },
        { "alter table extensions disable trigger all", "turned off" },
        { "revoke all on extensions from pjsip_sync", "has lost rights" },
        { "alter table extensions alter column password type varchar(80), add column created_at timestamptz", "have changed" },
        { "alter table extensions add column codecs text default 'opus'", "have changed" },
    };

    private const string Rows = """
        insert into extensions (number, password) values ('1001', 'new'), ('1003', 'three')
          on conflict (number) do update set password = excluded.password
        """;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_worker_follows_within_seconds_what_a_migration_does(string migration, string said)
    {
        await using var table = await AlteredTable.StartAsync(cluster);

        // One transaction, so that nothing tells of the rows but the table itself.
        await table.App.ExecuteAsync($"{migration}; {Rows}");

        await Eventually.Equal("new", async () => await table.Admin.ScalarAsync<string>("select password from ps_auths where id = '1001'"),
            TimeSpan.FromSeconds(3), () => table.Worker.Log);
        Assert.Contains("1003", await table.IdsAsync(), StringComparison.Ordinal);
        await table.SaysAsync(said);
        // From now on changes are recorded, and found at once.
        await table.App.ExecuteAsync("update extensions set number = '1004' where number = '1003'");
        await Eventually.Equal(true, async () => (await table.IdsAsync()).EndsWith("1004", StringComparison.Ordinal),
            TimeSpan.FromSeconds(2), () => table.Worker.Log);
        await Eventually.Equal(true, async () => (await table.ReadyAsync()).IsReady);
        Assert.Equal(0L, await table.Ours.ScalarAsync<long>("select count(*) from pjsip_sync.missing_privilege"));
    }

    [Fact]
    public async Task A_column_that_appears_is_used_at_once_and_one_that_disappears_too()
    {
        await using var table = await AlteredTable.StartAsync(cluster);
        Assert.Equal("ulaw,alaw,ulaw,alaw", await table.ReadAsync("allow"));

        await table.App.ExecuteAsync("alter table extensions add column codecs text");
        await table.App.ExecuteAsync("update extensions set codecs = 'opus' where number = '1001'");
        await Eventually.Equal("opus,ulaw,alaw", () => table.ReadAsync("allow"), TimeSpan.FromSeconds(3), () => table.Worker.Log);
        await table.App.ExecuteAsync("update extensions set codecs = 'alaw' where number = '1001'");
        await Eventually.Equal("alaw,ulaw,alaw", () => table.ReadAsync("allow"), TimeSpan.FromSeconds(1), () => table.Worker.Log);

        await table.App.ExecuteAsync("alter table extensions drop column codecs");
        await Eventually.Equal("ulaw,alaw,ulaw,alaw", () => table.ReadAsync("allow"), TimeSpan.FromSeconds(3), () => table.Worker.Log);
        await table.SaysAsync("has no column \"codecs\"");

        // The column of the condition as well: Source:Active is empty, so that is "enabled".
        await table.App.ExecuteAsync("alter table extensions add column enabled boolean not null default true");
        await Eventually.Equal("enabled", () => table.Admin.ScalarAsync<string>("select active from pjsip_sync.mapping"),
            TimeSpan.FromSeconds(3), () => table.Worker.Log);
        await table.App.ExecuteAsync("update extensions set enabled = false where number = '1002'");
        await table.HasAsync("1001");
    }

    [Fact]
    public async Task A_dropped_table_is_named_until_it_is_there_again()
    {
        await using var table = await AlteredTable.StartAsync(cluster);

        await table.App.ExecuteAsync("drop table extensions");
        await Eventually.Equal(true, async () => await table.ReadyAsync()
            is (false, var text) && text.Contains("public.extensions does not exist: create it", StringComparison.Ordinal));
        Assert.Equal("1001,1002", await table.IdsAsync());
        Assert.DoesNotContain("made anew", table.Worker.Log, StringComparison.Ordinal);

        await table.App.ExecuteAsync(AlteredTable.Create);
        await table.App.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1003', 'three')");
        await table.HasAsync("1001,1003");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_of_public_dropped_and_made_again_works_at_once(bool runsInit)
    {
        await using var table = await AlteredTable.StartAsync(cluster);

        await table.Admin.ExecuteAsync("drop schema public cascade; create schema public; grant usage, create on schema public to app");
        await table.App.ExecuteAsync($"{AlteredTable.Create} {Rows}");
        if (runsInit)
            await FaultRig.InstallAsync(table.Admin);

        await table.HasAsync("1001,1003");
        await Eventually.Equal(true, async () => (await table.ReadyAsync()).IsReady);
    }

    [Fact]
    public async Task Init_after_a_new_table_is_followed_at_once_under_load()
    {
        await using var table = await AlteredTable.StartAsync(cluster);
        await table.App.ExecuteAsync("""
            alter table extensions add display_name text, add enabled boolean not null default true;
            insert into extensions (number, password) select g::text, 'x' from generate_series(5000, 7999) g
            """);
        await Eventually.Equal(3002L, () => table.Admin.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await using var load = new Application(table.App, seed: 7);
        await load.WorkAsync(50);

        await table.App.ExecuteAsync($"""
            drop table extensions; {AlteredTable.Create}
            alter table extensions add display_name text, add enabled boolean not null default true;
            insert into extensions (number, password) select g::text, 'x' from generate_series(5000, 7999) g;
            """);
        await FaultRig.InstallAsync(table.Admin);

        var begun = DateTime.UtcNow;
        await table.App.ExecuteAsync("insert into extensions (number, password) values ('1009', 'nine')");
        await Eventually.Equal("nine", () => table.Admin.ScalarAsync<string>("select password from ps_auths where id = '1009'"),
            TimeSpan.FromSeconds(4), () => table.Worker.Log);
        TestContext.Current.SendDiagnosticMessage($"followed after {(DateTime.UtcNow - begun).TotalMilliseconds:0} ms under load");
        await load.WorkAsync(50);
    }

    [Fact]
    public async Task Removals_that_no_record_explains_are_held_back_for_a_new_table_too()
    {
        await using var table = await AlteredTable.StartAsync(cluster);
        await table.App.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(2001, 2100) g");
        await Eventually.Equal(102L, () => table.Admin.ScalarAsync<long>("select count(*) from ps_endpoints"));

        await table.App.ExecuteAsync($"drop table extensions; {AlteredTable.Create} {Rows}");

        await Eventually.Equal(true, async () => (await table.ReadyAsync()).Text.Contains("Sync:MaxRemoval", StringComparison.Ordinal));
        Assert.Equal(103L, await table.Admin.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Fact]
    public async Task What_the_installing_role_may_not_repair_is_named_with_the_command()
    {
        await using var table = await AlteredTable.StartAsync(cluster, installer: "dba");
        await table.Admin.ExecuteAsync("grant all on schema public to app; drop table extensions");
        await table.App.ExecuteAsync($"{AlteredTable.Create} grant all on extensions to pjsip_sync; {Rows}");

        await Eventually.Equal(true, async () => await table.ReadyAsync() is (false, var text)
            && text.Contains("pjsip_sync_insert", StringComparison.Ordinal)
            && text.Contains("grant app to dba", StringComparison.Ordinal), null, () => table.Worker.Log);
        // With the right to read, the rows are found by comparisons.
        await table.App.ExecuteAsync("grant select on extensions to dba");
        await table.HasAsync("1001,1003");
        Assert.False((await table.ReadyAsync()).IsReady);

        await table.Admin.ExecuteAsync("grant app to dba");
        await using var dba = table.Admin.As("dba");
        await FaultRig.InstallAsync(dba);
        await Eventually.Equal(true, async () => (await table.ReadyAsync()).IsReady, null, () => table.Worker.Log);
    }

    [Fact]
    public async Task A_restore_of_the_applications_schema_is_followed()
    {
        await using var table = await AlteredTable.StartAsync(cluster);
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(table.Admin.ConnectionString);
        string[] target = ["-h", connection.Host!, "-p", $"{connection.Port}", "-U", connection.Username!, "-d", connection.Database!];
        var dump = Path.GetTempFileName();
        try
        {
            await Repository.ExpectAsync("pg_dump", [.. target, "-Fc", "-t", "public.extensions", "-f", dump], TimeSpan.FromMinutes(1));
            await table.App.ExecuteAsync("delete from extensions where number = '1001'; insert into extensions (number, password) "
                + "values ('1003', 'x')");
            await table.HasAsync("1002,1003");

            await Repository.ExpectAsync("pg_restore", [.. target, "--clean", "--single-transaction", dump], TimeSpan.FromMinutes(1));

            await table.HasAsync("1001,1002");
        }
        finally
        {
            File.Delete(dump);
        }
    }
}
