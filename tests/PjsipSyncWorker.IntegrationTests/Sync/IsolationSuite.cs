using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Rows of others and faulty extensions, on ps_* tables of every kind: its subclasses make them.</summary>
public abstract class IsolationSuite(PostgresServer server)
{
    /// <summary>Makes the ps_* tables, where they are not to be ours.</summary>
    protected virtual Task PrepareAsync(TestDatabase database) => Task.CompletedTask;

    private Task<SyncRig> CreateAsync() => SyncRig.CreateAsync(server, PrepareAsync);

    [Fact]
    public async Task Rows_made_by_hand_keep_every_byte()
    {
        await using var rig = await CreateAsync();
        await rig.Database.ExecuteAsync("""
            insert into ps_endpoints (id, aors, context, callerid) values ('carrier', 'carrier', 'from-carrier', 'me');
            insert into ps_auths (id, username, password) values ('carrier', 'u', 'p');
            insert into ps_aors (id, contact) values ('carrier', 'sip:carrier.example');
            """);
        const string trunk = """
            select e::text, a::text, o::text, e.xmin::text, a.xmin::text, o.xmin::text
              from ps_endpoints e join ps_auths a using (id) join ps_aors o using (id) where id = 'carrier'
            """;
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

        await rig.ChangeAsync("""
            insert into extensions (number, password, max_contacts) select g::text, 'x', case when g % 100 = 0 then 60 end
              from generate_series(1000, 1999) g
            """);

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
    public async Task Row_inserted_by_another_at_the_same_moment_stays_theirs()
    {
        await using var rig = await CreateAsync();
        await using var theirs = await rig.Database.OpenAsync();
        await using var transaction = await theirs.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("""
            insert into ps_auths (id, auth_type, username, password) values ('1001', 'userpass', 'trunk', 'theirs')
            """, theirs, transaction))
            await insert.ExecuteNonQueryAsync();
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'ours'), ('1002', 'two')");

        var applying = rig.ApplyAllAsync();
        await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>("""
            select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            """));
        await transaction.CommitAsync();
        await applying;

        Assert.Equal(["1001|trunk|theirs", "1002|1002|two"],
            await rig.Database.RowsAsync("select id, username, password from ps_auths order by 1"));
        Assert.Equal(["1002"], await rig.Database.RowsAsync("select id from ps_endpoints"));
        Assert.StartsWith("ps_auths already has a row 1001 that this worker did not make",
            await rig.Database.ScalarAsync<string>("select reason from pjsip_sync.rejected"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trigger_never_fails_the_applications_statement()
    {
        await using var rig = await CreateAsync();
        await rig.ApplyAllAsync();
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
            create function audited() returns trigger language plpgsql
              as 'begin insert into audit values (tg_table_name); return null; end';
            create trigger audited after insert or update on ps_auths for each row execute function audited();
            create trigger audited after update on extensions for each row execute function audited();
            """);

        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        await rig.Database.ExecuteAsync("update extensions set status = 'online'");
        await rig.WriteStatusAsync();

        Assert.Equal(["ps_auths", "extensions", "extensions"], await rig.Database.RowsAsync("select what from audit"));
        Assert.Equal("offline", await rig.Database.ScalarAsync<string>("select status from extensions"));
    }
}
