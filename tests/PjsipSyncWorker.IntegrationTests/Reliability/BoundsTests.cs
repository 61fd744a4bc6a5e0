using System.Diagnostics;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>
/// What grows with nothing, and what waits for nobody. <c>PJSIP_SYNC_TEST_BOUNDS</c> says of how many changes and events,
/// <c>PJSIP_SYNC_TEST_HOLD</c> for how many seconds; scripts/bounds.sh: a million, and a minute.
/// </summary>
public sealed class BoundsTests(PostgresServer server)
{
    private const int Phones = 300;

    private static readonly int Many = TestRunOptions.Number("PJSIP_SYNC_TEST_BOUNDS") ?? 100_000;

    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(TestRunOptions.Number("PJSIP_SYNC_TEST_HOLD") ?? 5);

    [Fact]
    public async Task Changes_grow_neither_the_workers_memory_nor_the_change_table()
    {
        await using var cluster = await PrivateCluster.CreateAsync("-c autovacuum_naptime=1s");
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        await FaultRig.InstallAsync(database);
        await database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1999) g");
        await using var worker = await WorkerProcess.StartAsync(database);
        await ChangeAsync(Many / 5);
        var (memory, table) = (worker.ResidentMegabytes, await SizeAsync());

        await ChangeAsync(Many);

        await Measurements.MegabytesAsync($"memory before and after {Many} changes", memory, worker.ResidentMegabytes);
        await Measurements.MegabytesAsync($"pjsip_sync.change before and after {Many} changes", table, await SizeAsync());
        Assert.InRange(worker.ResidentMegabytes, 0, memory + 70);
        // What waited at the same time, at most; not what was ever recorded.
        Assert.InRange(await SizeAsync(), 0, table + 40 + Many / 25_000);

        async Task ChangeAsync(int changes)
        {
            for (var i = 0; i < changes; i += 1000)
                await database.ExecuteAsync($"update extensions set display_name = 'Name {i + changes}'");
            await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.change"), TimeSpan.FromMinutes(5));
        }

        Task<long> SizeAsync() => database.ScalarAsync<long>("select pg_total_relation_size('pjsip_sync.change') / 1024 / 1024");
    }

    [Fact]
    public async Task A_full_comparison_does_not_take_hours_because_very_many_changes_wait()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.managed_endpoint (id, row_key, column_set, revision, aor_revision)
              select g::text, g::text, 0, 0, 0 from generate_series(1, 100000) g;
            insert into pjsip_sync.change (id) select g::text from generate_series(50001, 150000) g;
            """);
        await using var connection = await rig.DataSource.OpenConnectionAsync();
        var watch = Stopwatch.StartNew();

        // It would run into the session's statement timeout.
        var inventory = await ReconcileInventory.TakeAsync(connection, BucketDigests.AllBuckets, default);

        await Measurements.RecordAsync("100,000 endpoints counted beside 100,000 changes", watch.Elapsed);
        Assert.Equal((100_000, 100_000, 50_000), (inventory.Ids.Count, inventory.ManagedCount, inventory.UnexplainedRemovals.Count));
    }

    [Fact]
    public async Task Events_do_not_grow_the_workers_memory()
    {
        await using var storm = await StartAsync("Asterisk__SnapshotInterval=00:00:10");
        await storm.RageAsync(events: Many / 5);
        var memory = storm.Worker.ResidentMegabytes;

        await storm.RageAsync(events: Many);

        await Measurements.MegabytesAsync($"memory before and after {Many} events", memory, storm.Worker.ResidentMegabytes);
        Assert.InRange(storm.Worker.ResidentMegabytes, 0, memory + 70);
    }

    [Fact]
    public async Task A_row_that_the_application_holds_delays_no_other_extensions_status()
    {
        await using var storm = await StartAsync();
        await using var application = await storm.Database.OpenAsync();
        await using var transaction = await application.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("update extensions set display_name = 'held' where number = '1000'", application,
            transaction))
            await hold.ExecuteNonQueryAsync();
        await storm.Ami.SayAsync(() => storm.Pbx.Say("1000", comes: true));
        var (longest, watch) = (TimeSpan.Zero, Stopwatch.StartNew());
        for (var online = true; watch.Elapsed < Hold; online = !online)
        {
            var one = Stopwatch.StartNew();
            var comes = online;
            await storm.Ami.SayAsync(() => storm.Pbx.Say("1001", comes));
            await StatusAsync("1001", online ? "online" : "offline");
            longest = one.Elapsed > longest ? one.Elapsed : longest;
        }
        Assert.Equal("offline", await storm.Database.ScalarAsync<string>("select status from extensions where number = '1000'"));

        await transaction.CommitAsync();

        watch.Restart();
        await StatusAsync("1000", "online");
        await Measurements.RecordAsync($"another's status while a row is held for {Hold.TotalSeconds} s, at most", longest);
        await Measurements.RecordAsync("the held row's own status once it is free", watch.Elapsed);

        Task StatusAsync(string number, string status) =>
            Eventually.Equal(status, () => storm.Database.ScalarAsync<string>($"select status from extensions where number = '{number}'"),
                TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_storm_of_status_makes_no_transaction_of_the_application_wait_or_fail()
    {
        await using var storm = await StartAsync();
        await storm.Database.ExecuteAsync($"alter database {storm.Name} set deadlock_timeout = '100ms'");
        await WorkAsync("at first, to warm up");
        await WorkAsync("before a storm of status");
        using var calm = new CancellationTokenSource();
        var raging = storm.RageAsync(int.MaxValue, calm.Token);

        await WorkAsync("in a storm of status");

        await calm.CancelAsync();
        await raging;
        await WorkAsync("after a storm of status");
        Assert.Equal(
            0L, await storm.Database.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()"));

        // Two rows in either order, as an application writes that knows of nobody else; a lock that is waited for is an error.
        async Task WorkAsync(string when)
        {
            await using var connection = await storm.Database.OpenAsync();
            var watch = Stopwatch.StartNew();
            var random = new Random(1);
            var transactions = Many / 100;
            for (var i = 0; i < transactions; i++)
            {
                await using var command = new Npgsql.NpgsqlCommand($"""
                    begin; set local lock_timeout = '2s';
                    update extensions set display_name = 'Name {i}' where number = '{1000 + random.Next(Phones)}';
                    update extensions set display_name = 'Name {i}' where number = '{1000 + random.Next(Phones)}';
                    commit
                    """, connection);
                await command.ExecuteNonQueryAsync();
            }
            await Measurements.RecordAsync($"{transactions} transactions of two rows {when}", watch.Elapsed);
        }
    }

    private async Task<Storm> StartAsync(params string[] settings)
    {
        var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync(
            $"insert into extensions (number, password) select g::text, 'x' from generate_series(1000, {1000 + Phones - 1}) g");
        var pbx = new FakePbx { AnswersSnapshots = true };
        var ami = new FakeAmi { Answer = pbx.Answer };
        var worker = await WorkerProcess.StartAsync(database, [.. FakePbx.Node(ami), "Asterisk__RefreshesPerSecond=1000", .. settings]);
        await Expect.RefreshedAsync(database);
        return new Storm(database, pbx, ami, worker);
    }

    /// <summary>Phones that come and go without end.</summary>
    private sealed record Storm(TestDatabase Database, FakePbx Pbx, FakeAmi Ami, WorkerProcess Worker) : IAsyncDisposable
    {
        public string Name => new Npgsql.NpgsqlConnectionStringBuilder(Database.ConnectionString).Database!;

        /// <summary>So many events, or until cancelled; ends when the table says what the last of them say.</summary>
        public async Task RageAsync(int events, CancellationToken cancellation = default)
        {
            var random = new Random(20261124);
            for (var sent = 0; sent < events && !cancellation.IsCancellationRequested; sent += 100)
            {
                await Ami.SayAsync(() => Pbx.Happen(random, 100));
                // A storm, and not only a fight for this machine's processors.
                if (cancellation.CanBeCanceled)
                    await Task.Delay(20, CancellationToken.None);
            }
            await Eventually.Equal(Pbx.Online, async () => string.Join(',',
                await Database.RowsAsync("select number from extensions where status = 'online' order by 1")), TimeSpan.FromMinutes(1));
        }

        public async ValueTask DisposeAsync()
        {
            await Worker.DisposeAsync();
            await Ami.DisposeAsync();
            await Database.DisposeAsync();
        }
    }
}
