using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Tests.Sync;

public sealed class SyncScheduleTests
{
    private static readonly SyncSettings Settings = SettingsReader.Read(new ConfigurationBuilder().Build()).Sync with
    {
        PollInterval = TimeSpan.FromSeconds(30),
        ReconcileInterval = TimeSpan.FromMinutes(10),
    };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_pause_lasts_until_the_next_poll_or_the_next_comparison()
    {
        var schedule = new SyncSchedule(Settings, _time);
        Assert.Equal(TimeSpan.FromSeconds(30), schedule.NextPause(areRemovalsHeldBack: false));

        _time.Advance(TimeSpan.FromSeconds(590));
        Assert.Equal(TimeSpan.FromSeconds(10), schedule.NextPause(areRemovalsHeldBack: false));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, schedule.NextPause(areRemovalsHeldBack: false));

        schedule.Reconciled();
        Assert.Equal(TimeSpan.FromSeconds(30), schedule.NextPause(areRemovalsHeldBack: false));
    }

    [Fact]
    public void Held_back_removals_bring_the_next_comparison_forward()
    {
        var schedule = new SyncSchedule(Settings, _time);

        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(TimeSpan.FromSeconds(10), schedule.NextPause(areRemovalsHeldBack: true));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, schedule.NextPause(areRemovalsHeldBack: true));
        Assert.Equal(TimeSpan.FromSeconds(30), schedule.NextPause(areRemovalsHeldBack: false));
    }

    [Fact]
    public void Maintenance_is_due_one_poll_interval_after_the_last_and_after_a_comparison()
    {
        var schedule = new SyncSchedule(Settings, _time);
        Assert.False(schedule.IsMaintenanceDue);

        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(schedule.IsMaintenanceDue);
        schedule.Maintained();
        Assert.False(schedule.IsMaintenanceDue);

        _time.Advance(TimeSpan.FromSeconds(29));
        schedule.Reconciled();
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(schedule.IsMaintenanceDue);
    }

    [Fact]
    public void A_comparison_interval_shorter_than_the_poll_interval_limits_every_pause()
    {
        var schedule = new SyncSchedule(Settings with { ReconcileInterval = TimeSpan.FromSeconds(5) }, _time);

        Assert.Equal(TimeSpan.FromSeconds(5), schedule.MaxPause);
        Assert.Equal(TimeSpan.FromSeconds(5), schedule.NextPause(areRemovalsHeldBack: false));
    }
}
