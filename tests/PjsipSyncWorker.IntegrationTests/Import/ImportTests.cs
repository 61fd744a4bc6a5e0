using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Import;

/// <summary>The command <c>import</c>, as the binary, on a real database.</summary>
public sealed partial class ImportTests(PostgresServer server)
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "import");

    /// <summary>Every password of the sources.</summary>
    private static readonly string[] Secrets =
    [
        "sesame", "another one", "plain", "cret\"", "0cc175b9c0f1b6a831c399e269772661", "ding", "carrier-secret", "wizard", "trunk-secret",
        "another;one", "s3cr", "third", "an,other",
    ];

    [Theory]
    [InlineData("asterisk", 1, 7)] // 1020 logs in under another name
    [InlineData("sip.conf", 0, 4)]
    [InlineData("freepbx.sql", 0, 3)]
    [InlineData("freepbx.csv", 0, 2)]
    public async Task What_is_printed_is_what_the_worker_accepts_and_a_second_run_inserts_nothing(string source, int exitCode, int phones)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var (exit, shown) = await ImportAsync(database, [], source, "--dry-run");
        Assert.Equal(exitCode, exit);
        Assert.Contains($"{phones} phones to insert into public.extensions, 0 already there", shown, StringComparison.Ordinal);
        Assert.All(Secrets, secret => Assert.DoesNotContain(secret, Descriptions().Replace(shown, ""), StringComparison.Ordinal));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from extensions"));

        var (_, sql) = await ImportAsync(database, [], source, "--print");
        var script = sql[..(sql.LastIndexOf("commit;", StringComparison.Ordinal) + "commit;".Length)];
        await database.ExecuteAsync(script);
        await database.ExecuteAsync(script);

        Assert.Equal((long)phones, await database.ScalarAsync<long>("select count(*) from extensions"));
        var (synced, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions");
        Assert.True(synced == 0, output);
        Assert.Contains($"created {phones},", output, StringComparison.Ordinal);
        (_, shown) = await ImportAsync(database, [], source);
        Assert.Contains($"0 phones", shown, StringComparison.Ordinal);
        Assert.Contains("is in public.extensions already", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_go_into_the_columns_of_the_mapping_whatever_their_types()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("""
            create schema app;
            create table app.users (
              id int generated always as identity primary key, ext int, sip_password varchar(6), codecs text[], voicemail int,
              box text, kind text not null, first text not null default '', dialplan text, options json, deleted_at timestamptz);
            create unique index on app.users (ext) where deleted_at is null;
            create index on app.users (ext);
            insert into app.users (ext, sip_password, kind) values (3002, 'x', 'phone')
            """);
        string[] settings =
        [
            "Source__Table=app.users", "Source__Columns__Number=ext", "Source__Columns__Password=sip_password",
            "Source__Columns__VoicemailEnabled=voicemail", "Source__Columns__VoicemailMailbox=box", "Source__Columns__Settings=options",
            "Source__Columns__Context=coalesce(dialplan, 'internal')", "Source__Active=deleted_at is null",
        ];
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, settings, "init")).ExitCode);

        var (exit, output) = await ImportAsync(database, settings, "freepbx.sql");
        Assert.Equal(2, exit);
        Assert.Contains("app.users.kind takes no NULL and has no default", output, StringComparison.Ordinal);
        await database.ExecuteAsync("alter table app.users alter kind set default 'phone'");
        (exit, output) = await ImportAsync(database, settings, "freepbx.sql");

        Assert.Equal(1, exit);
        Assert.Contains("3001: does not fit: app.users.sip_password takes at most 6 characters", output, StringComparison.Ordinal);
        Assert.Contains("3002: is in app.users already", output, StringComparison.Ordinal);
        Assert.Equal(["3003|third|{alaw}|NULL"], await database.RowsAsync(
            "select ext, sip_password, codecs::text, voicemail from app.users where ext <> 3002"));
        await database.ExecuteAsync("alter table app.users alter sip_password type text; delete from app.users");
        (exit, output) = await ImportAsync(database, settings, "freepbx.sql");
        Assert.True(exit == 0, output);
        Assert.Equal(["3001|{opus,alaw}|1|3001@default", "3002|{alaw,ulaw}|NULL|NULL", "3003|{alaw}|NULL|NULL"],
            await database.RowsAsync("select ext, codecs::text, voicemail, box from app.users order by 1"));
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, settings, "sync-extensions")).ExitCode);
        // The table has no column for the name, so that it is in the settings as FreePBX wrote it.
        Assert.Equal(["3001|from-internal|Anna O'Hara <3001>"],
            await database.RowsAsync("select id, context, callerid from ps_endpoints where id = '3001'"));

        var (_, words) = await ImportAsync(database, settings, "asterisk", "--dry-run");
        Assert.Contains("door: does not fit: app.users.ext takes whole numbers (int4)", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_of_others_are_imported_and_then_adopted()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("""
            insert into ps_auths (id, auth_type, username, password)
              values ('5001', 'userpass', '5001', 'pw^3Bx'), ('a2', 'userpass', '5002', 'pw2'), ('tr', 'userpass', 'tr', 'x');
            insert into ps_aors (id, max_contacts) values ('5001', 2), ('5002', 1), ('tr', null);
            insert into ps_endpoints (id, aors, auth, context, disallow, allow, set_var, outbound_auth)
              values ('5001', '5001', '5001', 'phones', 'all', 'alaw', 'A=1;B=2^3B3', null),
                ('5002', '5002', 'a2', 'phones', 'all', 'ulaw', null, null), ('tr', 'tr', null, 'out', null, 'alaw', null, 'tr')
            """);

        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "import", "ps_endpoints");

        Assert.True(exit == 0, output);
        Assert.Contains("tr: is a carrier", output, StringComparison.Ordinal);
        Assert.Contains("5001: is also in ps_aors, ps_auths, ps_endpoints", output, StringComparison.Ordinal);
        Assert.Contains("sync-extensions --adopt", output, StringComparison.Ordinal);
        Assert.Equal(["5001|pw;x", "5002|pw2"], await database.RowsAsync("select number, password from extensions order by 1"));
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [], "sync-extensions", "--adopt")).ExitCode);
        Assert.Equal(["5001|phones|alaw|A=1;B=2^3B3|pw^3Bx|2", "5002|phones|ulaw|NULL|pw2|1"], await database.RowsAsync("""
            select id, context, allow, set_var, password, max_contacts from ps_endpoints join ps_auths using (id) join ps_aors using (id)
            where id <> 'tr' order by id
            """));
    }

    [Fact]
    public async Task A_role_that_may_not_insert_is_told_what_to_do_and_nothing_is_inserted()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var role = $"reader_{Guid.NewGuid():N}"[..20];
        var schema = await database.ScalarAsync<string>("select realtime_schema from pjsip_sync.mapping");
        await database.ExecuteAsync($"""
            create role {role} login; grant usage on schema pjsip_sync, {schema} to {role};
            grant select on all tables in schema public, pjsip_sync, {schema} to {role}
            """);
        await using var reader = database.As(role);

        var (exit, output) = await ImportAsync(reader, [], "sip.conf");

        Assert.Equal(2, exit);
        Assert.Contains("permission denied for table extensions", output, StringComparison.Ordinal);
        Assert.Contains("--print | psql", output, StringComparison.Ordinal);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from extensions"));
        Assert.Equal(0, (await ImportAsync(reader, [], "sip.conf", "--print")).ExitCode);
    }

    [Fact]
    public async Task A_row_that_the_table_refuses_is_named_and_no_other_is_inserted()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("alter table extensions add check (number <> '2002')");

        var (exit, output) = await ImportAsync(database, [], "sip.conf");

        Assert.Equal(2, exit);
        Assert.Contains("The row of 2002 is refused", output, StringComparison.Ordinal);
        Assert.DoesNotContain("another;one", output, StringComparison.Ordinal);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from extensions"));
    }

    [Theory]
    [InlineData("#exec /bin/phones", 1, "#exec /bin/phones is not run here")]
    [InlineData("[x]\ntype=endpoint\n#include nosuch.conf", 1, "#include nosuch.conf is not there")]
    [InlineData("[x](nosuch)\ntype=endpoint", 1, "inherits from nosuch")]
    [InlineData("[x]\na=b", 2, "has no phones")]
    [InlineData("", 2, "has no phones")]
    [InlineData("\0\u0001", 2, "not a text file")]
    [InlineData("INSERT INTO `devices` VALUES ('1'", 2, "not complete")]
    [InlineData("extension,name\n1,x", 2, "has no columns extension and secret")]
    public async Task A_source_that_is_not_understood_is_refused_whole(string text, int exitCode, string reason)
    {
        await using var database = await server.CreateDatabaseAsync();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text);
        try
        {
            var (exit, output) = await WorkerProcess.CommandAsync(database, [], "import", file, "--print");
            Assert.Equal(exitCode, exit);
            Assert.Contains(reason, output, StringComparison.Ordinal);
            Assert.DoesNotContain("begin;", output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task What_is_suggested_for_the_configuration_makes_rows_short()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var (_, shown) = await ImportAsync(database, [], "sip.conf", "--dry-run");
        Assert.Contains("All 4 phones have the same, which could be in Realtime:Defaults: ", shown, StringComparison.Ordinal);
        Assert.Contains("\"language\":\"de\"", shown, StringComparison.Ordinal);

        (_, shown) = await ImportAsync(database,
            ["Realtime__Defaults__Endpoint__language=de", "Realtime__Defaults__Aor__remove_unavailable="], "sip.conf", "--dry-run");
        Assert.DoesNotContain("endpoint.language", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("aor.remove_unavailable", shown, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output)> ImportAsync(
        TestDatabase database, IEnumerable<string> settings, string source, params string[] options) =>
        WorkerProcess.CommandAsync(database, settings, ["import", Path.Combine(Folder, source), .. options]);

    /// <summary>The word "wizard" of a file's name is no password.</summary>
    [GeneratedRegex("pjsip_wizard")]
    private static partial Regex Descriptions();
}
