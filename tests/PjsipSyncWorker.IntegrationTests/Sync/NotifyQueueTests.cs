using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>
/// Nothing depends on PostgreSQL's queue of notifications. From PostgreSQL 17 on it is made small and really filled; before, a stand-in
/// takes the place of <c>pjsip_sync.may_notify()</c>, since nobody fills 8 GB in a test (<c>PJSIP_SYNC_TEST_PG_BIN</c> names other
/// programs).
/// </summary>
public sealed class NotifyQueueTests
{
    [Fact]
    public async Task A_full_queue_fails_no_commit_and_stops_neither_loop()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        var isSmall = await database.ScalarAsync<bool>("select current_setting('server_version_num')::int >= 170000");
        if (isSmall)
        {
            await database.ExecuteAsync("alter system set max_notify_queue_pages = 64");
            database.ForgetConnections();
            await cluster.StopAsync("fast");
            await cluster.StartAsync();
        }
        var settings = SyncRig.Read(database);
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await using var worker = await WorkerProcess.StartAsync(database);
        await using var listening = await database.OpenAsync();
        await ExecuteAsync(listening, "listen somebodys");
        await ExecuteAsync(listening, "begin; select 1");
        if (isSmall)
            await FillAsync(database);
        else
            await database.ExecuteAsync(
                "create or replace function pjsip_sync.may_notify() returns boolean language sql as 'select false'");
        // It sleeps, so the trigger would notify: another cannot have the lock.
        await Eventually.True(() => database.ScalarAsync<bool>("select not pg_try_advisory_xact_lock(pjsip_sync.lock_class(), 3)"));

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");

        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(5));
        await database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at)
              values ('pbx1', '1001', 'sip:x', 'Reachable', now());
            select pjsip_sync.write_status()
            """);
        Assert.Equal("online", await database.ScalarAsync<string>("select status from extensions"));
        await database.ExecuteAsync("select pjsip_sync.repair_source()");
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.change"), TimeSpan.FromSeconds(5));
        Assert.DoesNotContain("interrupted", worker.Log, StringComparison.Ordinal);
        if (!isSmall)
            return;
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(settings), "database.listen",
            "the server's queue of notifications is", "End the session that listens");

        await ExecuteAsync(listening, "commit");
        await Eventually.True(() => database.ScalarAsync<bool>("select pg_notification_queue_usage() < 0.1"));
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(settings));
    }

    private static async Task FillAsync(TestDatabase database)
    {
        var error = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await database.ExecuteAsync("select pg_notify('somebodys', repeat('x', 7000))");
        });
        Assert.Contains("NOTIFY queue", error.MessageText, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
