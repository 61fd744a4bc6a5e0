using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>
/// <c>init</c> on the schema of commit 9c93dc1 (version 5), while the application writes and a worker of that version runs.
/// <c>PJSIP_SYNC_TEST_OLD_WORKER</c> names a real one; without it the test sends that worker's statements.
/// </summary>
public sealed class UpgradeTests
{
    private const int Phones = 400;
    private const int Registered = 100;

    private const string Rows = """
        select 'endpoint', id, xmin::text from ps_endpoints where id < '2000'
        union all select 'auth', id, xmin::text from ps_auths where id < '2000'
        union all select 'aor', id, xmin::text from ps_aors where id < '2000' order by 1, 2
        """;

    private const string Registrations = """
        select node, endpoint, uri, status, host(address), user_agent, expires_at::text, registered_at::text from pjsip_sync.contact
        union all select node, endpoint, state, '', '', '', '', '' from pjsip_sync.device order by 1, 2, 3
        """;

    private const string Statuses = """
        select number, status, device_state, host(last_registered_ip), last_registered_at::text from extensions
          where number < '2000' order by 1
        """;

    [Fact]
    public async Task An_upgrade_under_load_loses_nothing_and_repeats_nothing()
    {
        await using var cluster = await PrivateCluster.CreateAsync("-c deadlock_timeout=100ms");
        await using var database = await cluster.CreateDatabaseAsync("upgrade");
        await InstallOldAsync(database);
        var (rows, registrations, statuses) =
            (await database.RowsAsync(Rows), await database.RowsAsync(Registrations), await database.RowsAsync(Statuses));
        Assert.Equal(3 * Phones, rows.Count);
        Assert.Equal(Registered, statuses.Count(status => status.Contains("|online|", StringComparison.Ordinal)));
        await using var announced = await StatusListener.OpenAsync(database);

        await using var oldWorker = await OldWorker.StartAsync(database.As("pjsip_sync"));
        await using var load = new UpgradeLoad(database);
        await load.WorkAsync(200);
        var watch = Stopwatch.StartNew();
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "init", "--roles");
        var upgrade = watch.Elapsed;
        Assert.True(exit == 0, output);
        await load.WorkAsync(200);
        // A server that does not answer, so that the worker writes statuses.
        await using var worker = WorkerProcess.Launch(database.As("pjsip_sync"), "Sync__PollInterval=00:00:05",
            "Asterisk__Nodes__0__Name=absent", "Asterisk__Nodes__0__Host=127.0.0.1", $"Asterisk__Nodes__0__Port={Ports.Next()}",
            "Asterisk__Nodes__0__Username=worker", "Asterisk__Nodes__0__Secret=secret");
        await Eventually.Equal(true, () => Task.FromResult(worker.Log.Contains("Sync is ready", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(90), () => worker.Log);
        await load.WorkAsync(400);
        await load.StopAsync();

        await Invariants.HoldAsync(database, TimeSpan.FromSeconds(90));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"init {upgrade.TotalSeconds:0.0} s, {load.Statements} statements, the longest {load.Longest.TotalMilliseconds:0} "
                + $"ms, old worker: {oldWorker.Statements} statements, last error {oldWorker.LastError}");
        Assert.Empty(load.Errors);
        Assert.InRange(load.Longest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(rows, await database.RowsAsync(Rows));
        Assert.Equal(registrations, await database.RowsAsync(Registrations));
        Assert.Equal(statuses, await database.RowsAsync(Statuses));
        Assert.DoesNotContain(announced.Payloads, payload => payload.Contains("\"number\" : \"1", StringComparison.Ordinal));
        Assert.Equal($"{Installation.SchemaVersion}|0", Assert.Single(await database.RowsAsync(
            """
                select schema_version, (select count(*) from pg_class where relnamespace = 'pjsip_sync'::regnamespace
                  and relname in ('endpoint', 'shape', 'overwritten')) from pjsip_sync.mapping
                """)));
        Assert.DoesNotContain("42P01", worker.Log, StringComparison.Ordinal);
    }

    /// <summary>
    /// The old schema with extensions, what a worker has written for them, and registrations. The rows that Asterisk reads are written by
    /// this build: the schema was changed since and not what is written.
    /// </summary>
    private static async Task InstallOldAsync(TestDatabase database)
    {
        var settings = SyncRig.Read(database, "Realtime:Schema=public");
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await using (var rig = await SyncRig.OpenAsync(new TestDatabase(database.ConnectionString), settings))
            await rig.ChangeAsync("""
                insert into extensions (number, password, display_name) select g::text, 'p' || g, 'Name ' || g
                  from generate_series(1001, $1::int + 1000) g
                """, Phones);
        await Invariants.AddTrunkAsync(database);
        await database.ExecuteAsync("""
            create schema saved;
            create table saved.managed_endpoint as table pjsip_sync.managed_endpoint;
            create table saved.column_set as table pjsip_sync.column_set;
            drop schema pjsip_sync cascade; drop view if exists ps_endpoints_for_server
            """);
        await database.ExecuteAsync(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/PjsipSyncWorker.IntegrationTests/Schema/schema-9c93dc1.sql")));
        await database.ExecuteAsync("""
            insert into pjsip_sync.shape (id, columns) overriding system value select id, columns from saved.column_set;
            insert into pjsip_sync.endpoint (id, row_key, adopted, shape, revision, aor_revision, synced_at)
            select id, row_key, adopted, column_set, nextval('pjsip_sync.revision'), revision, synced_at from saved.managed_endpoint;
            drop schema saved cascade;
            delete from pjsip_sync.change;
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now() + interval '1 day')
            """);
        await database.ExecuteAsync("""
            insert into pjsip_sync.contact (node, endpoint, uri, status, address, user_agent, expires_at, registered_at)
            select 'pbx1', number, 'sip:' || number || '@192.0.2.1', 'Reachable', '192.0.2.1', 'phone', now() + interval '1 hour',
              now() from extensions order by number limit $1
            """, Registered);
        await database.ExecuteAsync("""
            insert into pjsip_sync.device (node, endpoint, state) select 'pbx1', endpoint, 'NOT_INUSE' from pjsip_sync.contact;
            select pjsip_sync.project()
            """);
    }
}
