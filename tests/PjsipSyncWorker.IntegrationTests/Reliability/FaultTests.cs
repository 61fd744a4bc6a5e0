
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>After each fault, with nobody's help, everything holds that must.</summary>
public sealed class FaultTests(FaultTests.Rig shared) : IClassFixture<FaultTests.Rig>
{
    public static TheoryData<string> OfTheDatabase { get; } = [.. Faults.OfTheDatabase.Keys.Where(TestRunOptions.Fault)];

    [Theory]
    [MemberData(nameof(OfTheDatabase))]
    public async Task Nothing_is_lost_when(string fault)
    {
        var rig = await shared.TakeAsync();
        await using (var application = new Application(rig.Database, seed: fault.Length))
        {
            await application.WorkAsync(50);
            await Faults.OfTheDatabase[fault](rig);
            await application.WorkAsync(50);
        }
        await Measurements.RecordAsync(fault, await Invariants.HoldAsync(rig.Database));
        // It is not only right, it works.
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password) values ('1001', $1) on conflict (number) do update
              set password = excluded.password
            """, fault);
        await Invariants.HoldAsync(rig.Database, TimeSpan.FromSeconds(10));
        Assert.False(rig.Worker.HasExited, rig.Worker.Log);
        shared.GiveBack(rig);
    }

    [Fact]
    public async Task Another_worker_takes_over_within_a_second_after_a_kill()
    {
        await using var rig = await FaultRig.CreateAsync("Sync__PollInterval=01:00:00");
        await rig.AddStandbyAsync();
        await using (var application = new Application(rig.Database, seed: 7))
        {
            await application.WorkAsync(200);
            await rig.Worker.KillAsync();
            await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
            var watch = System.Diagnostics.Stopwatch.StartNew();
            await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints where id = '1001'"));
            await Measurements.RecordAsync("the active worker of two is killed", watch.Elapsed);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }
        await Invariants.HoldAsync(rig.Database);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Worker_that_stalls_in_a_batch_holds_the_lock_for_seconds_only(bool anotherStandsBy)
    {
        await using var rig = await FaultRig.CreateAsync("Sync__PollInterval=00:00:01");
        if (anotherStandsBy)
            await rig.AddStandbyAsync();
        // Batches take long enough that the line can fall silent in the middle of one.
        await rig.Database.ExecuteAsync("""
            create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end';
            create trigger slow after insert or update on ps_endpoints for each statement execute function slow()
            """);
        await using (var application = new Application(rig.Database, seed: 8))
        {
            var silent = TimeSpan.Zero;
            for (var i = 0; i < 3; i++)
            {
                await application.WorkAsync(20);
                rig.Line.StallCurrent();
                var watch = System.Diagnostics.Stopwatch.StartNew();
                var number = $"{3000 + i}";
                await rig.Database.ExecuteAsync($"insert into extensions (number, password) values ('{number}', 'x')");
                await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>($"select count(*) from ps_endpoints where id = '{number}'"),
                    TimeSpan.FromSeconds(30));
                silent = silent > watch.Elapsed ? silent : watch.Elapsed;
            }
            await Measurements.RecordAsync(anotherStandsBy ? "a worker falls silent holding the lock, another stands by"
                : "a worker falls silent holding the lock, the same one comes back", silent);
        }
        await rig.Database.ExecuteAsync("drop trigger slow on ps_endpoints");
        await Invariants.HoldAsync(rig.Database);
    }

    [Fact]
    public async Task Rows_changed_by_hand_are_corrected_by_the_next_full_comparison()
    {
        await using var rig = await FaultRig.CreateAsync("Sync__ReconcileInterval=00:00:02");
        await using (var application = new Application(rig.Database, seed: 9))
        {
            await application.WorkAsync(100);
            await rig.Database.ExecuteAsync("""
                delete from ps_endpoints where id <> 'trunk';
                update ps_auths set password = 'guessed' where id <> 'trunk';
                insert into ps_aors (id) select id from pjsip_sync.managed_endpoint on conflict do nothing;
                delete from ps_aors where id <> 'trunk'
                """);
            await application.WorkAsync(100);
        }
        await Measurements.RecordAsync("rows of ours are deleted by hand", await Invariants.HoldAsync(rig.Database));
    }

    [Fact]
    public async Task Own_objects_can_be_dropped_and_reinstalled_without_touching_others()
    {
        await using var rig = await FaultRig.CreateAsync("Sync__PollInterval=00:00:01");
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Invariants.HoldAsync(rig.Database);

        await rig.Database.ExecuteAsync("drop schema pjsip_sync cascade");
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1002', 'x')");
        await Eventually.True(() => Task.FromResult(rig.Worker.Log.Contains("run pjsip-sync-worker init", StringComparison.Ordinal)));
        await FaultRig.InstallAsync(rig.Database);

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await Eventually.Equal("1001,1002,trunk",
            () => rig.Database.ScalarAsync<string>("select string_agg(id, ',' order by id) from ps_endpoints"));
        await Measurements.RecordAsync("the schema pjsip_sync is dropped and installed again", watch.Elapsed);
        // Whose the older row was is not known any more: it stays as it is until adoption is allowed.
        Assert.Equal("1001", await rig.Database.ScalarAsync<string>("select string_agg(id, ',') from pjsip_sync.rejected"));
        Assert.False(rig.Worker.HasExited, rig.Worker.Log);
    }

    [Fact]
    public async Task Constant_changes_delay_neither_comparison_nor_tombstone_purge()
    {
        await using var rig = await FaultRig.CreateAsync("Sync__PollInterval=00:00:01", "Sync__ReconcileInterval=00:00:02",
            "Sync__BatchSize=10");
        await rig.Database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1001, 1300) g");
        await Invariants.HoldAsync(rig.Database);
        await rig.Database.ExecuteAsync("delete from extensions where number = '1001'");
        await Invariants.HoldAsync(rig.Database);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            // Far more changes than so small batches can take.
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await rig.Database.ExecuteAsync($"update extensions set display_name = 'Name {i}' where number <> '1300'");
        });
        await Eventually.True(async () => await WaitingAsync() > 5000);

        await rig.Database.ExecuteAsync("""
            update pjsip_sync.managed_endpoint set deleted_at = now() - interval '2 minutes' where id = '1001';
            update ps_auths set password = 'guessed' where id = '1300'
            """);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await Eventually.Equal("x", () => rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1300'"));
        await Eventually.Equal(
            0L, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.managed_endpoint where deleted_at is not null"));
        await Measurements.RecordAsync("an application writes without a pause", watch.Elapsed);
        Assert.NotEqual(0L, await WaitingAsync());
        await stop.CancelAsync();
        await writing;

        Task<long> WaitingAsync() => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.change");
    }

    [Fact]
    public async Task Full_disk_costs_only_time()
    {
        await using var disk = await SmallDisk.CreateAsync(megabytes: 64);
        await using var rig = await FaultRig.CreateAsync();
        await rig.Database.ExecuteAsync($"create tablespace small location '{disk.Folder}'");
        // All that the worker writes is on that disk.
        await rig.Database.ExecuteAsync("""
            alter table ps_endpoints set tablespace small; alter table ps_auths set tablespace small;
            alter table pjsip_sync.managed_endpoint set tablespace small
            """);
        await rig.Database.ExecuteAsync("create table nonsense (line text) tablespace small");
        await Assert.ThrowsAsync<Npgsql.PostgresException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await rig.Database.ExecuteAsync("insert into nonsense select repeat(md5(g::text), 60) from generate_series(1, 500) g");
        });
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password, display_name) select g::text, 'x', repeat('n', 60)
              from generate_series(5000, 9000) g
            """);
        await Eventually.True(() => Task.FromResult(rig.Worker.Log.Contains("53100", StringComparison.Ordinal)));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        await rig.Database.ExecuteAsync("drop table nonsense");

        await Measurements.RecordAsync("the disk is full", await Invariants.HoldAsync(rig.Database));
    }

    /// <summary>The rig that one fault after another befalls; of one that was not right again nobody hears any more.</summary>
    public sealed class Rig : IAsyncDisposable
    {
        private FaultRig? _free;
        private FaultRig? _taken;

        internal async Task<FaultRig> TakeAsync()
        {
            if (_taken is not null)
                await _taken.DisposeAsync();
            return _taken = Interlocked.Exchange(ref _free, null) ?? await FaultRig.CreateAsync();
        }

        internal void GiveBack(FaultRig rig) => (_free, _taken) = (rig, null);

        public async ValueTask DisposeAsync()
        {
            foreach (var rig in new[] { _free, _taken })
                if (rig is not null)
                    await rig.DisposeAsync();
        }
    }
}
