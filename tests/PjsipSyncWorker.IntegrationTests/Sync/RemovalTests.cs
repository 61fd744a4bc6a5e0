
namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Only a recorded cause removes very many endpoints: "look at everything again" is none.</summary>
public sealed class RemovalTests(PostgresServer server)
{
    /// <summary>100 endpoints, of which the extensions of 90 were deleted unseen.</summary>
    private const string DeletedUnseen = "alter table extensions disable trigger user; delete from extensions where number >= '1010'";

    [Theory]
    [InlineData("insert into pjsip_sync.change (id) values (null)")]
    [InlineData("select pjsip_sync.repair_source()")]
    // A mapped column that is gone: refresh_mapping() has everything looked at.
    [InlineData("alter table extensions drop column codecs; select pjsip_sync.refresh_mapping()")]
    // An upgrade: configure() has everything looked at.
    [InlineData("update pjsip_sync.mapping set schema_version = 6; select pjsip_sync.configure('public.extensions', '{}', '', 'asterisk')")]
    // A mapping that was lost.
    [InlineData("delete from pjsip_sync.mapping; select pjsip_sync.configure('public.extensions', '{}', '', 'asterisk')")]
    // Another column for the context: the mapping changes, and not which extensions there are.
    [InlineData("select pjsip_sync.configure('public.extensions', '{\"context\": \"display_name\"}', '', 'asterisk')")]
    // The trigger's own error.
    [InlineData("""
        alter table extensions enable always trigger pjsip_sync_update; alter table extensions rename column number to nummer;
        update extensions set password = 'y'; alter table extensions rename column nummer to number
        """)]
    public async Task Full_resync_is_no_cause_to_remove_unseen_deletions(string repair)
    {
        await using var rig = await UnseenAsync();
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password) values ('2001', 'unseen');
            update extensions set password = 'unseen' where number = '1001'
            """);

        await rig.Database.ExecuteAsync(repair);
        await rig.ApplyAllAsync();

        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
        Assert.StartsWith("90 of 100 endpoints have no active extension any more", rig.Synchronizer.HeldBack, StringComparison.Ordinal);
        // No other change waits for it.
        Assert.Equal(["101|1"], await rig.Database.RowsAsync("select count(*), count(*) filter (where id = '2001') from ps_endpoints"));
        Assert.NotEqual("x", await rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1001'"));
        Assert.Equal(90, (await rig.ReconcileAsync()).HeldBack);
    }

    [Theory]
    [InlineData("alter table extensions enable always trigger pjsip_sync_truncate; truncate extensions", 0)]
    [InlineData("select pjsip_sync.configure('public.extensions', '{}', 'number < ''1010''', 'asterisk')", 10)]
    [InlineData(
        "create table lines (number text primary key, password text); insert into lines values ('1001', 'x'); "
        + "select pjsip_sync.configure('public.lines', '{}', '', 'asterisk')", 1)]
    public async Task A_truncate_and_another_mapping_are_causes(string cause, int left)
    {
        await using var rig = await UnseenAsync();

        await rig.Database.ExecuteAsync(cause);
        await rig.ApplyAllAsync();

        Assert.Equal((long)left, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Null(rig.Synchronizer.HeldBack);
    }

    [Fact]
    public async Task Recorded_delete_removes_only_its_own_endpoint()
    {
        await using var rig = await UnseenAsync();
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password) select g::text, 'x' from generate_series(1010, 1049) g;
            select pjsip_sync.repair_source()
            """);

        await rig.ChangeAsync("delete from extensions where number between '1000' and '1029'");

        Assert.Equal(70L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Fact]
    public async Task Held_back_removals_are_reported_until_a_person_decides()
    {
        await using var rig = await UnseenAsync();
        var metrics = $"Metrics__Port={Ports.Next()}";
        await using var worker = await WorkerProcess.StartAsync(rig.Database, metrics, "Sync__PollInterval=00:00:01");

        var (exit, output) = await WorkerProcess.CommandAsync(rig.Database, [], "verify-config", "--fix");

        Assert.True(exit == 1, output);
        Assert.Contains(
            "fail sync.drift: 90 of 100 endpoints have no active extension any more, and no recorded change says why, "
            + "so none of them was removed", output, StringComparison.Ordinal);
        Assert.Contains("sync-extensions --force", output, StringComparison.Ordinal);
        await Eventually.Equal(0L, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
        Assert.Contains("90 of 100 endpoints have no active extension any more", await ReadyAsync(1), StringComparison.Ordinal);
        Assert.Contains("Removals are held back: 90 of 100 endpoints", worker.Log, StringComparison.Ordinal);
        Assert.Equal(100L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        var (dryExit, dry) = await WorkerProcess.CommandAsync(rig.Database, [], "sync-extensions", "--dry-run");
        Assert.Equal((1, false), (dryExit, dry.Contains("remove 1050", StringComparison.Ordinal)));

        Assert.Equal(0, (await WorkerProcess.CommandAsync(rig.Database, [], "sync-extensions", "--force")).ExitCode);

        Assert.Equal(10L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await ReadyAsync(0);
        Assert.Equal(0, (await WorkerProcess.CommandAsync(rig.Database, [], "verify-config")).ExitCode);

        async Task<string> ReadyAsync(int expected)
        {
            var said = "";
            await Eventually.Equal(expected, async () =>
            {
                (var code, said) = await WorkerProcess.CommandAsync(rig.Database, [metrics], "health", "--ready");
                return code;
            });
            return said;
        }
    }

    private async Task<SyncRig> UnseenAsync()
    {
        var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g");
        await rig.Database.ExecuteAsync(DeletedUnseen);
        return rig;
    }
}
