
namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>A full comparison looks only at what was written since the last one, and misses nothing by it.</summary>
public sealed class BucketDigestTests(PostgresServer server)
{
    private const int Extensions = 60;

    [Theory]
    [InlineData("update ps_endpoints set context = 'elsewhere' where id = '1003'")]
    [InlineData("delete from ps_auths where id = '1003'")]
    [InlineData("update ps_aors set max_contacts = 77 where id = '1003'")]
    [InlineData("update pjsip_sync.managed_endpoint set row_key = 'nobody' where id = '1003'")]
    [InlineData("update extensions set password = 'unseen' where number = '1003'")]
    [InlineData("delete from extensions where number = '1003'")]
    [InlineData("update extensions set number = '2003' where number = '1003'")]
    [InlineData("insert into extensions (number, password) values ('2004', 'unseen')")]
    public async Task Only_what_was_written_is_looked_at(string unseen)
    {
        await using var rig = await ComparedAsync();
        Assert.Equal((0, 0), await CompareAsync(rig));

        await UnseenAsync(rig, unseen);
        var (looked, drift) = await CompareAsync(rig);
        Assert.InRange(looked, 1, 20);
        Assert.InRange(drift, 1, 2);
        Assert.Equal(0, (await CompareAsync(rig)).Drift);
        Assert.Equal((0, 0), await CompareAsync(rig));
    }

    [Fact]
    public async Task Rejected_extension_is_compared_every_time()
    {
        await using var rig = await ComparedAsync();
        await rig.ChangeAsync("update extensions set number = '10 03' where number = '1003'");
        await rig.ReconcileAsync();
        // What keeps the old endpoint is the refusal alone: without it, nobody asks for the endpoint any more.
        Assert.Equal(1, (await rig.ReconcileAsync()).Rejected);
        await UnseenAsync(rig, "delete from extensions where number = '10 03'");
        Assert.Equal(1, (await rig.ReconcileAsync()).Removed);
    }

    [Fact]
    public async Task Value_of_an_expression_may_change_without_its_row()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            "create table phones (number text primary key, password text, until timestamptz)"),
            "Source:Table=public.phones", "Source:Active=until > clock_timestamp()");
        await rig.ChangeAsync(
            "insert into phones select g::text, 'x', clock_timestamp() + interval '1.5 seconds' from generate_series(1001, 1003) g");
        await rig.ReconcileAsync();
        Assert.Equal("1001,1002,1003", await rig.IdsAsync());
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.Equal(3, (await rig.ReconcileAsync()).Removed);
    }

    [Fact]
    public async Task Another_configuration_compares_everything()
    {
        await using var rig = await ComparedAsync();
        await using var other = await SyncRig.OpenAsync(rig.Database,
            SyncRig.Read(rig.Database, "Realtime:Defaults:Endpoint:rtp_timeout=33"));
        Assert.Equal(Extensions, (await other.ReconcileAsync()).Updated);
    }

    [Fact]
    public async Task Columns_that_change_their_names_change_every_row()
    {
        await using var rig = await ComparedAsync();
        await rig.Database.ExecuteAsync("""
            alter table extensions rename display_name to other;
            alter table extensions rename context to display_name;
            alter table extensions rename other to context
            """);
        Assert.Equal(Extensions, (await rig.ReconcileAsync()).Updated);
    }

    /// <summary>
    /// Whatever is written, and by whom: after a comparison of what was written a comparison of everything finds nothing.
    /// </summary>
    [Fact]
    public async Task Nothing_is_missed()
    {
        var seed = TestRunOptions.Seed;
        var random = new Random(seed);
        await using var rig = await ComparedAsync();
        string[] writes =
        [
            "update {0} set id = id where id = '{1}'", "delete from {0} where id = '{1}'",
            "insert into {0} (id) values ('{1}') on conflict do nothing",
            "update extensions set enabled = not enabled where number = '{1}'",
            "update extensions set number = '{2}' where number = '{1}' and not exists (select from extensions where number = '{2}')",
            "update extensions set password = '{2}' where number = '{1}'",
            "update extensions set password = '' where number = '{1}'", "delete from extensions where number = '{1}'",
            "insert into extensions (number, password) values ('{1}', 'x') on conflict do nothing",
            "update extensions set status = '{2}' where number = '{1}'",
            "delete from pjsip_sync.rejected where id = '{1}'", "vacuum full {0}",
            "update ps_endpoints set context = '{2}' where id = '{1}'",
        ];
        string[] tables = ["ps_endpoints", "ps_auths", "ps_aors"];
        for (var round = 0; round < 40; round++)
        {
            await rig.Database.ExecuteAsync("alter table extensions disable trigger user");
            for (var i = random.Next(6); i >= 0; i--)
                await rig.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture,
                    writes[random.Next(writes.Length)], tables[random.Next(3)], 1001 + random.Next(20), 1001 + random.Next(20)));
            await rig.Database.ExecuteAsync("alter table extensions enable always trigger pjsip_sync_update");
            await rig.ReconcileAsync();
            // What became free by it is given to whoever waits for it.
            await rig.ReconcileAsync();
            Assert.True((await rig.ReconcileAsync(force: true)).Drift == 0, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public async Task Change_during_a_full_comparison_waits_for_one_batch_only()
    {
        await using var rig = await SyncRig.CreateAsync(server, null, "Sync:BatchSize=1");
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1009) g");
        await rig.Database.ExecuteAsync("delete from pjsip_sync.bucket_digest");
        var seen = new List<string>();

        await rig.ReconcileAsync((done, _) =>
        {
            if (done == 3)
                rig.Database.ExecuteAsync("update extensions set password = 'y' where number = '1000'").GetAwaiter().GetResult();
            seen.Add(rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1000'").GetAwaiter().GetResult()!);
        });

        Assert.Equal(["x", "x", "x", "y", "y", "y", "y", "y", "y", "y"], seen);
    }

    private async Task<SyncRig> ComparedAsync()
    {
        var rig = await SyncRig.CreateAsync(server, null, "Sync:BatchSize=1");
        await rig.Database.ExecuteAsync($"""
            insert into extensions (number, password, display_name, context) select g::text, 'x', 'name', 'internal'
              from generate_series(1001, {1000 + Extensions}) g
            """);
        await rig.ReconcileAsync();
        await rig.ApplyAllAsync();
        await rig.ReconcileAsync();
        return rig;
    }

    /// <summary>Runs SQL of which the triggers tell nothing.</summary>
    private static async Task UnseenAsync(SyncRig rig, string sql) =>
        await rig.Database.ExecuteAsync($"alter table extensions disable trigger user; {sql}; alter table extensions enable trigger user");

    /// <returns>How many extensions were looked at, and how many of them were not as they should be.</returns>
    private static async Task<(int Looked, int Drift)> CompareAsync(SyncRig rig)
    {
        var looked = 0;
        var result = await rig.ReconcileAsync((_, _) => looked++);
        return (looked, result.Drift);
    }
}
