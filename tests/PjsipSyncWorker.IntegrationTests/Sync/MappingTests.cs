using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Tables of applications that existed before this worker, mapped by configuration.</summary>
public sealed class MappingTests(PostgresServer server)
{
    private const string Laravel = """
        create schema app;
        create table app."Users" (
          id bigserial primary key, extension varchar(20) not null, name varchar(255),
          password varchar(255) not null, is_active boolean not null default true,
          deleted_at timestamp(0), settings json, status varchar(20) not null default 'offline', "lastSeen" timestamp(0), ip varchar(45),
          created_at timestamp(0), updated_at timestamp(0));
        create index on app."Users" (extension);
        """;

    private static readonly string[] LaravelSettings =
    [
        "Source:Table=app.\"Users\"", "Source:Columns:Number=extension", "Source:Columns:DisplayName=name",
        "Source:Columns:LastRegisteredAt=lastSeen",
        "Source:Columns:LastRegisteredIp=ip", "Source:Active=is_active and deleted_at is null",
    ];

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

        await rig.ChangeAsync("""
            update app."Users" set deleted_at = now() where extension = '1001';
            update app."Users" set is_active = false where extension = '1002'
            """);
        Assert.Equal("1003", await rig.IdsAsync());

        await rig.ChangeAsync("update app.\"Users\" set deleted_at = null, is_active = true");
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());

        await rig.Database.ExecuteAsync("""
            update app."Users" set updated_at = now(), status = 'online', settings = '{"endpoint": {"rtp_timeout": 30}}'
              where extension = '1001'
            """);
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
    }

    [Fact]
    public async Task Status_is_written_into_columns_of_other_names_and_types()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(Laravel), LaravelSettings);
        await rig.ChangeAsync("insert into app.\"Users\" (extension, password) values ('1001', 'one')");
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, address, registered_at)
              values ('pbx1', '1001', 'sip:x', 'Reachable', '192.0.2.7', '2026-01-02 03:04:05+00');
            """);

        Assert.Empty(await rig.Database.RowsAsync("select pjsip_sync.write_status()"));
        Assert.Equal(["online|192.0.2.7|True"], await rig.Database.RowsAsync("""
            select status, ip, "lastSeen" = '2026-01-02 03:04:05+00'::timestamptz::timestamp from app."Users"
            """));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));

        await rig.Database.ExecuteAsync("delete from pjsip_sync.contact");
        Assert.Empty(await rig.Database.RowsAsync("select pjsip_sync.write_status()"));
        Assert.Equal(["offline|192.0.2.7"], await rig.Database.RowsAsync("select status, ip from app.\"Users\""));
    }

    [Fact]
    public async Task Expressions_map_a_tenant_prefix_and_a_json_field()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            """
                create table seats (tenant int, ext int, data jsonb, primary key (tenant, ext));
                create index on seats ((('t' || tenant || '-' || ext)))
                """),
            "Source:Table=public.seats", "Source:Columns:Number='t' || tenant || '-' || ext",
            "Source:Columns:Password=data->>'sip'", "Source:Columns:DisplayName=data->>'name'",
            "Source:Active=data ? 'sip'");

        await rig.ChangeAsync("""
            insert into seats values (1, 1001, '{"sip":"a","name":"Anna"}'), (2, 1001, '{"sip":"b"}'), (3, 1001, '{}'),
              (4, 1001, null)
            """);
        Assert.Equal("t1-1001,t2-1001", await rig.IdsAsync());

        await rig.ChangeAsync(
            "update seats set data = data || '{\"sip\":\"c\"}' where tenant = 3; update seats set tenant = 9 where tenant = 1");
        Assert.Equal("t2-1001,t3-1001,t9-1001", await rig.IdsAsync());
        Assert.Equal(
            "9/1001", await rig.Database.ScalarAsync<string>("select row_key from pjsip_sync.managed_endpoint where id = 't9-1001'"));
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
            """
                create table users (extension text unique, sip_password text, first_name text, last_name text,
                  is_active boolean default true, deleted_at timestamptz)
                """), source);

        await rig.ChangeAsync("""
            insert into users values ('1001', 'x', 'Anna', 'Berg'), ('1002', 'x', 'Anna', null), ('1003', 'x', null, 'Berg'),
              ('1004', 'x', null, null), (null, null, 'Carl', null)
            """);

        Assert.Equal(["\"Anna Berg\" <1001>", "\"Anna\" <1002>", "\"Berg\" <1003>", "<1004>"],
            await rig.Database.RowsAsync("select callerid from ps_endpoints order by id"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task A_function_with_its_schema_may_be_used()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            """
                create table lines (number text primary key, password text);
                create function public.mine(text) returns text language sql immutable as 'select $1 || ''!'''
                """),
            "Source:Table=lines", "Source:Columns:Password=public.mine(password)");

        await rig.ChangeAsync("insert into lines values ('1001', 'x')");

        Assert.Equal("x!", await rig.Database.ScalarAsync<string>("select password from ps_auths"));
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
        await migrated.ApplyAllAsync();

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
                create schema "App 1";
                create table "App 1"."Phone;s" ("Num ber" text primary key,
                  "pass%s" text, "ids" text, "source" text, "recorded" text);
                alter role current_user set search_path = nowhere;
                """.Replace("alter role current_user set search_path = nowhere;", "", StringComparison.Ordinal));
        },
        "Source:Table=\"App 1\".\"Phone;s\"", "Source:Columns:Number=Num ber", "Source:Columns:Password=pass%s",
        "Source:Columns:Context=ids", "Source:Columns:Transport=recorded",
        "Source:Active=source is null", "Realtime:Schema=Asterisk's \"RT\"");

        await rig.ChangeAsync(
            "insert into \"App 1\".\"Phone;s\" values ('1001', 'x', 'ctx', null, 'transport-udp'), ('1002', 'y', null, 'off', null)");
        await rig.ChangeAsync("update \"App 1\".\"Phone;s\" set recorded = 'transport-tcp' where \"Num ber\" = '1001'");

        Assert.Equal("1001", await rig.IdsAsync());
        Assert.Equal(
            ["ctx|transport-tcp"], await rig.Database.RowsAsync("select context, transport from \"Asterisk's \"\"RT\"\"\".ps_endpoints"));
    }
}
