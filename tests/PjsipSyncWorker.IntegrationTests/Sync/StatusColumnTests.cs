using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>The types of the application's status columns, and columns that cannot hold a status.</summary>
public sealed class StatusColumnTests(PostgresServer server)
{
    private const string StatusTypes = """
        create schema extra; create extension citext schema extra;
        create type phone_state as enum ('offline', 'online');
        create type account_state as enum ('active', 'blocked');
        create type device as enum ('NOT_INUSE', 'INUSE', 'RINGING', 'RINGINUSE', 'BUSY', 'ONHOLD', 'UNAVAILABLE', 'UNKNOWN',
          'INVALID');
        create domain flag as boolean;
        """;

    [Theory]
    [InlineData("status boolean not null default false", "true", "false")]
    [InlineData("status flag", "true", "false")]
    [InlineData("status phone_state", "online", "offline")]
    [InlineData("status varchar(7)", "online", "offline")]
    [InlineData("status char(10)", "online", "offline")]
    [InlineData("status extra.citext check (status in ('online', 'offline', 'lost'))", "online", "offline")]
    [InlineData("status text, last_registered_ip varchar(45), last_registered_at timestamp, device_state device", "online", "offline")]
    [InlineData(
        "status text, last_registered_ip cidr, last_registered_at timestamp(0) with time zone, "
        + "device_state varchar(11) not null default 'UNKNOWN'", "online", "offline")]
    public async Task Status_is_written_into_a_column_of_any_type_that_can_hold_it(string columns, string online, string offline)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync($"""
            {StatusTypes} create table lines (number text primary key, password text, {columns})
            """), "Source:Table=lines");
        await rig.ChangeAsync("insert into lines (number, password) values ('1001', 'x'), ('1002', 'x')");
        await rig.AddContactAsync("1001");

        for (var time = 0; time < 2; time++)
        {
            await rig.WriteStatusAsync();
            Assert.Equal([$"1001|{online}", $"1002|{offline}"],
                await rig.Database.RowsAsync("select number, status::text from lines order by 1"));
            Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_mismatches()"));
        }
        if (columns.Contains("last_registered_ip", StringComparison.Ordinal))
            Assert.Equal("2001:db8:1111:2222:3333:4444:5555:6666", await rig.Database.ScalarAsync<string>("""
                select split_part(last_registered_ip::text, '/', 1) from lines where number = '1001'
                """));
    }

    [Theory]
    [InlineData("status smallint",
        "Source:Columns:Status: \"status\" is of type smallint, which cannot hold online: make it text or boolean, "
        + "or map null to do without")]
    [InlineData("status timestamptz",
        "Source:Columns:Status: \"status\" is of type timestamp with time zone, which cannot hold online: make it text or boolean")]
    [InlineData("status varchar(6)",
        "Source:Columns:Status: \"status\" is of type character varying(6), which cannot hold offline: make it text or boolean")]
    [InlineData("status account_state",
        "Source:Columns:Status: \"status\" is of type public.account_state, which cannot hold online: make it text or boolean")]
    [InlineData("status text check (status in ('active', 'blocked'))",
        "Source:Columns:Status: \"status\" may not be online, since the constraint lines_status_check forbids it")]
    [InlineData("status text generated always as (password || '!') stored",
        "Source:Columns:Status: \"status\" is a generated column, which cannot be written: map another one")]
    [InlineData("last_registered_ip varchar(8)",
        "Source:Columns:LastRegisteredIp: \"last_registered_ip\" is of type character varying(8), "
        + "which cannot hold 255.255.255.255: make it inet or text")]
    [InlineData("last_registered_ip varchar(15)",
        "Source:Columns:LastRegisteredIp: \"last_registered_ip\" is of type character varying(15), "
        + "which cannot hold 2001:db8:1111:2222:3333:4444:5555:6666: make it inet or text")]
    [InlineData("last_registered_at date",
        "Source:Columns:LastRegisteredAt: \"last_registered_at\" is of type date, "
        + "which does not hold a date with its time: make it timestamptz")]
    [InlineData("last_registered_at bigint",
        "Source:Columns:LastRegisteredAt: \"last_registered_at\" is of type bigint, "
        + "which does not hold a date with its time: make it timestamptz")]
    [InlineData("device_state phone_state",
        "Source:Columns:DeviceState: \"device_state\" is of type public.phone_state, which cannot hold NOT_INUSE: make it text")]
    [InlineData("device_state boolean",
        "Source:Columns:DeviceState: \"device_state\" is of type boolean, which cannot hold NOT_INUSE: make it text")]
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
        await rig.AddContactAsync("1001");
        await rig.WriteStatusAsync();
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(settings), "database.mapping", Outcome.Warn, problem);
        if (name != "status")
            Assert.Equal("online", await database.ScalarAsync<string>("select status from lines"));

        var fitting = name == "status" ? "boolean" : name == "last_registered_at" ? "timestamp" : "varchar(40)";
        await database.ExecuteAsync(
            $"alter table lines drop {name}, add {name} {fitting}; select pjsip_sync.refresh_mapping()");
        await rig.WriteStatusAsync();
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
        await rig.AddContactAsync("1001");
        await rig.WriteStatusAsync();

        Assert.True(await database.ScalarAsync<bool>("select status from lines"));
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
}
