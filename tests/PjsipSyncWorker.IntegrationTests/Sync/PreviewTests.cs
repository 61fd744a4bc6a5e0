namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>A full comparison that writes nothing: <c>sync-extensions --dry-run</c>, and the check <c>sync.drift</c>.</summary>
public sealed class PreviewTests(PostgresServer server)
{
    [Fact]
    public async Task Row_whose_expression_raises_is_named_and_hides_no_other()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync("""
            create table lines (number text primary key, password text, enabled boolean default true);
            create function secret_of(text) returns text language plpgsql immutable as
            $body$ begin if $1 = 'spoilt' then raise exception 'no'; end if; return $1; end $body$;
            """), "Source:Table=lines", "Source:Columns:Password=public.secret_of(password)");
        await rig.Database.ExecuteAsync(
            "insert into lines (number, password) values ('1001', 'one'), ('1002', 'spoilt'), ('1003', 'three')");
        await using var connection = await rig.DataSource.OpenConnectionAsync();

        var (result, plans) = await rig.Synchronizer.PreviewAsync(connection, allowMassRemoval: false, default);

        Assert.Equal((2, 1), (result.Created, result.Rejected));
        Assert.Equal(["1001", "1003"], plans.SelectMany(plan => plan.Changes).Select(change => change.Id).Order(StringComparer.Ordinal));
        Assert.Equal("", await rig.IdsAsync());
    }
}
