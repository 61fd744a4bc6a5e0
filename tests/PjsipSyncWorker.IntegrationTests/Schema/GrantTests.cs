using Npgsql;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>The grants of <c>init --roles</c>: they follow the mapping, and each of them is needed.</summary>
public sealed class GrantTests(RoleCluster cluster) : IClassFixture<RoleCluster>
{
    [Fact]
    public async Task Partitioned_table_of_another_role_with_quoted_names_is_supported()
    {
        await using var admin = await cluster.Server.CreateDatabaseAsync("elsewhere");
        await admin.ExecuteAsync("""
            create role "Owner X" login; create schema "App Data" authorization "Owner X"; create schema "Real;time"; set role "Owner X";
            create table "App Data"."Phone Lines" (region int, "Line No" text, "Pass%word" text, secret text, "State" text,
              primary key (region, "Line No")) partition by list (region);
            create table "App Data"."North" partition of "App Data"."Phone Lines" for values in (1);
            create index on "App Data"."Phone Lines" ("Line No")
            """);
        string[] settings =
        [
            "Source__Table=\"App Data\".\"Phone Lines\"", "Source__Columns__Number=Line No",
            "Source__Columns__Password=Pass%word", "Source__Columns__Status=State",
            "Source__Columns__DisplayName='Line ' || \"Line No\"", "Realtime__Schema=Real;time",
        ];
        var (exit, output) = await WorkerProcess.CommandAsync(admin, settings, "init", "--roles");
        Assert.True(exit == 0, output);
        await using var owner = admin.As("Owner X");
        await using var ours = admin.As("pjsip_sync");

        await using var worker = await WorkerProcess.StartAsync(ours, settings);
        await owner.ExecuteAsync("""insert into "App Data"."Phone Lines" values (1, '1001', 'one;', 'x'), (1, '1002', 'two', 'x')""");
        await Eventually.Equal("1001 one^3B \"Line 1001\" <1001>,1002 two \"Line 1002\" <1002>", () => admin.ScalarAsync<string>(
            """
                select string_agg(concat_ws(' ', id, password, callerid), ',' order by id) from "Real;time".ps_endpoints
                  join "Real;time".ps_auths using (id)
                """));
        await admin.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values ('pbx1', '1001', 'sip:x', 'Reachable', now())
            """);
        await ours.ExecuteAsync("select pjsip_sync.write_status()");
        Assert.Equal(["1001|online", "1002|offline"], await owner.RowsAsync("""
            select "Line No", "State" from "App Data"."Phone Lines" order by 1
            """));

        // A partition that came later: what the worker may not do itself is done for it.
        await owner.ExecuteAsync("""
            create table "App Data"."South" partition of "App Data"."Phone Lines" for values in (2);
            insert into "App Data"."South" values (2, '2001', 'three', 'x')
            """);
        (exit, output) = await WorkerProcess.CommandAsync(ours, settings, "verify-config", "--fix");
        Assert.True(exit == 0, output);
        await Eventually.Equal(3L, () => admin.ScalarAsync<long>("""select count(*) from "Real;time".ps_endpoints"""));
        await owner.ExecuteAsync("""delete from "App Data"."South" """);
        await Eventually.Equal(2L, () => admin.ScalarAsync<long>("""select count(*) from "Real;time".ps_endpoints"""));

        foreach (var forbidden in new[] { "select secret from \"App Data\".\"North\"", "select secret from \"App Data\".\"Phone Lines\"",
            "update \"App Data\".\"Phone Lines\" set \"Pass%word\" = 'x'", "create table \"App Data\".mine (id int)" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
                (await Assert.ThrowsAsync<PostgresException>(() => ours.ExecuteAsync(forbidden))).SqlState);
        Assert.DoesNotContain("denied", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_grants_follow_the_mapping_and_outlive_an_init_without_roles()
    {
        await using var admin = await cluster.CreateAsync("follows", "init", "--create-extensions", "--roles");
        await admin.ExecuteAsync("alter table extensions add column name text, add column room int");
        Assert.Equal(0, (await WorkerProcess.CommandAsync(admin, ["Source__Columns__DisplayName=name || ' ' || room"], "init")).ExitCode);

        Assert.Equal(["name|True|False", "room|True|False", "display_name|False|False", "status|True|True"], await admin.RowsAsync("""
            select c, has_column_privilege('pjsip_sync', 'extensions', c, 'select'),
              has_column_privilege('pjsip_sync', 'extensions', c, 'update')
            from unnest(array['name', 'room', 'display_name', 'status']) as c
            """));
        await using var worker = admin.As("pjsip_sync");
        await admin.ExecuteAsync("insert into extensions (number, password, name, room) values ('1001', 'x', 'Anna', 7)");
        var (exit, output) = await WorkerProcess.CommandAsync(worker, ["Source__Columns__DisplayName=name || ' ' || room"],
            "sync-extensions");
        Assert.True(exit == 0, output);
        Assert.Equal("\"Anna 7\" <1001>", await admin.ScalarAsync<string>("select callerid from ps_endpoints"));

        // The application drops a column; the worker itself adapts, with no more rights than before.
        await admin.ExecuteAsync("alter table extensions drop column codecs");
        (exit, output) = await WorkerProcess.CommandAsync(worker, ["Source__Columns__DisplayName=name || ' ' || room"], "sync-extensions");
        Assert.True(exit == 0, output);

        // One that is back before anybody looked is another column, to which nobody has been given a right.
        await admin.ExecuteAsync("alter table extensions drop column context; alter table extensions add column context text");
        (exit, output) = await WorkerProcess.CommandAsync(worker, ["Source__Columns__DisplayName=name || ' ' || room"], "sync-extensions");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task Each_right_that_is_granted_is_one_that_the_worker_misses_by_its_name()
    {
        await using var admin = await cluster.Server.CreateDatabaseAsync("each_right");
        await admin.ExecuteAsync(
            "create schema app; create schema asterisk; create table app.lines (number text primary key, password text, status text)");
        string[] settings = ["Source__Table=app.lines", "Realtime__Schema=asterisk"];
        var (exit, output) = await WorkerProcess.CommandAsync(admin, settings, "init", "--roles");
        Assert.True(exit == 0, output);
        var granted = await admin.RowsAsync("""
            select format('%s on %s', lower(privilege_type), name),
              format('revoke %s on %s %s from pjsip_sync%s', right_is, kind, name, case kind when 'function' then ', public' end)
            from (
              select 'table' as kind, oid::regclass::text as name, privilege_type, privilege_type as right_is
                from pg_class, aclexplode(relacl) where relkind <> 'S' and grantee = 'pjsip_sync'::regrole
              union all select 'sequence', oid::regclass::text, privilege_type, privilege_type from pg_class, aclexplode(relacl)
                where relkind = 'S' and grantee = 'pjsip_sync'::regrole
              union all select 'table', attrelid::regclass::text, format('%s (%I)', privilege_type, attname),
                format('%s (%I)', privilege_type, attname) from pg_attribute, aclexplode(attacl)
                where grantee = 'pjsip_sync'::regrole
              union all select 'function', oid::regprocedure::text, privilege_type, privilege_type
                from pg_proc, aclexplode(proacl) where grantee = 'pjsip_sync'::regrole
              union all select 'schema', oid::regnamespace::text, privilege_type, privilege_type
                from pg_namespace, aclexplode(nspacl) where grantee = 'pjsip_sync'::regrole
            ) as each order by 1
            """);
        Assert.InRange(granted.Count, 100, 250);
        await using var connection = await admin.OpenAsync();

        var unseen = new List<string>();
        foreach (var right in granted.Select(row => row.Split('|')))
        {
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using (var revoke = new NpgsqlCommand($"{right[1]}; set local role pjsip_sync", connection, transaction))
                await revoke.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            var missing = await MissingAsync(connection);
            await transaction.RollbackAsync(TestContext.Current.CancellationToken);
            // As "select on pjsip_sync.change", "execute on function pjsip_sync.refresh_mapping", "usage on schema app".
            var words = right[0].Split(" on ");
            if (!missing.Any(what => what.Contains(words[0].Split(' ')[0], StringComparison.Ordinal)
                && what.Contains(words[1].Split('(')[0], StringComparison.Ordinal)))
                unseen.Add(right[0]);
        }

        Assert.Empty(unseen);

        static async Task<IReadOnlyList<string>> MissingAsync(NpgsqlConnection connection)
        {
            try
            {
                return (await Privileges.MissingAsync(connection, default)).Grants;
            }
            catch (PostgresException error) when (error.MessageText == "permission denied for schema app")
            {
                // What is looked at before, whether the schema is installed, ends with these words.
                return ["usage on schema app"];
            }
        }
    }

    [Fact]
    public async Task A_status_table_is_written_by_the_workers_role_and_no_row_of_the_source()
    {
        await using var admin = await cluster.Server.CreateDatabaseAsync("status_table");
        string[] settings = ["Source__StatusTable=app.phone_status"];
        await admin.ExecuteAsync("create schema app");
        var (exit, output) = await WorkerProcess.CommandAsync(admin, settings, "init", "--create-extensions", "--create-status-table",
            "--roles");
        Assert.True(exit == 0, output);
        await using var worker = admin.As("pjsip_sync");
        await admin.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        (exit, output) = await WorkerProcess.CommandAsync(worker, settings, "sync-extensions");
        Assert.True(exit == 0, output);

        await worker.ExecuteAsync("select pjsip_sync.write_status()");
        Assert.Equal(["1001|1|offline"], await admin.RowsAsync("select number, row_key, status from app.phone_status"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
            (await Assert.ThrowsAsync<PostgresException>(() => worker.ExecuteAsync("update extensions set status = 'online'"))).SqlState);
        await admin.ExecuteAsync("revoke insert on app.phone_status from pjsip_sync");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(SyncRig.Read(worker, "Source:StatusTable=app.phone_status")),
            "database.privileges", "this role lacks: insert on app.phone_status", "init --roles");
    }

    [Fact]
    public async Task Printed_SQL_and_psql_grant_the_same_and_keep_existing_roles()
    {
        await using var direct = await cluster.CreateAsync("direct", "init", "--create-extensions", "--roles");
        await direct.ExecuteAsync("alter role pjsip_sync connection limit 77 valid until '2040-01-01'");
        await using var printed = await cluster.Server.CreateDatabaseAsync("printed");
        var (_, sql) = await WorkerProcess.CommandAsync(printed, [], "init", "--create-extensions", "--roles", "--print");
        await printed.ExecuteAsync(sql);
        await using var plain = await cluster.Server.CreateDatabaseAsync("plain");
        var output = await Repository.ExpectAsync("psql",
        [
            "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-v", "create_extensions=1",
            "-v", "source_table=public.extensions", "-v", "columns={}", "-v", "active=", "-v", "realtime_schema=",
            "-d", $"host=127.0.0.1 port={cluster.Server.Port} dbname=plain user=postgres",
            "-v", "roles=1", "-f", Path.Combine(Repository.Root, "sql", "install.sql"),
        ], TimeSpan.FromSeconds(30));

        const string grants = """
            select relnamespace::regnamespace::text, relname, a::text from pg_class, unnest(relacl) a
              where relnamespace::regnamespace::text in ('public', 'asterisk', 'pjsip_sync')
            union all select attrelid::regclass::text, attname, a::text from pg_attribute, unnest(attacl) a
              where attrelid::regclass::text !~ '^pg_'
            union all select 'function', proname, a::text from pg_proc, unnest(proacl) a where pronamespace = 'pjsip_sync'::regnamespace
            union all select 'schema', nspname, a::text from pg_namespace, unnest(nspacl) a
              where nspname in ('public', 'asterisk', 'pjsip_sync')
            order by 1, 2, 3
            """;
        var expected = await direct.RowsAsync(grants);
        Assert.Equal(expected, await printed.RowsAsync(grants));
        Assert.Equal(expected, await plain.RowsAsync(grants));
        Assert.Equal(0, (await WorkerProcess.CommandAsync(direct, [], "init", "--roles")).ExitCode);
        Assert.Equal(expected, await direct.RowsAsync(grants));
        Assert.Equal(["77|True|True"], await direct.RowsAsync("""
            select rolconnlimit, rolvaliduntil = '2040-01-01', rolcanlogin from pg_roles where rolname = 'pjsip_sync'
            """));
        Assert.Contains("grant select, insert, update, delete on public.extensions to YOUR_APPLICATION", output, StringComparison.Ordinal);
        await direct.ExecuteAsync("alter role pjsip_sync connection limit -1 valid until 'infinity'");
    }
}
