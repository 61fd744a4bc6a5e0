using Npgsql;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>How extensions are found by their number: its type, its index, and numbers that are missing or empty.</summary>
public sealed class NumberTests(PostgresServer server)
{
    [Fact]
    public async Task Numbers_are_found_by_a_new_index_and_large_batches_by_a_scan()
    {
        await using var rig = await SyncRig.CreateAsync(server,
            database => database.ExecuteAsync("create table phones (number text, password text)"), "Source:Table=public.phones");
        await rig.ChangeAsync("insert into phones select g::text, 'x' from generate_series(1, 20000) g");
        Assert.Equal(20_000L, await rig.Database.ScalarAsync<long>("select count(*) from ps_auths"));
        Assert.False(await IndexedAsync());

        await rig.Database.ExecuteAsync("create index phones_number on phones (number)");
        Assert.True(await IndexedAsync());
        var plan = await rig.Database.ScalarAsync<string>(
            $"explain (format json) select * from pjsip_sync.extensions_by_number('{{{string.Join(',', Enumerable.Range(1, 15_000))}}}')");
        Assert.Contains("phones_number", plan, StringComparison.Ordinal);
        Assert.DoesNotMatch("Hash Join|Merge Join", plan);

        await rig.Database.ExecuteAsync("drop index phones_number");
        Assert.False(await IndexedAsync());

        async Task<bool> IndexedAsync()
        {
            await rig.Database.ExecuteAsync("select pjsip_sync.refresh_mapping()");
            return await rig.Database.ScalarAsync<bool>("select indexed from pjsip_sync.mapping");
        }
    }

    [Theory]
    [InlineData("smallint", 1000)]
    [InlineData("integer", 1000)]
    [InlineData("bigint", 4930123400000000)]
    [InlineData("numeric(20)", 1000)]
    [InlineData("char(20)", 1000)]
    [InlineData("varchar(20)", 1000)]
    [InlineData("citext", 1000)]
    [InlineData("folded", 1000)]
    [InlineData("dialled", 1000)]
    [InlineData("dialled_integer", 1000)]
    [InlineData("uuid", 1000)]
    public async Task A_number_of_any_usual_type_is_found_by_its_index(string type, long first)
    {
        const int Rows = 10_000;
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync($"""
            create schema extra; create extension citext schema extra; set search_path = public, extra;
            create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            create domain dialled as varchar(20); create domain dialled_integer as integer check (value > 0);
            create table lines (number {(type == "folded" ? "text collate folding" : type)} unique, password text, status text);
            """), "Source:Table=lines");
        var number = type == "uuid" ? "lpad(g::text, 32, '0')::uuid"
            : $"g::extra.citext::text{(type is "citext" or "folded" ? "" : $"::{type}")}";
        await rig.Database.ExecuteAsync(
            $"insert into lines select {number}, 'x' from generate_series({first}, {first + Rows - 1}) g; analyze lines");
        Assert.True(await rig.Database.ScalarAsync<bool>("select indexed from pjsip_sync.mapping"));

        var begun = System.Diagnostics.Stopwatch.StartNew();
        await rig.ApplyAllAsync();
        var synced = begun.Elapsed;
        Assert.Equal((long)Rows, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        begun.Restart();
        await rig.WriteStatusAsync();
        Assert.Equal((long)Rows, await rig.Database.ScalarAsync<long>("select count(*) from lines where status = 'offline'"));
        await Measurements.RecordAsync($"{Rows} numbers of type {type}, synced", synced);
        await Measurements.RecordAsync($"{Rows} numbers of type {type}, status", begun.Elapsed);

        const string Read = """
            select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'lines'
            """;
        await using var connection = await rig.Database.OpenAsync();
        foreach (var asked in new[] { "extensions_by_number", "write_status" })
        {
            await using var command = new NpgsqlCommand(
                $"{Read}; select * from pjsip_sync.{asked}(array(select id from ps_endpoints limit 100)); {Read}", connection);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            var before = reader.GetInt64(0);
            await reader.NextResultAsync();
            await reader.NextResultAsync();
            await reader.ReadAsync();
            Assert.InRange(reader.GetInt64(0) - before, 0, 400);
        }
    }

    [Theory]
    [InlineData("number extra.citext", "number", "('Anna', 1), ('anna', 2)", "Anna|1 anna|2")]
    [InlineData("number text collate folding", "number", "('Anna', 1), ('anna', 2)", "Anna|1 anna|2")]
    [InlineData("number numeric", "number", "(1001, 1), (1001.0, 2)", "1001|1 1001.0|2")]
    [InlineData("number char(8)", "number", "('1001', 1), ('1002  ', 2)", "1001|1 1002|2")]
    [InlineData("number bigint", "number", "(-1, 1), (9223372036854775807, 2)", "-1|1 9223372036854775807|2")]
    [InlineData("number uuid", "number", "('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', 1), ('a0eebc999c0b4ef8bb6d6bb9bd380a12', 2)",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|1 a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12|2")]
    [InlineData("number place", "((number)::text)", "('north', 1), ('south', 2)", "north|1 south|2")]
    public async Task A_number_is_its_text_and_no_other_whatever_its_type(string column, string index, string rows, string ids)
    {
        await using var rig = await SyncRig.CreateAsync(server, async database =>
        {
            await database.ExecuteAsync($"""
                create schema extra; create extension citext schema extra; create type place as enum ('north', 'south');
                create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                create table lines ({column}, password text, status text default 'online');
                """);
            if (!column.EndsWith("place", StringComparison.Ordinal))
                await database.ExecuteAsync($"create index on lines ({index})");
        }, "Source:Table=lines");

        await rig.ChangeAsync($"insert into lines values {rows}");
        // What no number is written like is nobody's, and no fault.
        await rig.ChangeAsync("""
            insert into pjsip_sync.change (id) values ('ANNA'), ('1001.00'), ('01'), ('1e3'), (' 1001'), ('99999999999999999999'),
              ('NaN'), ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), ('')
            """);
        await rig.WriteStatusAsync();

        Assert.Equal(ids, string.Join(' ', await rig.Database.RowsAsync("select id, password from ps_auths order by password")));
        Assert.Equal(["offline|2"], await rig.Database.RowsAsync("select status, count(*) from lines group by 1"));
        await rig.ChangeAsync("update lines set password = password || '0' where password = '2'; delete from lines where password = '1'");
        Assert.Equal(ids.Split(' ')[1] + "0", Assert.Single(await rig.Database.RowsAsync("select id, password from ps_auths")));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Theory]
    [InlineData("number text", "create index on public.lines ((number))")]
    [InlineData("number integer", "create index on public.lines ((number))")]
    [InlineData("site integer, number integer, unique (site, number)", "create index on public.lines ((number))")]
    [InlineData("number integer, gone boolean, exclude using hash (number with =) where (not gone)",
        "create index on public.lines ((number))")]
    [InlineData("number float8 unique", "create index on public.lines (((number)::text))")]
    public async Task A_number_that_no_index_finds_is_said_with_the_index_that_would(string columns, string advice)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"create table lines ({columns}, password text)");
        var (exit, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines"], "init");
        Assert.Equal(0, exit);
        Assert.Contains($"no index finds an extension by its number, so every change would read the whole table: {advice}", output,
            StringComparison.Ordinal);

        var settings = SyncRig.Read(database, "Source:Table=lines");
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(settings), "database.mapping", Outcome.Warn,
            $"no index finds an extension by its number, so every change would read the whole table: {advice}");
        await database.ExecuteAsync(advice);
        Assert.DoesNotContain(await VerificationAssert.VerifyAsync(settings, fix: true), check => check.Name == "database.mapping"
            && check.Found.Contains("index", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("create index on public.lines (number)", true)]
    [InlineData("create index on public.lines (password)", false)]
    [InlineData("create index on public.lines (password) include (number)", false)]
    [InlineData("create index on public.others (number)", false)]
    public async Task Only_an_index_of_the_source_table_that_finds_the_number_counts(string index, bool counts)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            $"create table others (number text); create table lines (number text, password text); {index}"), "Source:Table=public.lines");

        Assert.Equal(counts, await rig.Database.ScalarAsync<bool>("select indexed from pjsip_sync.mapping"));
    }

    [Fact]
    public async Task A_number_that_is_an_integer_column_works()
    {
        await using var rig = await SyncRig.CreateAsync(server,
            database => database.ExecuteAsync("create table lines (id int primary key, number int, password text)"), "Source:Table=lines");

        await rig.ChangeAsync("insert into lines values (1, 1001, 'x'), (2, null, 'y'), (3, 1003, 'z')");

        Assert.Equal("1001,1003", await rig.IdsAsync());
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
        await rig.ChangeAsync("update lines set number = 1002 where id = 2; delete from lines where id = 1");
        Assert.Equal("1002,1003", await rig.IdsAsync());
    }

    [Fact]
    public async Task Null_number_is_ignored_and_an_empty_number_is_rejected()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions alter number drop not null");
        // As an older version left it.
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password) values (null, 'x'), ('', 'x'), ('1001', 'x');
            insert into pjsip_sync.rejected (row_key, id, reason) values ('1', '', 'number is empty')
            """);
        await rig.ReconcileAsync(force: true);
        Assert.Equal(["2||number is empty"], await rig.Database.RowsAsync("select row_key, id, reason from pjsip_sync.rejected"));
        await rig.ChangeAsync("delete from extensions where number = ''");
        await rig.AddContactAsync("1001");
        await rig.WriteStatusAsync();
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(rig.Settings), "sync.rejected", Outcome.Pass,
            "no extension is rejected");

        // Its phone goes with the number, and so does its status.
        await rig.ChangeAsync("update extensions set number = null where number = '1001'");
        Assert.Equal("", await rig.IdsAsync());
        await rig.WriteStatusAsync();
        Assert.Equal(["offline|2"], await rig.Database.RowsAsync("select status, count(*) from extensions group by 1"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        await rig.ChangeAsync("update extensions set number = '1002'  where id = (select max(id) from extensions)");
        Assert.Equal("1002", await rig.IdsAsync());
    }
}
