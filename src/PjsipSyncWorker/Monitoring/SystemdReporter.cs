using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// What systemd is told: READY once both loops did their first pass or said why not, STATUS for <c>systemctl status</c>,
/// WATCHDOG while both make progress, STOPPING at the end.
/// </summary>
internal sealed class SystemdReporter(
    ISystemdNotifier notifier, Health health, OverviewSampler sampler, TimeProvider time, IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!notifier.IsEnabled)
            return;
        using var stopping = lifetime.ApplicationStopping.Register(() => Tell(ServiceState.Stopping));
        await Task.WhenAll(StartAsync(), WatchAsync(WatchdogInterval(Environment.GetEnvironmentVariable("WATCHDOG_USEC")), stoppingToken), DescribeAsync(stoppingToken));

        async Task StartAsync()
        {
            while (!health.Started)
                await Task.Delay(Look, time, stoppingToken);
            Tell(ServiceState.Ready);
        }
    }

    /// <summary>How often to ping: three times in the time that systemd waits. Null when it does not watch.</summary>
    internal static TimeSpan? WatchdogInterval(string? microseconds) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? TimeSpan.FromMicroseconds(limit / 3.0) : null;

    /// <summary>A ping as long as no part is stuck; without it systemd restarts the worker.</summary>
    internal async Task WatchAsync(TimeSpan? interval, CancellationToken cancellation)
    {
        if (interval is null)
            return;
        while (true)
        {
            if (health.Alive)
                Tell(new ServiceState("WATCHDOG=1"));
            await Task.Delay(interval.Value, time, cancellation);
        }
    }

    private async Task DescribeAsync(CancellationToken cancellation)
    {
        var told = "";
        while (true)
        {
            var status = HealthText.Line(health.Parts, sampler.Latest);
            if (status != told)
                Tell(new ServiceState($"STATUS={told = status}"));
            await Task.Delay(StatusInterval, time, cancellation);
        }
    }

    private void Tell(ServiceState state)
    {
        try
        {
            notifier.Notify(state);
        }
        catch (SocketException)
        {
            // systemd is being restarted or its queue is full; the next word comes soon, and none is worth ending for.
        }
    }
}
