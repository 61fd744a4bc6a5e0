using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;

namespace PjsipSyncWorker.Tests.Monitoring;

/// <summary>The watchdog: systemd restarts a worker that no longer pings.</summary>
public sealed class SystemdReporterTests
{
    [Theory]
    [InlineData("30000000", 10.0)]
    [InlineData("0", null)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public void It_pings_three_times_in_the_time_that_systemd_waits(string? microseconds, double? seconds) =>
        Assert.Equal(seconds, SystemdReporter.WatchdogInterval(microseconds)?.TotalSeconds);

    [Fact]
    public async Task It_pings_while_the_loops_make_progress_and_no_longer_when_one_is_stuck()
    {
        var time = new FakeTimeProvider();
        var health = new Health(time);
        var (sync, registrations) = (health.Begin("sync"), health.Begin("registrations"));
        var notifier = new Notes();
        using var reporter = new SystemdReporter(notifier, health, null!, time, null!);
        using var end = new CancellationTokenSource();
        var watching = reporter.WatchAsync(TimeSpan.FromSeconds(10), end.Token);
        Assert.Equal(["WATCHDOG=1"], notifier.Said);

        for (var i = 0; i < 60; i++)
        {
            sync.Progress();
            registrations.Progress();
            time.Advance(TimeSpan.FromSeconds(10));
        }
        Assert.Equal(61, notifier.Said.Count);

        notifier.Said.Clear();
        for (var i = 0; i < 60; i++)
        {
            sync.Progress();
            time.Advance(TimeSpan.FromSeconds(10));
        }
        // As long as its patience lasts, and then never again.
        Assert.InRange(notifier.Said.Count, 16, 18);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    private sealed class Notes : ISystemdNotifier
    {
        public List<string> Said { get; } = [];

        public bool IsEnabled => true;

        public void Notify(ServiceState state) => Said.Add(state.ToString()!);
    }
}
