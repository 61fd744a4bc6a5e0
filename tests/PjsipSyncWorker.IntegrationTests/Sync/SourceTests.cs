using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Tables of applications that existed before us.</summary>
public sealed class SourceTests(PostgresServer server)
{
    private const string Laravel = """
        create schema app;
        create table app."Users" (
          id bigserial primary key, extension varchar(20) not null, name varchar(255), password varchar(255) not null, is_active boolean not null default true,
          deleted_at timestamp(0), settings json, status varchar(20) not null default 'offline', "lastSeen" timestamp(0), ip varchar(45),
          created_at timestamp(0), updated_at timestamp(0));
        create index on app."Users" (extension);
        """;

    private static readonly string[] LaravelSettings =
    [
        "Source:Table=app.\"Users\"", "Source:Columns:Number=extension", "Source:Columns:DisplayName=name", "Source:Columns:LastRegisteredAt=lastSeen",
        "Source:Columns:LastRegisteredIp=ip", "Source:Active=is_active and deleted_at is null",
    ];

    [Fact]
    public async Task Change_during_a_full_comparison_waits_for_one_batch_only()
    {
        await using var rig = await SyncRig.CreateAsync(server, null, "Sync:BatchSize=1");
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1009) g");
        await rig.Database.ExecuteAsync("delete from pjsip_sync.bucket_digest");
        var seen = new List<string>();

        await rig.ReconcileAsync((done, _) =>
        {
            if (done == 3)
                rig.Database.ExecuteAsync("update extensions set password = 'y' where number = '1000'").GetAwaiter().GetResult();
            seen.Add(rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1000'").GetAwaiter().GetResult()!);
        });

        Assert.Equal(["x", "x", "x", "y", "y", "y", "y", "y", "y", "y"], seen);
    }

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
        var number = type == "uuid" ? "lpad(g::text, 32, '0')::uuid" : $"g::extra.citext::text{(type is "citext" or "folded" ? "" : $"::{type}")}";
        await rig.Database.ExecuteAsync(
            $"insert into lines select {number}, 'x' from generate_series({first}, {first + Rows - 1}) g; analyze lines");
        Assert.True(await rig.Database.ScalarAsync<bool>("select indexed from pjsip_sync.mapping"));

        var begun = System.Diagnostics.Stopwatch.StartNew();
        await rig.DrainAsync();
        var synced = begun.Elapsed;
        Assert.Equal((long)Rows, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        begun.Restart();
        await rig.ProjectAsync();
        Assert.Equal((long)Rows, await rig.Database.ScalarAsync<long>("select count(*) from lines where status = 'offline'"));
        await Measurements.RecordAsync($"{Rows} numbers of type {type}, synced", synced);
        await Measurements.RecordAsync($"{Rows} numbers of type {type}, status", begun.Elapsed);

        const string Read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'lines'";
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
        await rig.ChangeAsync("insert into pjsip_sync.change (id) values ('ANNA'), ('1001.00'), ('01'), ('1e3'), (' 1001'), ('99999999999999999999'), ('NaN'), ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), ('')");
        await rig.ProjectAsync();

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
    [InlineData("update lines set secret = 'new' where number = '1001'", "1001")]
    [InlineData("update lines set number = '2001' where number = '1001'", "1001,2001")]
    [InlineData("update lines set secret = secret where number = '1001'", "")]
    [InlineData("update lines set several = 'x', was = now(), became = became || '{}', recorded = 2 where number = '1001'", "")]
    [InlineData("update lines set secret = 'new' where number = 'nobody'", "")]
    [InlineData("update lines set secret = 'new' where number in ('1001', '1003')", "1001,1003")]
    [InlineData("update lines set secret = case number when '1002' then 'new' else secret end", "1002")]
    [InlineData("update lines set number = case number when '1001' then '1002' when '1002' then '1001' else number end", "1001,1002")]
    [InlineData("update lines set place = '{\"room\": 2}' where number = '1003'", "1003")]
    public async Task Update_records_only_the_numbers_that_changed(string statement, string recorded)
    {
        // Columns of the application that are named as the trigger's own variables are, and a type without an equality.
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync("""
            create table lines (id int primary key, number text unique deferrable initially deferred, secret text, place json, several text, was timestamptz, became jsonb default '{}', recorded int);
            insert into lines (id, number, secret, place) values (1, '1001', 'one', '{"room": 1}'), (2, '1002', 'two', null), (3, '1003', 'three', '{"room": 1}');
            """), "Source:Table=lines", "Source:Columns:Number=number", "Source:Columns:Password=secret", "Source:Columns:Settings=place");
        await rig.Database.ExecuteAsync("delete from pjsip_sync.change");

        await rig.Database.ExecuteAsync(statement);

        Assert.Equal(recorded, string.Join(',', await rig.Database.RowsAsync("select distinct id from pjsip_sync.change order by 1")));
    }

    [Fact]
    public async Task A_laravel_like_table_is_mapped_by_configuration_alone()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(Laravel), LaravelSettings);

        await rig.ChangeAsync("""
            insert into app."Users" (extension, name, password, settings) values
              ('1001', 'Anna', 'one', '{"endpoint": {"rtp_timeout": 30}}'), ('1002', 'Bert', 'two', null), ('1003', 'Cora', 'three', '[]')
            """);
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());
        Assert.Equal(
            ["\"Anna\" <1001>|30"], await rig.Database.RowsAsync("select callerid, rtp_timeout from ps_endpoints where id = '1001'"));

        await rig.ChangeAsync("update app.\"Users\" set deleted_at = now() where extension = '1001'; update app.\"Users\" set is_active = false where extension = '1002'");
        Assert.Equal("1003", await rig.IdsAsync());

        await rig.ChangeAsync("update app.\"Users\" set deleted_at = null, is_active = true");
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());

        await rig.Database.ExecuteAsync("update app.\"Users\" set updated_at = now(), status = 'online', settings = '{\"endpoint\": {\"rtp_timeout\": 30}}' where extension = '1001'");
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
    }

    [Fact]
    public async Task Status_is_written_into_columns_of_other_names_and_types()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(Laravel), LaravelSettings);
        await rig.ChangeAsync("insert into app.\"Users\" (extension, password) values ('1001', 'one')");
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, address, registered_at) values ('pbx1', '1001', 'sip:x', 'Reachable', '192.0.2.7', '2026-01-02 03:04:05+00');
            """);

        Assert.Empty(await rig.Database.RowsAsync("select pjsip_sync.write_status()"));
        Assert.Equal(["online|192.0.2.7|True"], await rig.Database.RowsAsync("select status, ip, \"lastSeen\" = '2026-01-02 03:04:05+00'::timestamptz::timestamp from app.\"Users\""));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));

        await rig.Database.ExecuteAsync("delete from pjsip_sync.contact");
        Assert.Empty(await rig.Database.RowsAsync("select pjsip_sync.write_status()"));
        Assert.Equal(["offline|192.0.2.7"], await rig.Database.RowsAsync("select status, ip from app.\"Users\""));
    }

    [Theory]
    [InlineData("status boolean not null default false", "true", "false")]
    [InlineData("status flag", "true", "false")]
    [InlineData("status phone_state", "online", "offline")]
    [InlineData("status varchar(7)", "online", "offline")]
    [InlineData("status char(10)", "online", "offline")]
    [InlineData("status extra.citext check (status in ('online', 'offline', 'lost'))", "online", "offline")]
    [InlineData("status text, last_registered_ip varchar(45), last_registered_at timestamp, device_state device", "online", "offline")]
    [InlineData("status text, last_registered_ip cidr, last_registered_at timestamp(0) with time zone, device_state varchar(11) not null default 'UNKNOWN'", "online", "offline")]
    public async Task Status_is_written_into_a_column_of_any_type_that_can_hold_it(string columns, string online, string offline)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync($"{StatusTypes} create table lines (number text primary key, password text, {columns})"), "Source:Table=lines");
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x'), ('1002', 'x')");
        await RegisterAsync(rig, "1001");

        for (var time = 0; time < 2; time++)
        {
            await rig.ProjectAsync();
            Assert.Equal([$"1001|{online}", $"1002|{offline}"],
                await rig.Database.RowsAsync("select number, status::text from lines order by 1"));
            Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_mismatches()"));
        }
        if (columns.Contains("last_registered_ip", StringComparison.Ordinal))
            Assert.Equal("2001:db8:1111:2222:3333:4444:5555:6666", await rig.Database.ScalarAsync<string>("select split_part(last_registered_ip::text, '/', 1) from lines where number = '1001'"));
    }

    [Theory]
    [InlineData("status smallint", "Source:Columns:Status: \"status\" is of type smallint, which cannot hold online: make it text or boolean, or map null to do without")]
    [InlineData("status timestamptz", "Source:Columns:Status: \"status\" is of type timestamp with time zone, which cannot hold online: make it text or boolean")]
    [InlineData("status varchar(6)", "Source:Columns:Status: \"status\" is of type character varying(6), which cannot hold offline: make it text or boolean")]
    [InlineData("status account_state", "Source:Columns:Status: \"status\" is of type public.account_state, which cannot hold online: make it text or boolean")]
    [InlineData("status text check (status in ('active', 'blocked'))",
        "Source:Columns:Status: \"status\" may not be online, since the constraint lines_status_check forbids it")]
    [InlineData("status text generated always as (password || '!') stored",
        "Source:Columns:Status: \"status\" is a generated column, which cannot be written: map another one")]
    [InlineData("last_registered_ip varchar(8)", "Source:Columns:LastRegisteredIp: \"last_registered_ip\" is of type character varying(8), which cannot hold 255.255.255.255: make it inet or text")]
    [InlineData("last_registered_ip varchar(15)", "Source:Columns:LastRegisteredIp: \"last_registered_ip\" is of type character varying(15), which cannot hold 2001:db8:1111:2222:3333:4444:5555:6666: make it inet or text")]
    [InlineData("last_registered_at date", "Source:Columns:LastRegisteredAt: \"last_registered_at\" is of type date, which does not hold a date with its time: make it timestamptz")]
    [InlineData("last_registered_at bigint", "Source:Columns:LastRegisteredAt: \"last_registered_at\" is of type bigint, which does not hold a date with its time: make it timestamptz")]
    [InlineData("device_state phone_state", "Source:Columns:DeviceState: \"device_state\" is of type public.phone_state, which cannot hold NOT_INUSE: make it text")]
    [InlineData("device_state boolean", "Source:Columns:DeviceState: \"device_state\" is of type boolean, which cannot hold NOT_INUSE: make it text")]
    public async Task Unfit_status_column_is_refused_or_skipped_if_it_becomes_unfit(string column, string problem)
    {
        var name = column[..column.IndexOf(' ', StringComparison.Ordinal)];
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"{StatusTypes} create table lines (number text primary key, password text, {column})");
        var (exit, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines"], "init");
        Assert.Equal(2, exit);
        Assert.Contains(problem, output, StringComparison.Ordinal);

        // Without it all is well, and nothing is ever written there.
        var without = SyncRig.Read(database, "Source:Table=lines",
            $"Source:Columns:{string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]))}=null");
        await SyncRig.InstallAsync(database, without, createExtensions: false);
        Assert.DoesNotContain($"{name} is not written", VerificationAssert.Text(await VerificationAssert.VerifyAsync(without)),
            StringComparison.Ordinal);

        // One that fitted becomes such a column, and fits again.
        var type = name == "last_registered_at" ? "timestamptz" : "text";
        var status = name == "status" ? "" : ", add if not exists status text";
        await database.ExecuteAsync($"alter table lines drop {name}, add {name} {type}, add other text{status}");
        var settings = SyncRig.Read(database, "Source:Table=lines");
        await SyncRig.InstallAsync(database, settings, createExtensions: false);
        await using var rig = await SyncRig.OpenAsync(database, settings);
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x')");
        await database.ExecuteAsync($"alter table lines drop {name}, add {column}");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "database.mapping", problem, "Source:Columns");
        await database.ExecuteAsync("select pjsip_sync.refresh_mapping()");
        await RegisterAsync(rig, "1001");
        await rig.ProjectAsync();
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(settings), "database.mapping", Outcome.Warn, problem);
        if (name != "status")
            Assert.Equal("online", await database.ScalarAsync<string>("select status from lines"));

        await database.ExecuteAsync($"alter table lines drop {name}, add {name} {(name == "status" ? "boolean" : name == "last_registered_at" ? "timestamp" : "varchar(40)")}; select pjsip_sync.refresh_mapping()");
        await rig.ProjectAsync();
        Assert.NotNull(
            await database.ScalarAsync<object>(name == "device_state" ? "select status from lines" : $"select {name} from lines"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from pjsip_sync.status_mismatches()"));
    }

    [Fact]
    public async Task A_status_column_whose_type_changes_is_written_as_its_new_type()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table lines (number text primary key, password text, status text)");
        await SyncRig.InstallAsync(database, SyncRig.Read(database, "Source:Table=lines"), createExtensions: false);
        await using var rig = await SyncRig.OpenAsync(database, SyncRig.Read(database, "Source:Table=lines"));
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x')");

        await database.ExecuteAsync(
            "alter table lines alter status type boolean using status = 'online', alter number type integer using number::integer");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(rig.Settings), "database.mapping",
            "a mapped column has another type than before", "--fix");
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(rig.Settings, fix: true));
        await RegisterAsync(rig, "1001");
        await rig.ProjectAsync();

        Assert.True(await database.ScalarAsync<bool>("select status from lines"));
    }

    private const string StatusTypes = """
        create schema extra; create extension citext schema extra; create type phone_state as enum ('offline', 'online'); create type account_state as enum ('active', 'blocked');
        create type device as enum ('NOT_INUSE', 'INUSE', 'RINGING', 'RINGINUSE', 'BUSY', 'ONHOLD', 'UNAVAILABLE', 'UNKNOWN', 'INVALID'); create domain flag as boolean;
        """;

    private static Task<int> RegisterAsync(SyncRig rig, string number) => rig.Database.ExecuteAsync($"""
        insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now()) on conflict do nothing;
        insert into pjsip_sync.contact (node, endpoint, uri, status, address, registered_at) values ('pbx1', '{number}', 'sip:x', 'Reachable', '2001:db8:1111:2222:3333:4444:5555:6666', now());
        """);

    [Fact]
    public async Task Expressions_map_a_tenant_prefix_and_a_json_field()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            "create table seats (tenant int, ext int, data jsonb, primary key (tenant, ext)); create index on seats ((('t' || tenant || '-' || ext)))"),
            "Source:Table=public.seats", "Source:Columns:Number='t' || tenant || '-' || ext", "Source:Columns:Password=data->>'sip'", "Source:Columns:DisplayName=data->>'name'",
            "Source:Active=data ? 'sip'");

        await rig.ChangeAsync("""insert into seats values (1, 1001, '{"sip":"a","name":"Anna"}'), (2, 1001, '{"sip":"b"}'), (3, 1001, '{}'), (4, 1001, null)""");
        Assert.Equal("t1-1001,t2-1001", await rig.IdsAsync());

        await rig.ChangeAsync(
            "update seats set data = data || '{\"sip\":\"c\"}' where tenant = 3; update seats set tenant = 9 where tenant = 1");
        Assert.Equal("t2-1001,t3-1001,t9-1001", await rig.IdsAsync());
        Assert.Equal(
            "9/1001", await rig.Database.ScalarAsync<string>("select row_key from pjsip_sync.managed_endpoint where id = 't9-1001'"));
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
    public async Task The_documented_mapping_names_a_person_of_whom_only_one_name_is_known()
    {
        var documented = Document.Blocks("docs/reference/configuration.md")
            .Single(block => block.Language == "json" && block.Text.Contains("public.users", StringComparison.Ordinal));
        using var json = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(documented.Text));
        var source = new ConfigurationBuilder().AddJsonStream(json).Build().AsEnumerable()
            .Where(pair => pair.Value is not null && pair.Key.StartsWith("Source:", StringComparison.Ordinal))
                .Select(pair => $"{pair.Key}={pair.Value}").ToArray();
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            "create table users (extension text unique, sip_password text, first_name text, last_name text, is_active boolean default true, deleted_at timestamptz)"), source);

        await rig.ChangeAsync("insert into users values ('1001', 'x', 'Anna', 'Berg'), ('1002', 'x', 'Anna', null), ('1003', 'x', null, 'Berg'), ('1004', 'x', null, null), (null, null, 'Carl', null)");

        Assert.Equal(["\"Anna Berg\" <1001>", "\"Anna\" <1002>", "\"Berg\" <1003>", "<1004>"],
            await rig.Database.RowsAsync("select callerid from ps_endpoints order by id"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task Null_number_is_ignored_and_an_empty_number_is_rejected()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions alter number drop not null");
        // As an older version left it.
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values (null, 'x'), ('', 'x'), ('1001', 'x'); insert into pjsip_sync.rejected (row_key, id, reason) values ('1', '', 'number is empty')");
        await rig.ReconcileAsync(force: true);
        Assert.Equal(["2||number is empty"], await rig.Database.RowsAsync("select row_key, id, reason from pjsip_sync.rejected"));
        await rig.ChangeAsync("delete from extensions where number = ''");
        await RegisterAsync(rig, "1001");
        await rig.ProjectAsync();
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(rig.Settings), "sync.rejected", Outcome.Pass,
            "no extension is rejected");

        // Its phone goes with the number, and so does its status.
        await rig.ChangeAsync("update extensions set number = null where number = '1001'");
        Assert.Equal("", await rig.IdsAsync());
        await rig.ProjectAsync();
        Assert.Equal(["offline|2"], await rig.Database.RowsAsync("select status, count(*) from extensions group by 1"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        await rig.ChangeAsync("update extensions set number = '1002'  where id = (select max(id) from extensions)");
        Assert.Equal("1002", await rig.IdsAsync());
    }

    [Fact]
    public async Task Partitioned_table_is_watched_on_every_leaf_even_attached_later()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync("""
            create table lines (site int, number text, password text, status text default 'offline', primary key (site, number)) partition by list (site);
            create table lines_1 partition of lines for values in (1);
            create table lines_2 partition of lines for values in (2) partition by range (number);
            create table lines_2a partition of lines_2 for values from (minvalue) to (maxvalue);
            """), "Source:Table=lines");

        await rig.ChangeAsync("insert into lines values (1, '1001', 'a'), (2, '2001', 'b')");
        await rig.ChangeAsync("insert into lines_1 values (1, '1002', 'c'); insert into lines_2a values (2, '2002', 'd'); update lines_2 set password = 'e' where number = '2001'");
        Assert.Equal("1001,1002,2001,2002", await rig.IdsAsync());
        await rig.ChangeAsync("update lines set site = 1 where number = '2001'");
        Assert.Equal(["2001|e"], await rig.Database.RowsAsync("select id, password from ps_auths where id = '2001'"));

        await rig.Database.ExecuteAsync(
            "create table lines_3 partition of lines for values in (3); insert into lines_3 values (3, '3001', 'f')");
        await rig.ReconcileAsync();
        Assert.Equal("1001,1002,2001,2002,3001", await rig.IdsAsync());
        await rig.Database.ExecuteAsync("select pjsip_sync.refresh_mapping()");
        await rig.ChangeAsync("update lines_3 set number = '3002'");
        Assert.Equal("1001,1002,2001,2002,3002", await rig.IdsAsync());

        await rig.Database.ExecuteAsync("insert into pjsip_sync.node (name, connected, last_seen_at) values ('n', true, now()); insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values ('n', '3002', 'sip:x', 'Reachable', now())");
        await rig.Database.ExecuteAsync("select pjsip_sync.write_status()");
        Assert.Equal(["3002"], await rig.Database.RowsAsync("select number from lines where status = 'online'"));
    }

    [Theory]
    [InlineData("create table real_lines (number text, password text); create view lines as select * from real_lines", "is a view")]
    [InlineData("create table parent (number text, password text); create table lines () inherits (parent)", "inheritance tree")]
    [InlineData("create table lines (number text, password text); create table child () inherits (lines)", "inheritance tree")]
    [InlineData("create table whole (number text, password text) partition by list (number); create table lines partition of whole default",
        "is a partition")]
    [InlineData("create table lines (id bigint, context varchar(40), exten varchar(40), priority int, app varchar(40), appdata varchar(256))", "dialplan table")]
    [InlineData("select 1", "does not exist")]
    public async Task A_table_that_cannot_be_watched_is_refused_with_a_reason(string tables, string because)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(tables);

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=public.lines"], "init");

        Assert.Equal(2, exitCode);
        Assert.Contains(because, output, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", output, StringComparison.Ordinal);
        Assert.Null(await database.ScalarAsync<string>("select to_regnamespace('pjsip_sync')::text"));
    }

    [Fact]
    public async Task Every_mistake_of_a_mapping_is_named_at_once()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            "create table lines (ext text, pw text); create function public.mine(text) returns text language sql as 'select $1'");

        var (exitCode, output) = await WorkerProcess.CommandAsync(database,
        [
            "Source__Table=lines", "Source__Columns__Password=passwd", "Source__Columns__Nmae=ext", "Source__Columns__Codecs=nosuchfunction(ext)",
            "Source__Columns__Context=mine(ext)", "Source__Columns__Status=upper(ext)", "Source__Active=enabled and ext <> ''",
        ], "init");

        Assert.Equal(2, exitCode);
        foreach (var problem in new[]
        {
            "Source:Columns:Number: public.lines has no column \"number\"", "Source:Columns:Password: public.lines has no column \"passwd\"", "Source:Columns:Nmae is not known",
            "Source:Columns:Codecs: function nosuchfunction(text) does not exist", "Source:Columns:Context: function mine(text) does not exist",
            "Source:Columns:Status: \"upper(ext)\" is written by the worker", "Source:Active: column \"enabled\" does not exist",
        })
            Assert.Contains(problem, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Number=(select slug from public.tenants t where t.id = extension.tenant_id) || '-' || number",
        "Source:Columns:Number reads public.tenants beside its own row")]
    [InlineData("DisplayName=(with t as (select * from public.named) select t.slug from t where t.id = tenant_id)",
        "Source:Columns:DisplayName reads public.tenants beside its own row")]
    [InlineData("Context=coalesce((select max(l.number) from public.lines l where l.tenant_id = extension.tenant_id), 'internal')",
        "Source:Columns:Context reads public.lines beside its own row")]
    [InlineData("Active=exists (select from public.tenants t where t.id = tenant_id)",
        "Source:Active reads public.tenants beside its own row")]
    [InlineData("Active=tenant_id in (select id from public.\"Tenant Parts\")",
        "Source:Active reads public.\"Tenant 1\" beside its own row")]
    public async Task A_mapping_that_reads_another_table_is_refused_with_the_way_out(string mapping, string because)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("""
            create table tenants (id int primary key, slug text); create view named as select * from tenants where slug is not null;
            create table "Tenant Parts" (id int primary key) partition by list (id); create table "Tenant 1" partition of "Tenant Parts" for values in (1);
            create table lines (number text primary key, password text, tenant_id int)
            """);
        var setting = mapping.StartsWith("Active", StringComparison.Ordinal) ? $"Source__{mapping}" : $"Source__Columns__{mapping}";

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=public.lines", setting], "init");

        Assert.Equal(2, exitCode);
        Assert.Contains(because, output, StringComparison.Ordinal);
        Assert.Contains("Map a column of public.lines that has the value: one that a trigger keeps, or a stored generated column", output,
            StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subquery_of_the_own_row_is_allowed_and_a_function_warned_of()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("""
            create table tenants (id int primary key, slug text); create table lines (number text primary key, password text, tags text[], tenant_id int);
            create function slug_of(int) returns text language sql stable as 'select slug from public.tenants where id = $1';
            create function plain(text) returns text language sql immutable as 'select $1'
            """);

        var (exitCode, output) = await WorkerProcess.CommandAsync(database,
        [
            "Source__Table=lines", "Source__Columns__DisplayName=(select string_agg(t, ' ') from unnest(tags) t)", "Source__Columns__Password=public.plain(password)",
            "Source__Columns__Context=public.slug_of(tenant_id)", "Source__Active=tenant_id is not null and now() > '2020-01-01'",
        ], "init");

        Assert.Equal(0, exitCode);
        Assert.Contains("the mapping calls public.slug_of(integer), which is not IMMUTABLE", output, StringComparison.Ordinal);
        Assert.DoesNotContain("plain", output, StringComparison.Ordinal);
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
    public async Task A_function_with_its_schema_may_be_used()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            "create table lines (number text primary key, password text); create function public.mine(text) returns text language sql immutable as 'select $1 || ''!'''"),
            "Source:Table=lines", "Source:Columns:Password=public.mine(password)");

        await rig.ChangeAsync("insert into lines values ('1001', 'x')");

        Assert.Equal("x!", await rig.Database.ScalarAsync<string>("select password from ps_auths"));
    }

    [Fact]
    public async Task A_status_column_that_is_not_there_is_said_once_and_the_rest_is_written()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table lines (number text primary key, password text, status text)");
        await SyncRig.InstallAsync(database, SyncRig.Read(database, "Source:Table=lines"), createExtensions: false);
        await using var worker = await WorkerProcess.StartAsync(database, "Source__Table=lines", "Sync__ReconcileInterval=00:00:01");
        await database.ExecuteAsync("insert into lines values ('1001', 'x')");
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        await database.ExecuteAsync("delete from ps_aors");
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_aors"));
        Assert.Single(
            worker.Log.Split('\n'), line => line.Contains("last_registered_ip is not written, since public.lines has no such column",
            StringComparison.Ordinal));
        Assert.Empty(await database.RowsAsync("select pjsip_sync.write_status()"));
        Assert.Equal("offline", await database.ScalarAsync<string>("select status from lines"));
    }

    [Fact]
    public async Task The_application_may_drop_a_column_and_bring_it_back()
    {
        await using var database = await server.CreateDatabaseAsync();
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var worker = await WorkerProcess.StartAsync(database);
        await database.ExecuteAsync("insert into extensions (number, password, context) values ('1001', 'x', 'sales')");
        await Eventually.Equal("sales", () => database.ScalarAsync<string>("select context from ps_endpoints"));

        await database.ExecuteAsync("alter table extensions drop column context");
        await database.ExecuteAsync("insert into extensions (number, password) values ('1002', 'y')");
        await Eventually.Equal("internal,internal",
            () => database.ScalarAsync<string>("select string_agg(context, ',') from ps_endpoints"));
        Assert.Contains("has no column \"context\"", worker.Log, StringComparison.Ordinal);

        await database.ExecuteAsync("alter table extensions rename column password to pw");
        await database.ExecuteAsync("insert into extensions (number, pw) values ('1003', 'z')");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("has no column \"password\"", StringComparison.Ordinal)));
        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        await database.ExecuteAsync("alter table extensions rename column pw to password; alter table extensions add column context text");
        await Eventually.Equal(3L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_changed_mapping_migrates_triggers_and_reconciles()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'old'), ('1002', 'old')");
        await rig.Database.ExecuteAsync(
            "create table lines (number text primary key, password text); insert into lines values ('1002', 'new'), ('1003', 'new')");
        var settings = SyncRig.Read(rig.Database, "Source:Table=lines");

        await SyncRig.InstallAsync(rig.Database, settings, createExtensions: false);
        await using var migrated = await SyncRig.OpenAsync(rig.Database, settings);
        await migrated.DrainAsync();

        Assert.Equal("1002,1003", await migrated.IdsAsync());
        Assert.Equal(["public.lines"], await rig.Database.RowsAsync("""
            select distinct format('%I.%I', relnamespace::regnamespace::text, relname)
            from pg_trigger join pg_class on pg_class.oid = tgrelid where tgname like 'pjsip_sync%'
            """));
        await migrated.ChangeAsync("insert into lines values ('1004', 'new')");
        Assert.Equal("1002,1003,1004", await migrated.IdsAsync());
    }

    [Fact]
    public async Task Odd_schema_table_and_column_names_work_with_any_search_path()
    {
        await using var rig = await SyncRig.CreateAsync(server, async database =>
        {
            await AsteriskSchema.CreateAsync(database, "Asterisk's \"RT\"");
            await database.ExecuteAsync("""
                create schema "App 1"; create table "App 1"."Phone;s" ("Num ber" text primary key, "pass%s" text, "ids" text, "source" text, "recorded" text);
                alter role current_user set search_path = nowhere;
                """.Replace("alter role current_user set search_path = nowhere;", "", StringComparison.Ordinal));
        },
        "Source:Table=\"App 1\".\"Phone;s\"", "Source:Columns:Number=Num ber", "Source:Columns:Password=pass%s", "Source:Columns:Context=ids", "Source:Columns:Transport=recorded",
        "Source:Active=source is null", "Realtime:Schema=Asterisk's \"RT\"");

        await rig.ChangeAsync(
            "insert into \"App 1\".\"Phone;s\" values ('1001', 'x', 'ctx', null, 'transport-udp'), ('1002', 'y', null, 'off', null)");
        await rig.ChangeAsync("update \"App 1\".\"Phone;s\" set recorded = 'transport-tcp' where \"Num ber\" = '1001'");

        Assert.Equal("1001", await rig.IdsAsync());
        Assert.Equal(
            ["ctx|transport-tcp"], await rig.Database.RowsAsync("select context, transport from \"Asterisk's \"\"RT\"\"\".ps_endpoints"));
    }

    [Fact]
    public async Task Row_level_security_is_an_error_and_not_an_empty_table()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1, 50) g");
        var role = $"limited_{Guid.NewGuid():N}";
        await rig.Database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema pjsip_sync, public to {role}; grant all on all tables in schema pjsip_sync, public to {role};
            grant all on all sequences in schema pjsip_sync to {role}; alter table extensions enable row level security;
            """);
        var connection = new NpgsqlConnectionStringBuilder(rig.Database.ConnectionString) { Username = role, Password = "x" };
        await using var limited = new TestDatabase(connection.ConnectionString);
        await using var other = await SyncRig.OpenAsync(limited, SyncRig.Read(limited));

        var error = await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync(force: true));

        Assert.Contains("row-level security", error.MessageText, StringComparison.Ordinal);
        Assert.Contains("row-level security", (await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync())).MessageText,
            StringComparison.Ordinal);
        Assert.Equal(50L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Theory]
    [InlineData("create policy mine on extensions to {0} using (true)", true)]
    [InlineData("create policy everybodys on extensions using (true) with check (true)", true)]
    [InlineData("create policy mine on extensions for select to {0} using (true); create policy writes on extensions for update to {0} using (true)", true)]
    [InlineData("create policy mine on extensions to {0} using (true); create policy tenants on extensions using (context = 'mine')", true)]
    [InlineData("create policy mine on extensions for select to {0} using (true)", false)]
    [InlineData("create policy mine on extensions to {0} using (number < '1003')", false)]
    [InlineData("create policy somebodys on extensions to current_user using (true)", false)]
    [InlineData("create policy mine on extensions to {0} using (true); create policy less on extensions as restrictive using (number < '1003')", false)]
    public async Task Row_policy_with_every_row_suffices_and_any_other_removes_nothing(string policy, bool enough)
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1001, 1005) g");
        var role = $"limited_{Guid.NewGuid():N}";
        await rig.Database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema pjsip_sync, public to {role}; grant all on all tables in schema pjsip_sync, public to {role};
            grant all on all sequences in schema pjsip_sync to {role};
            grant execute on all functions in schema pjsip_sync to {role}; alter table extensions enable row level security
            """);
        await rig.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, policy, role));
        await using var limited = rig.Database.As(role, "x");
        await using var other = await SyncRig.OpenAsync(limited, SyncRig.Read(limited));
        await rig.Database.ExecuteAsync(
            "update extensions set password = 'y' where number > '1003'; delete from extensions where number = '1005'");

        if (!enough)
        {
            await Assert.ThrowsAsync<PostgresException>(() => other.DrainAsync());
            await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync());
            Assert.Equal("1001,1002,1003,1004,1005", await rig.IdsAsync());
            return;
        }
        await other.DrainAsync();
        await other.ReconcileAsync();
        Assert.Equal("1001,1002,1003,1004", await rig.IdsAsync());
        Assert.Equal("y", await rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1004'"));
        Assert.Equal(Outcome.Pass, (await VerificationAssert.VerifyAsync(other.Settings))
            .First(check => check.Name == "database.mapping").Outcome);
        await rig.Database.ExecuteAsync("insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now()); insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values ('pbx1', '1001', 'sip:x', 'Reachable', now())");
        await other.ProjectAsync();
        Assert.Equal(
            "1001", await rig.Database.ScalarAsync<string>("select string_agg(number, ',') from extensions where status = 'online'"));
        // Somebody changes it while the worker is connected.
        await rig.Database.ExecuteAsync($"drop policy {policy.Split(' ')[2]} on extensions; update extensions set password = 'z'");
        await Assert.ThrowsAsync<PostgresException>(() => other.DrainAsync());
        Assert.Equal("1001,1002,1003,1004", await rig.IdsAsync());
    }

    [Fact]
    public async Task A_row_that_the_mapping_cannot_compute_stops_no_other()
    {
        await using var rig = await SyncRig.CreateAsync(server,
            database => database.ExecuteAsync("create table lines (number text primary key, password text, level text)"),
            "Source:Table=lines", "Source:Active=level::int > 0");

        await rig.ChangeAsync(
            "insert into lines select g::text, 'x', case when g = 1050 then 'high' else '1' end from generate_series(1000, 1099) g");

        Assert.Equal(99L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(["1050"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));
        await rig.ChangeAsync("update lines set level = '2' where number = '1050'");
        Assert.Equal(100L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Theory]
    [InlineData("P0001")]
    [InlineData("39000")]
    [InlineData("08001")]
    public async Task Row_whose_expression_raises_is_named_and_delays_no_other_row(string state)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync($$"""
            create table lines (number text primary key, password text, enabled boolean default true);
            create function secret_of(text) returns text language plpgsql immutable as
            $body$ begin if $1 = 'spoilt' then raise exception using errcode = '{{state}}'; end if; return $1; end $body$;
            """), "Source:Table=lines", "Source:Columns:Password=public.secret_of(password)");
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'one'), ('1002', 'spoilt'), ('1003', 'three')");

        Assert.Equal("1001,1003", await rig.IdsAsync());
        Assert.Equal([$"1002|an expression of the mapping fails on this row (SQLSTATE {state})"],
            await rig.Database.RowsAsync("select id, reason from pjsip_sync.rejected"));
        await rig.ChangeAsync(
            "update lines set password = 'two' where number = '1002'; update lines set password = 'new' where number = '1001'");
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());
        Assert.Empty(await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));
    }
}
