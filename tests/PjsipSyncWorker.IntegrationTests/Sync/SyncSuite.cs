using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>How changes of extensions reach the ps_* tables, of every kind that is met: its subclasses make them.</summary>
public abstract class SyncSuite(PostgresServer server)
{
    /// <summary>Makes the ps_* tables, where they are not to be ours.</summary>
    protected virtual Task PrepareAsync(TestDatabase database) => Task.CompletedTask;

    private Task<SyncRig> CreateAsync() => SyncRig.CreateAsync(server, PrepareAsync);

    [Fact]
    public async Task Inserted_extension_arrives_in_all_three_tables()
    {
        await using var rig = await CreateAsync();

        await rig.ChangeAsync("""
            insert into extensions (number, password, display_name, context, codecs, max_contacts, voicemail_enabled, transport)
            values ('1001', 'p;w^x', 'Anna "A" Öz', 'sales', 'opus, alaw', 2, true, 'transport-tcp')
            """);

        Assert.Equal("1001", await rig.IdsAsync());
        Assert.Equal(["userpass|1001|p^3Bw^5Ex"], await rig.Database.RowsAsync("select auth_type::text, username, password from ps_auths"));
        Assert.Equal(["2|yes|yes|60"], await rig.Database.RowsAsync("""
            select max_contacts, remove_existing::text, coalesce(to_jsonb(ps_aors)->>'remove_unavailable', 'yes'),
              qualify_frequency from ps_aors
            """));
        Assert.Equal(["""1001|1001|sales|all|opus,alaw|"Anna \"A\" Öz" <1001>|1001@default|transport-tcp|yes|yes|yes"""],
            await rig.Database.RowsAsync("""
                select aors, auth, context, disallow, allow, callerid, mailboxes, transport, rewrite_contact::text,
                  force_rport::text, rtp_symmetric::text from ps_endpoints
                """));
    }

    /// <summary>A change of the extensions 1001 and 1002.</summary>
    /// <param name="Name">The case in a few words.</param>
    /// <param name="Ids">The endpoints that are left, separated by commas.</param>
    public sealed record ChangeCase(string Name, string Sql, string Ids)
    {
        /// <summary>Whether numbers may be equal until the end of the statement.</summary>
        public bool NeedsDeferredKey { get; init; }

        public override string ToString() => Name;
    }

    public static TheoryData<ChangeCase> Changes =>
    [
        new ChangeCase("disabled", "update extensions set enabled = false where number = '1001'", "1002"),
        new ChangeCase("deleted", "delete from extensions where number = '1002'", "1001"),
        new ChangeCase("renumbered", "update extensions set number = '1003' where number = '1001'", "1002,1003"),
        new ChangeCase("numbers swapped", "update extensions set number = case number when '1001' then '1002' else '1001' end", "1001,1002")
        {
            NeedsDeferredKey = true,
        },
        new ChangeCase("truncated", "truncate extensions", ""),
        new ChangeCase("truncated and filled", "truncate extensions; insert into extensions (number, password) values ('1002', 'new')",
            "1002"),
        new ChangeCase("deleted and filled", "delete from extensions; insert into extensions (number, password) values ('1001', 'again')",
            "1001"),
    ];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Change_ends_in_the_right_rows(ChangeCase change)
    {
        await using var rig = await CreateAsync();
        if (change.NeedsDeferredKey)
        {
            await rig.Database.ExecuteAsync("""
                alter table extensions drop constraint extensions_number_key;
                alter table extensions add unique (number) deferrable initially deferred
                """);
        }
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");

        await rig.ChangeAsync(change.Sql);

        Assert.Equal(change.Ids, await rig.IdsAsync());
        Assert.Equal(
            await rig.Database.RowsAsync("select number, password from extensions where enabled order by 1"),
            await rig.Database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
    }

    [Fact]
    public async Task A_disabled_extension_comes_back_when_it_is_enabled()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password, enabled) values ('1001', 'x', false)");
        Assert.Equal("", await rig.IdsAsync());

        await rig.ChangeAsync("update extensions set enabled = true");

        Assert.Equal("1001", await rig.IdsAsync());
    }

    [Fact]
    public async Task Writing_only_status_columns_records_no_change()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");

        await rig.Database.ExecuteAsync("""
            update extensions set status = 'online', last_registered_at = now(), last_registered_ip = '192.0.2.1',
              device_state = 'INUSE'
            """);

        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
    }

    [Fact]
    public async Task A_second_identical_sync_writes_nothing()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("""
            insert into extensions (number, password, settings) select g::text, 'x', '{"endpoint":{"dtmf_mode":"info"}}'
              from generate_series(1000, 1999) g
            """);
        const string versions = """
            select 'e', id, xmin::text from ps_endpoints union all select 'a', id, xmin::text from ps_auths
            union all select 'o', id, xmin::text from ps_aors
            union all select 'l', id, xmin::text from pjsip_sync.managed_endpoint order by 1, 2
            """;
        var before = await rig.Database.RowsAsync(versions);

        // The application writes everything once more as it is, and a full comparison follows.
        await rig.ChangeAsync("insert into pjsip_sync.change (id) select number from extensions");
        var result = await rig.ReconcileAsync();

        Assert.Equal(1000, result.Unchanged);
        Assert.Equal(0, result.Drift);
        Assert.Equal(before, await rig.Database.RowsAsync(versions));
    }

    [Fact]
    public async Task Unmanaged_column_survives_and_a_removed_option_returns_to_null()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("""
            insert into extensions (number, password, settings)
              values ('1001', 'x', '{"endpoint":{"dtmf_mode":"info","rtp_timeout":30}}')
            """);
        await rig.Database.ExecuteAsync("update ps_endpoints set accountcode = 'by-hand'");

        await rig.ChangeAsync("""update extensions set settings = '{"endpoint":{"rtp_timeout":31}}', display_name = 'New'""");

        Assert.Equal(
            ["NULL|31|by-hand"], await rig.Database.RowsAsync("select dtmf_mode::text, rtp_timeout, accountcode from ps_endpoints"));
    }

    [Fact]
    public async Task Reconcile_without_cause_stops_before_removing_many_endpoints()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g");
        await rig.Database.ExecuteAsync("""
            set session_replication_role = replica; alter table extensions disable trigger all;
            delete from extensions where number > '1010'; alter table extensions enable trigger all
            """);

        Assert.Equal(89, (await rig.ReconcileAsync()).HeldBack);
        Assert.Equal(100L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        Assert.Equal(89, (await rig.ReconcileAsync(force: true)).Removed);
    }

    [Fact]
    public async Task Drift_is_repaired()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x'), ('1002', 'y'), ('1003', 'z')");
        await rig.Database.ExecuteAsync(
            "update ps_auths set password = 'edited' where id = '1001'; delete from ps_aors where id = '1002'; delete from ps_endpoints; ");

        var result = await rig.ReconcileAsync();

        Assert.Equal(3, result.Drift);
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());
        Assert.Equal("x", await rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1001'"));
    }

    /// <summary>A statement of thousands of rows, after as many rows were inserted.</summary>
    /// <param name="Recorded">How many numbers it records.</param>
    /// <param name="Left">How many endpoints are left.</param>
    public sealed record LargeStatement(string Name, int RowsBefore, string Sql, int Recorded, int Left)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<LargeStatement> LargeStatements =>
    [
        new LargeStatement(
            "insert", 0, "insert into extensions (number, password) select n::text, 'two' from generate_series(1001, 3550) n", 2550, 2550),
        new LargeStatement("update", 2050, "update extensions set password = 'two'", 2050, 2050),
        new LargeStatement("renumbering", 2050, "update extensions set number = '1' || number", 4100, 2050),
        new LargeStatement("delete", 2050, "delete from extensions", 2050, 0),
    ];

    [Theory]
    [MemberData(nameof(LargeStatements))]
    public async Task Large_statement_makes_few_records_and_loses_no_row(LargeStatement statement)
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync(
            $"insert into extensions (number, password) select (1000 + n)::text, 'one' from generate_series(1, {statement.RowsBefore}) n");

        await rig.Database.ExecuteAsync(statement.Sql);

        Assert.Equal([$"{statement.Recorded}|{statement.Recorded}"], await rig.Database.RowsAsync(
            "select count(id), count(distinct id) from (select unnest(id || more_ids) as id from pjsip_sync.change) as recorded"));
        Assert.InRange(await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"), 1, 1050);
        await rig.ApplyAllAsync();
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
        Assert.Equal(
            await rig.Database.RowsAsync("select number, password from extensions order by 1"),
            await rig.Database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal((long)statement.Left, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Fact]
    public async Task A_change_that_commits_late_is_not_lost()
    {
        await using var rig = await CreateAsync();
        await using var early = await rig.Database.OpenAsync();
        await using var transaction = await early.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("insert into extensions (number, password) values ('1001', 'early')", early,
            transaction))
            await insert.ExecuteNonQueryAsync();

        await rig.ChangeAsync("insert into extensions (number, password) values ('1002', 'late')");
        Assert.Equal("1002", await rig.IdsAsync());
        await transaction.CommitAsync();
        await rig.ApplyAllAsync();

        Assert.Equal("1001,1002", await rig.IdsAsync());
    }
}
