namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Which numbers the triggers record for the application's statements.</summary>
public sealed class RecordingTests(PostgresServer server)
{
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
            create table lines (id int primary key, number text unique deferrable initially deferred, secret text, place json,
              several text, was timestamptz, became jsonb default '{}', recorded int);
            insert into lines (id, number, secret, place)
              values (1, '1001', 'one', '{"room": 1}'), (2, '1002', 'two', null), (3, '1003', 'three', '{"room": 1}');
            """), "Source:Table=lines", "Source:Columns:Number=number", "Source:Columns:Password=secret", "Source:Columns:Settings=place");
        await rig.Database.ExecuteAsync("delete from pjsip_sync.change");

        await rig.Database.ExecuteAsync(statement);

        Assert.Equal(recorded, string.Join(',', await rig.Database.RowsAsync("select distinct id from pjsip_sync.change order by 1")));
    }

    [Fact]
    public async Task Partitioned_table_is_watched_on_every_leaf_even_attached_later()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync("""
            create table lines (site int, number text, password text, status text default 'offline', primary key (site, number))
              partition by list (site);
            create table lines_1 partition of lines for values in (1);
            create table lines_2 partition of lines for values in (2) partition by range (number);
            create table lines_2a partition of lines_2 for values from (minvalue) to (maxvalue);
            """), "Source:Table=lines");

        await rig.ChangeAsync("insert into lines values (1, '1001', 'a'), (2, '2001', 'b')");
        await rig.ChangeAsync("""
            insert into lines_1 values (1, '1002', 'c'); insert into lines_2a values (2, '2002', 'd');
            update lines_2 set password = 'e' where number = '2001'
            """);
        Assert.Equal("1001,1002,2001,2002", await rig.IdsAsync());
        await rig.ChangeAsync("update lines set site = 1 where number = '2001'");
        Assert.Equal(["2001|e"], await rig.Database.RowsAsync("select id, password from ps_auths where id = '2001'"));

        await rig.Database.ExecuteAsync(
            "create table lines_3 partition of lines for values in (3); insert into lines_3 values (3, '3001', 'f')");
        await rig.ReconcileAsync();
        Assert.Equal("1001,1002,2001,2002,3001", await rig.IdsAsync());
        await rig.Database.ExecuteAsync("select pjsip_sync.repair_source()");
        await rig.ChangeAsync("update lines_3 set number = '3002'");
        Assert.Equal("1001,1002,2001,2002,3002", await rig.IdsAsync());

        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('n', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at)
              values ('n', '3002', 'sip:x', 'Reachable', now())
            """);
        await rig.Database.ExecuteAsync("select pjsip_sync.write_status()");
        Assert.Equal(["3002"], await rig.Database.RowsAsync("select number from lines where status = 'online'"));
    }
}
