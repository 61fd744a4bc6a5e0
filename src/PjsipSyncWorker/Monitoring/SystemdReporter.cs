using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// Reports to systemd: READY once each part has completed a first pass, well or not; STATUS for <c>systemctl status</c>; WATCHDOG
/// while no part is stuck; STOPPING at the end. Does nothing when systemd did not start the daemon.
/// </summary>
internal sealed class SystemdReporter(
    ISystemdNotifier notifier, Health health, OverviewSampler sampler, TimeProvider time, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    /// <summary>How often to check whether all parts have started.</summary>
    private static readonly TimeSpan StartPollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Shortest time between two reports of the status.</summary>
    private static readonly TimeSpan StatusInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Time after which the status is made anew although nothing changed: it has durations, and parts get stuck.</summary>
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!notifier.IsEnabled)
            return;
        using var stopping = lifetime.ApplicationStopping.Register(() => Notify(ServiceState.Stopping));
        var watchdogInterval = WatchdogInterval(Environment.GetEnvironmentVariable("WATCHDOG_USEC"));
        await Task.WhenAll(ReportReadyAsync(stoppingToken), WatchAsync(watchdogInterval, stoppingToken), DescribeAsync(stoppingToken));
    }

    private async Task ReportReadyAsync(CancellationToken cancellation)
    {
        while (!health.Started)
            await Task.Delay(StartPollInterval, time, cancellation);
        Notify(ServiceState.Ready);
    }

    /// <summary>How often to ping: three times within systemd's limit. Null when systemd does not watch.</summary>
    /// <param name="microseconds">The limit, as WATCHDOG_USEC gives it; null when it is not set.</param>
    internal static TimeSpan? WatchdogInterval(string? microseconds) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0
            ? TimeSpan.FromMicroseconds(limit / 3.0)
            : null;

    /// <summary>Pings systemd while no part is stuck. Without a ping within the limit, systemd restarts the worker.</summary>
    internal async Task WatchAsync(TimeSpan? interval, CancellationToken cancellation)
    {
        if (interval is null)
            return;
        while (true)
        {
            if (health.Alive)
                Notify(new ServiceState("WATCHDOG=1"));
            await Task.Delay(interval.Value, time, cancellation);
        }
    }

    /// <summary>Reports the status whenever it has changed.</summary>
    private async Task DescribeAsync(CancellationToken cancellation)
    {
        var last = "";
        while (true)
        {
            var changed = health.Changed.Next();
            var status = HealthText.Line(health.Parts, sampler.Latest);
            if (status != last)
                Notify(new ServiceState($"STATUS={last = status}"));
            await Task.Delay(StatusInterval, time, cancellation);
            await Signal.WaitAsync(changed, LongestInterval, time, cancellation);
        }
    }

    private void Notify(ServiceState state)
    {
        try
        {
            notifier.Notify(state);
        }
        catch (SocketException)
        {
            // systemd restarts or its queue is full. The next notification follows soon, so the daemon goes on.
        }
    }
}
