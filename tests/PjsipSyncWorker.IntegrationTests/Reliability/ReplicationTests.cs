
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>Extensions that arrive by other ways than an application's statements.</summary>
public sealed class ReplicationTests
{
    private static readonly string[] NoLookingByItself = ["Sync__PollInterval=01:00:00", "Sync__ReconcileInterval=01:00:00"];

    [Fact]
    public async Task Replicated_change_is_seen_at_once()
    {
        await using var cluster = await PrivateCluster.CreateAsync("-c wal_level=logical");
        await using var application = await cluster.CreateDatabaseAsync("application");
        await using var pbx = await cluster.CreateDatabaseAsync("pbx");
        await SyncRig.InstallAsync(pbx, SyncRig.Read(pbx), createExtensions: true);
        await application.ExecuteAsync("""
            create table extensions (id bigint primary key, number text not null unique, password text not null,
              enabled boolean not null default true);
            create publication phones for table extensions
            """);
        // Within one cluster the slot must be there before the subscription.
        await application.ExecuteAsync("select pg_create_logical_replication_slot('phones', 'pgoutput')");
        await pbx.ExecuteAsync("alter table extensions alter id drop identity");
        await pbx.ExecuteAsync(
            $"create subscription phones connection 'host=127.0.0.1 port={cluster.Port} user=postgres dbname=application' "
            + "publication phones with (create_slot = false, slot_name = 'phones', copy_data = false)");
        await using var worker = await WorkerProcess.StartAsync(pbx, NoLookingByItself);

        await application.ExecuteAsync("insert into extensions values (1, '1001', 'one'), (2, '1002', 'two'), (3, '1003', 'three')");
        await IdsAsync("1001,1002,1003");
        await application.ExecuteAsync("""
            update extensions set number = '1009' where id = 1;
            update extensions set enabled = false where id = 2; delete from extensions where id = 3
            """);
        await IdsAsync("1009");
        await pbx.ExecuteAsync("drop subscription phones");

        Task IdsAsync(string ids) =>
            Eventually.Equal(ids, () => pbx.ScalarAsync<string>("select string_agg(id, ',' order by id) from ps_endpoints")!);
    }

    [Fact]
    public async Task Rows_changed_on_a_leaf_and_a_partition_that_goes_are_followed()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        await database.ExecuteAsync("""
            create table extensions (tenant int not null, number text not null, password text not null,
              status text, primary key (tenant, number)) partition by list (tenant);
            create index on extensions (number);
            create table tenant_1 partition of extensions for values in (1);
            create table tenant_2 partition of extensions for values in (2);
            """);
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: false);
        await using var worker = await WorkerProcess.StartAsync(database, "Sync__PollInterval=01:00:00",
            "Sync__ReconcileInterval=00:00:02");

        await database.ExecuteAsync("""
            insert into extensions select 1, g::text, 'x' from generate_series(1001, 1010) g;
            insert into tenant_2 values (2, '2001', 'x')
            """);
        await Eventually.Equal(11L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await database.ExecuteAsync("update tenant_2 set password = 'y'");
        await Eventually.Equal("y", () => database.ScalarAsync<string>("select password from ps_auths where id = '2001'")!);

        await database.ExecuteAsync("alter table extensions detach partition tenant_2");
        await Eventually.Equal(10L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await database.ExecuteAsync("alter table extensions attach partition tenant_2 for values in (2)");
        await Eventually.Equal(11L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }
}
