using Npgsql;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>The status in a table of its own (Source:StatusTable): no row of the application's is written.</summary>
public sealed class StatusTableTests(PostgresServer server)
{
    private const string Lines = """
        create table lines (id bigint generated always as identity primary key,
          number text unique, password text, status text, updated_at timestamptz);
        """;

    private static readonly string[] Settings = ["Source:Table=lines", "Source:StatusTable=line_status"];

    [Fact]
    public async Task A_phone_that_registers_does_not_make_the_applications_next_save_fail()
    {
        await using var rig = await InstallAsync();
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x'), ('1002', 'x')");
        var version = await rig.Database.ScalarAsync<uint>("select xmin from lines where number = '1001'");

        await RegisterAsync(rig, "1001");
        await rig.WriteStatusAsync();

        // As an ORM saves a row that it compares with what it read.
        Assert.Equal(1, await rig.Database.ExecuteAsync("update lines set updated_at = now() where number = '1001' and xmin::text = $1",
            version.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(["1001|1|online|192.0.2.7|True", "1002|2|offline|NULL|NULL"], await rig.Database.RowsAsync("""
            select number, row_key, status, host(last_registered_ip), last_registered_at <= now() from line_status order by 1
            """));
        Assert.Equal(["NULL|2"], await rig.Database.RowsAsync("select status, count(*) from lines group by 1"));
    }

    [Fact]
    public async Task Status_rows_follow_the_extensions_and_each_change_is_announced()
    {
        await using var rig = await InstallAsync();
        await using var listening = await rig.Database.OpenAsync();
        var heard = new List<string>();
        listening.Notification += (_, notification) => heard.Add(
            $"{notification.Payload[13..17]} "
            + (notification.Payload.Contains("online", StringComparison.Ordinal) ? "online" : "offline"));
        await using (var listen = new NpgsqlCommand("listen extension_status", listening))
            await listen.ExecuteNonQueryAsync();
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x'), ('1002', 'x')");
        await RegisterAsync(rig, "1001");
        await rig.WriteStatusAsync();
        await rig.Database.ExecuteAsync("delete from pjsip_sync.contact");
        await rig.WriteStatusAsync();
        Assert.Equal(["1001|offline|192.0.2.7"],
            await rig.Database.RowsAsync("select number, status, host(last_registered_ip) from line_status where number = '1001'"));

        // What somebody else writes or deletes is put right, and what is right is not written.
        await rig.Database.ExecuteAsync(
            "update line_status set status = 'online' where number = '1002'; delete from line_status where number = '1001'");
        await rig.WriteStatusAsync();
        Assert.Equal(["1001|offline", "1002|offline"], await rig.Database.RowsAsync("select number, status from line_status order by 1"));
        var versions = await rig.Database.RowsAsync("select xmin from line_status");
        await rig.WriteStatusAsync();
        Assert.Equal(versions, await rig.Database.RowsAsync("select xmin from line_status"));

        await rig.ChangeAsync("update lines set number = '1003' where number = '1001'; delete from lines where number = '1002'");
        await rig.WriteStatusAsync();
        Assert.Equal(["1003|1|offline"], await rig.Database.RowsAsync("select number, row_key, status from line_status"));
        while (await listening.WaitAsync(300)) { }
        Assert.Equal(["1001 online", "1002 offline", "1001 offline", "1001 offline", "1002 offline", "1003 offline"], heard);
    }

    [Fact]
    public async Task Own_status_table_may_have_a_boolean_and_few_columns()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync($"""
            {Lines} create table line_status (number varchar(40) primary key references lines (number)
              on delete cascade on update cascade, status boolean not null, note text)
            """), Settings);
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x'), ('1002', 'x')");
        await RegisterAsync(rig, "1001");
        await rig.WriteStatusAsync();
        Assert.Equal(["1001|True", "1002|False"], await rig.Database.RowsAsync("select number, status from line_status order by 1"));

        // A row there that cannot be written costs no other its status.
        await rig.Database.ExecuteAsync("""
            alter table line_status add constraint one check (number <> '1001') not valid;
            update pjsip_sync.contact set endpoint = '1002'
            """);
        Assert.Equal(["1001|pjsip_sync", "1002|"], await rig.Database.RowsAsync("""
            select number, case when problem is not null then 'pjsip_sync' else '' end
              from pjsip_sync.write_status_by_row('{1001,1002}') order by 1
            """));
        Assert.Equal(["1001|True", "1002|True"], await rig.Database.RowsAsync("select number, status from line_status order by 1"));
        Assert.Equal(["1001|its status cannot be written: line_status violates the constraint one"],
            await rig.Database.RowsAsync("select id, reason from pjsip_sync.status_rejected"));
    }

    [Theory]
    [InlineData("", "Source:StatusTable: public.line_status does not exist: create it, or run init with --create-status-table")]
    [InlineData("create table line_status (number text, status text)", "needs a column number that is its primary key, of type text")]
    [InlineData("create table line_status (number text primary key)", "needs a column status")]
    [InlineData("create table line_status (number text primary key, status smallint)",
        "\"status\" is of type smallint, which cannot hold online")]
    [InlineData("create view line_status as select 1", "is not a table")]
    public async Task A_status_table_that_cannot_be_written_is_refused_with_a_reason(string table, string because)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Lines + table);

        var (exit, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines", "Source__StatusTable=line_status"], "init");

        Assert.Equal(2, exit);
        Assert.Contains(because, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_table_dropped_later_is_named_and_phones_are_still_synced()
    {
        await using var rig = await InstallAsync();
        await rig.Database.ExecuteAsync("drop table line_status");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(rig.Settings), "database.mapping",
            "Source:StatusTable: public.line_status does not exist", "--fix");
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(rig.Settings, fix: true));
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x')");
        await rig.WriteStatusAsync();
        Assert.Equal("1001", await rig.IdsAsync());

        var (exit, output) = await WorkerProcess.CommandAsync(rig.Database,
            Settings.Select(setting => setting.Replace(":", "__", StringComparison.Ordinal)), "init", "--create-status-table");
        Assert.True(exit == 0, output);
        await rig.WriteStatusAsync();
        Assert.Equal(["1001|offline"], await rig.Database.RowsAsync("select number, status from line_status"));
    }

    private async Task<SyncRig> InstallAsync()
    {
        var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Lines);
        var (exit, output) = await WorkerProcess.CommandAsync(database,
            Settings.Select(setting => setting.Replace(":", "__", StringComparison.Ordinal)), "init", "--create-status-table");
        Assert.True(exit == 0, output);
        var settings = SyncRig.Read(database, Settings);
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(settings), "database.mapping", Outcome.Pass, "every mapped column");
        return await SyncRig.OpenAsync(database, settings);
    }

    private static Task<int> RegisterAsync(SyncRig rig, string number) => rig.Database.ExecuteAsync($"""
        insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
        insert into pjsip_sync.contact (node, endpoint, uri, status, address, registered_at)
          values ('pbx1', '{number}', 'sip:x', 'Reachable', '192.0.2.7', now());
        """);
}
