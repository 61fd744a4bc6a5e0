using PjsipSyncWorker.IntegrationTests.Infrastructure;

namespace PjsipSyncWorker.IntegrationTests;

/// <summary>After each fault, with nobody's help, everything holds that must.</summary>
public sealed class FaultTests
{
    public static TheoryData<string> OfTheDatabase { get; } = [.. Faults.OfTheDatabase.Keys];

    [Theory]
    [MemberData(nameof(OfTheDatabase))]
    public async Task Nothing_is_lost_when(string fault)
    {
        await using var rig = await FaultRig.CreateAsync();
        await using (var application = new Application(rig.Database, seed: fault.Length))
        {
            await application.WorkAsync(50);
            await Faults.OfTheDatabase[fault](rig);
            await application.WorkAsync(50);
        }
        await Measured.Async(fault, await Invariants.HoldAsync(rig.Database));
        // It is not only right, it works.
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Invariants.HoldAsync(rig.Database, TimeSpan.FromSeconds(10));
        Assert.False(rig.Worker.HasExited, rig.Worker.Log);
    }

    [Fact]
    public async Task Another_worker_goes_on_within_a_second_when_the_active_one_is_killed()
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
            await Measured.Async("the active worker of two is killed", watch.Elapsed);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }
        await Invariants.HoldAsync(rig.Database);
    }

    [Fact]
    public async Task A_worker_that_falls_silent_in_the_middle_of_a_batch_keeps_the_lock_for_seconds_only()
    {
        await using var rig = await FaultRig.CreateAsync("Sync__PollInterval=00:00:01");
        await rig.AddStandbyAsync();
        // Batches take long enough that the line can fall silent in the middle of one.
        await rig.Database.ExecuteAsync("create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end'; create trigger slow after insert or update on ps_endpoints for each statement execute function slow()");
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
                await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>($"select count(*) from ps_endpoints where id = '{number}'"), TimeSpan.FromSeconds(30));
                silent = silent > watch.Elapsed ? silent : watch.Elapsed;
            }
            await Measured.Async("a worker falls silent holding the lock, another stands by", silent);
        }
        await rig.Database.ExecuteAsync("drop trigger slow on ps_endpoints");
        await Invariants.HoldAsync(rig.Database);
    }

    [Fact]
    public async Task A_full_disk_costs_nothing_but_time()
    {
        await using var disk = await SmallDisk.CreateAsync(megabytes: 64);
        await using var rig = await FaultRig.CreateAsync();
        await rig.Database.ExecuteAsync($"create tablespace small location '{disk.Folder}'");
        // All that the worker writes is on that disk.
        await rig.Database.ExecuteAsync("alter table ps_endpoints set tablespace small; alter table ps_auths set tablespace small; alter table pjsip_sync.endpoint set tablespace small");
        await rig.Database.ExecuteAsync("create table nonsense (line text) tablespace small");
        await Assert.ThrowsAsync<Npgsql.PostgresException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await rig.Database.ExecuteAsync("insert into nonsense select repeat(md5(g::text), 60) from generate_series(1, 500) g");
        });
        await rig.Database.ExecuteAsync("insert into extensions (number, password, display_name) select g::text, 'x', repeat('n', 60) from generate_series(5000, 9000) g");
        await Eventually.True(() => Task.FromResult(rig.Worker.Log.Contains("53100", StringComparison.Ordinal)));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        await rig.Database.ExecuteAsync("drop table nonsense");

        await Measured.Async("the disk is full", await Invariants.HoldAsync(rig.Database));
    }
}
