using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>The view that an Asterisk server reads as ps_endpoints: whom it shows what.</summary>
public sealed class EndpointViewTests(PostgresServer server)
{
    /// <summary>As res_sorcery_realtime asks for all endpoints, without and with a prepared statement.</summary>
    private const string All = "SELECT * FROM ps_endpoints_for_server WHERE id LIKE '%' ORDER BY id";

    private const string AllPrepared = "SELECT * FROM ps_endpoints_for_server WHERE id LIKE $1 ORDER BY id";

    [Fact]
    public async Task A_server_sees_announced_endpoints_alone_when_it_asks_for_all()
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002,1003", seconds: 60);

        Assert.Equal("1002,1003", await HeartbeatAsync(rig.Database, "asterisk pbx1", All));
        Assert.Equal("1002,1003", await HeartbeatAsync(rig.Database, "asterisk pbx1", AllPrepared, "%"));
        Assert.Equal("1001", await HeartbeatAsync(rig.Database, "asterisk pbx1",
            "SELECT * FROM ps_endpoints_for_server WHERE id = '1001'"));
        Assert.Equal("1001", await HeartbeatAsync(rig.Database, "asterisk pbx1", "SELECT * FROM ps_endpoints_for_server WHERE id = $1",
            "1001"));
    }

    [Theory]
    [InlineData("asterisk pbx2")]
    [InlineData("pbx1")]
    [InlineData("")]
    public async Task Any_other_connection_sees_all_endpoints(string name)
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002", seconds: 60);

        Assert.Equal("1001,1002,1003", await HeartbeatAsync(rig.Database, name, All));
    }

    [Theory]
    [InlineData("SELECT * FROM ps_endpoints_for_server")]
    [InlineData("SELECT * FROM ps_endpoints_for_server WHERE id LIKE '100%' ORDER BY id")]
    [InlineData("select * from ps_endpoints_for_server where id like '%' order by id")]
    [InlineData("SELECT * FROM ps_endpoints_for_server WHERE mailboxes IS NULL OR id LIKE '%'")]
    public async Task Any_other_question_is_answered_with_all_endpoints(string question)
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002", seconds: 60);

        Assert.Equal("1001,1002,1003", await HeartbeatAsync(rig.Database, "asterisk pbx1", question));
    }

    [Fact]
    public async Task An_announcement_that_its_worker_left_open_ends_by_itself()
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002", seconds: -1);

        Assert.Equal("1001,1002,1003", await HeartbeatAsync(rig.Database, "asterisk pbx1", All));
    }

    [Fact]
    public async Task An_endpoint_is_found_by_its_index_whatever_is_announced()
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002", seconds: 60);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(20000, 24999) g");
        await rig.Database.ExecuteAsync("analyze ps_endpoints");

        var plan = string.Join('\n', await rig.Database.RowsAsync("explain SELECT * FROM ps_endpoints_for_server WHERE id = '20001'"));

        Assert.DoesNotContain("Seq Scan on ps_endpoints", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_anybody_uses_comes_into_the_view()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        Assert.DoesNotContain("rtp_ipv6", await ColumnsAsync(rig.Database), StringComparison.Ordinal);

        // Of an extension it is there in the moment of the commit.
        await rig.ChangeAsync("""update extensions set settings = '{"endpoint": {"rtp_ipv6": true}}'""");
        Assert.Equal("yes", await rig.Database.ScalarAsync<string>("select rtp_ipv6::text from ps_endpoints_for_server"));

        // Of a row that a person made it is there after the next poll.
        await rig.Database.ExecuteAsync("insert into ps_endpoints (id, rtp_timeout, moh_suggest) values ('trunk', 30, 'jazz')");
        await rig.Database.ExecuteAsync("select pjsip_sync.refresh_endpoint_view()");
        Assert.Equal(["1001|NULL|NULL", "trunk|30|jazz"],
            await rig.Database.RowsAsync("select id, rtp_timeout, moh_suggest from ps_endpoints_for_server order by id"));
    }

    [Fact]
    public async Task Asterisks_own_tables_may_be_migrated_and_the_view_follows()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");

        await rig.Database.ExecuteAsync("""
            alter table ps_endpoints add column brand_new varchar(40), drop column rtp_keepalive;
            update ps_endpoints set brand_new = 'yes'
            """);
        var blocked = await Assert.ThrowsAsync<PostgresException>(
            () => rig.Database.ExecuteAsync("alter table ps_endpoints alter column context type varchar(80)"));
        Assert.Contains("ps_endpoints_for_server", blocked.Detail, StringComparison.Ordinal);
        await rig.Database.ExecuteAsync(
            "drop view ps_endpoints_for_server; alter table ps_endpoints alter column context type varchar(80), drop column send_aoc");
        await rig.Database.ExecuteAsync("select pjsip_sync.refresh_mapping()");

        Assert.Equal(["1001|internal|yes"], await rig.Database.RowsAsync("select id, context, brand_new from ps_endpoints_for_server"));
    }

    [Fact]
    public async Task View_shows_nothing_to_a_role_that_may_not_read_endpoints()
    {
        await using var rig = await AnnouncingAsync("asterisk pbx1", "1002", seconds: 60);
        var role = $"nosy_{Guid.NewGuid():N}"[..20];
        await rig.Database.ExecuteAsync($"create role {role} login; grant usage on schema public, pjsip_sync, asterisk to {role}");
        await using var nosy = rig.Database.As(role);

        Assert.Equal("", await HeartbeatAsync(nosy, "asterisk pbx1", All));
        Assert.Equal("", await HeartbeatAsync(nosy, "asterisk pbx1", "SELECT * FROM ps_endpoints_for_server"));
        Assert.Equal(["0"], await nosy.RowsAsync("select count(*) from pjsip_sync.announced() as id where id is not null"));

        await rig.Database.ExecuteAsync($"grant select on ps_endpoints to {role}");
        Assert.Equal("1002", await HeartbeatAsync(nosy, "asterisk pbx1", All));
    }

    /// <summary>Three endpoints, of which some are announced to pbx1.</summary>
    private async Task<SyncRig> AnnouncingAsync(string name, string ids, int seconds)
    {
        var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1001, 1003) g");
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, announcing, announcing_until)
              values (substr($1, 10), string_to_array($2, ','), now() + make_interval(secs => $3))
            """, name, ids, seconds);
        return rig;
    }

    private static async Task<string> ColumnsAsync(TestDatabase database) =>
        await database.ScalarAsync<string>(
            "select string_agg(attname, ',') from pg_attribute where attrelid = 'ps_endpoints_for_server'::regclass and attnum > 0") ?? "";

    /// <returns>The ids that are shown, in their order, to a connection of this name.</returns>
    private static async Task<string> HeartbeatAsync(TestDatabase database, string applicationName, string sql, params object?[] parameters)
    {
        await using var named = new TestDatabase(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { ApplicationName = applicationName,
            Pooling = false }.ConnectionString);
        return string.Join(',', (await named.RowsAsync(sql, parameters)).Select(row => row.Split('|')[0]).Order(StringComparer.Ordinal));
    }
}
