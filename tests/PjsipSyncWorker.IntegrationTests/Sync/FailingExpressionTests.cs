namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Rows on which an expression of the mapping fails.</summary>
public sealed class FailingExpressionTests(PostgresServer server)
{
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
