using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>What loop 1 does, on ps_* tables of every kind that is met: its subclasses make them.</summary>
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
        Assert.Equal(["2|yes|yes|60"], await rig.Database.RowsAsync("select max_contacts, remove_existing::text, coalesce(to_jsonb(ps_aors)->>'remove_unavailable', 'yes'), qualify_frequency from ps_aors"));
        Assert.Equal(["""1001|1001|sales|all|opus,alaw|"Anna \"A\" Öz" <1001>|1001@default|transport-tcp|yes|yes|yes"""], await rig.Database.RowsAsync(
            "select aors, auth, context, disallow, allow, callerid, mailboxes, transport, rewrite_contact::text, force_rport::text, rtp_symmetric::text from ps_endpoints"));
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

        await rig.Database.ExecuteAsync("update extensions set status = 'online', last_registered_at = now(), last_registered_ip = '192.0.2.1', device_state = 'INUSE'");

        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
    }

    [Fact]
    public async Task A_second_identical_sync_writes_nothing()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password, settings) select g::text, 'x', '{\"endpoint\":{\"dtmf_mode\":\"info\"}}' from generate_series(1000, 1999) g");
        const string versions = """
            select 'e', id, xmin::text from ps_endpoints union all select 'a', id, xmin::text from ps_auths
            union all select 'o', id, xmin::text from ps_aors union all select 'l', id, xmin::text from pjsip_sync.managed_endpoint order by 1, 2
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
    public async Task Rows_made_by_hand_keep_every_byte()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("""
            insert into ps_endpoints (id, aors, context, callerid) values ('carrier', 'carrier', 'from-carrier', 'me');
            insert into ps_auths (id, username, password) values ('carrier', 'u', 'p');
            insert into ps_aors (id, contact) values ('carrier', 'sip:carrier.example');
            """);
        const string trunk = "select e::text, a::text, o::text, e.xmin::text, a.xmin::text, o.xmin::text from ps_endpoints e join ps_auths a using (id) join ps_aors o using (id) where id = 'carrier'";
        var before = await rig.Database.RowsAsync(trunk);

        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x'), ('carrier', 'stolen')");
        await rig.ChangeAsync("truncate extensions");
        await rig.ReconcileAsync(force: true);

        Assert.Equal("carrier", await rig.IdsAsync());
        Assert.Equal(before, await rig.Database.RowsAsync(trunk));
    }

    [Fact]
    public async Task Number_of_a_foreign_row_is_rejected_until_adoption_is_allowed()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("insert into ps_endpoints (id, context, accountcode) values ('1001', 'by-hand', 'keep')");

        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        Assert.Contains("did not make", await rig.Database.ScalarAsync<string>("select reason from pjsip_sync.rejected where id = '1001'"),
            StringComparison.Ordinal);

        await using var adopting = await SyncRig.OpenAsync(rig.Database,
            rig.Settings with { Sync = rig.Settings.Sync with { Adopt = true } });
        await adopting.ReconcileAsync();
        Assert.Equal(["internal|keep"], await rig.Database.RowsAsync("select context, accountcode from ps_endpoints"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        await adopting.ChangeAsync("delete from extensions");
        Assert.Equal("1001", await rig.Database.ScalarAsync<string>("select id from ps_endpoints"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.managed_endpoint"));
    }

    [Fact]
    public async Task Unmanaged_column_survives_and_a_removed_option_returns_to_null()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("""insert into extensions (number, password, settings) values ('1001', 'x', '{"endpoint":{"dtmf_mode":"info","rtp_timeout":30}}')""");
        await rig.Database.ExecuteAsync("update ps_endpoints set accountcode = 'by-hand'");

        await rig.ChangeAsync("""update extensions set settings = '{"endpoint":{"rtp_timeout":31}}', display_name = 'New'""");

        Assert.Equal(
            ["NULL|31|by-hand"], await rig.Database.RowsAsync("select dtmf_mode::text, rtp_timeout, accountcode from ps_endpoints"));
    }

    [Fact]
    public async Task Bad_extension_keeps_its_last_good_rows_until_the_repair_clears_it()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'good'), ('1002', 'two')");

        await rig.ChangeAsync(
            "update extensions set password = '' where number = '1001'; update extensions set password = 'two2' where number = '1002'");

        Assert.Equal(["1001|good", "1002|two2"], await rig.Database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal(["1001"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));

        await rig.ChangeAsync("update extensions set password = 'better' where number = '1001'");

        Assert.Equal("better", await rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1001'"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task A_renumbering_to_a_bad_number_keeps_the_endpoint_until_it_is_repaired()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");

        await rig.ChangeAsync("update extensions set number = '10 01'");
        Assert.Equal("1001", await rig.IdsAsync());

        await rig.ChangeAsync("update extensions set number = '1002'");
        Assert.Equal("1002", await rig.IdsAsync());
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task Refused_batch_is_narrowed_down_to_the_row()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("alter table ps_aors add constraint few check (max_contacts < 50)");

        await rig.ChangeAsync("insert into extensions (number, password, max_contacts) select g::text, 'x', case when g % 100 = 0 then 60 end from generate_series(1000, 1999) g");

        Assert.Equal(990L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(["10|ps_aors violates the check few"],
            await rig.Database.RowsAsync("select count(*), max(reason) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task Two_extensions_with_one_number_do_not_flip_flop()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("alter table extensions drop constraint extensions_number_key");
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'first')");
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'second')");

        for (var i = 0; i < 3; i++)
        {
            await rig.ChangeAsync("update extensions set display_name = $1 where password = 'second'", $"try {i}");
            Assert.Equal("first", await rig.Database.ScalarAsync<string>("select password from ps_auths"));
        }
        Assert.Equal(["number 1001 already belongs to the extension with the key 1"],
            await rig.Database.RowsAsync("select reason from pjsip_sync.rejected"));

        await rig.ChangeAsync("delete from extensions where password = 'first'");
        Assert.Equal("second", await rig.Database.ScalarAsync<string>("select password from ps_auths"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task Reconcile_without_cause_stops_before_removing_many_endpoints()
    {
        await using var rig = await CreateAsync();
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g");
        await rig.Database.ExecuteAsync("set session_replication_role = replica; alter table extensions disable trigger all; delete from extensions where number > '1010'; alter table extensions enable trigger all");

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
        await rig.DrainAsync();
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
        Assert.Equal(
            await rig.Database.RowsAsync("select number, password from extensions order by 1"),
            await rig.Database.RowsAsync("select id, password from ps_auths order by 1"));
        Assert.Equal((long)statement.Left, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Fact]
    public async Task Row_inserted_by_another_at_the_same_moment_stays_theirs()
    {
        await using var rig = await CreateAsync();
        await using var theirs = new NpgsqlConnection(rig.Database.ConnectionString);
        await theirs.OpenAsync();
        await using var transaction = await theirs.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("insert into ps_auths (id, auth_type, username, password) values ('1001', 'userpass', 'trunk', 'theirs')", theirs, transaction))
            await insert.ExecuteNonQueryAsync();
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'ours'), ('1002', 'two')");

        var draining = rig.DrainAsync();
        await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"));
        await transaction.CommitAsync();
        await draining;

        Assert.Equal(["1001|trunk|theirs", "1002|1002|two"],
            await rig.Database.RowsAsync("select id, username, password from ps_auths order by 1"));
        Assert.Equal(["1002"], await rig.Database.RowsAsync("select id from ps_endpoints"));
        Assert.StartsWith("ps_auths already has a row 1001 that this worker did not make",
            await rig.Database.ScalarAsync<string>("select reason from pjsip_sync.rejected"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_commits_late_is_not_lost()
    {
        await using var rig = await CreateAsync();
        await using var early = await rig.Database.OpenAsync();
        await using var transaction = await early.BeginTransactionAsync();
        await using (var insert = new Npgsql.NpgsqlCommand("insert into extensions (number, password) values ('1001', 'early')", early,
            transaction))
            await insert.ExecuteNonQueryAsync();

        await rig.ChangeAsync("insert into extensions (number, password) values ('1002', 'late')");
        Assert.Equal("1002", await rig.IdsAsync());
        await transaction.CommitAsync();
        await rig.DrainAsync();

        Assert.Equal("1001,1002", await rig.IdsAsync());
    }

    [Fact]
    public async Task The_trigger_never_fails_the_applications_statement()
    {
        await using var rig = await CreateAsync();
        await rig.DrainAsync();
        await rig.Database.ExecuteAsync("alter table extensions rename column number to nummer");
        await rig.Database.ExecuteAsync("insert into extensions (nummer, password) values ('1001', 'x')");
        Assert.Equal(1L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change where id is null"));

        await rig.Database.ExecuteAsync("drop table pjsip_sync.change cascade");
        Assert.Equal(1, await rig.Database.ExecuteAsync("update extensions set password = 'y'"));
    }


    [Fact]
    public async Task Triggers_of_others_find_their_tables()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("""
            create table audit (what text);
            create function audited() returns trigger language plpgsql as 'begin insert into audit values (tg_table_name); return null; end';
            create trigger audited after insert or update on ps_auths for each row execute function audited();
            create trigger audited after update on extensions for each row execute function audited();
            """);

        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        await rig.Database.ExecuteAsync("update extensions set status = 'online'");
        await rig.ProjectAsync();

        Assert.Equal(["ps_auths", "extensions", "extensions"], await rig.Database.RowsAsync("select what from audit"));
        Assert.Equal("offline", await rig.Database.ScalarAsync<string>("select status from extensions"));
    }
}
