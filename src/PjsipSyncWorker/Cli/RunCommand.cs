using System.CommandLine;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Cli;

/// <summary><c>run</c>, the default: the daemon with both loops.</summary>
internal static class RunCommand
{
    public static System.CommandLine.Command Create(Option<string?> config)
    {
        var command = new System.CommandLine.Command("run", "Run the daemon: sync, registrations, metrics (the default)");
        command.SetAction((parsed, cancellation) => ExecuteAsync(parsed.GetValue(config), cancellation));
        return command;
    }

    public static Task<int> ExecuteAsync(string? configFile, CancellationToken cancellation) =>
        Command.RunAsync(configFile, async settings =>
        {
            using var host = Build(configFile, settings);
            await StartupCheck.RunAsync(host.Services, settings, cancellation);
            if (!await TryListenAsync(host, settings.Metrics))
                return ExitCode.Usage;
            await host.StartAsync(cancellation);
            return await EndAsync(host);
        });

    /// <summary>Runs until a signal, or until a loop fails in a way that nobody foresaw: then a restart is the best answer.</summary>
    private static async Task<int> EndAsync(IHost host)
    {
        try
        {
            await host.WaitForShutdownAsync();
        }
        catch (OperationCanceledException)
        {
            // What did not end in time (a server that does not answer) is rolled back by the database when this process is gone.
        }
        return host.Services.GetServices<IHostedService>().Any(service => service is BackgroundService { ExecuteTask.IsFaulted: true })
            ? ExitCode.Problems
            : ExitCode.Good;
    }

    /// <summary>Opens the port for metrics before anything else runs.</summary>
    private static async Task<bool> TryListenAsync(IHost host, MetricsSettings metrics)
    {
        try
        {
            host.Services.GetService<MeterProvider>();
            return true;
        }
        catch (InvalidOperationException error) when (error.InnerException is HttpListenerException reason)
        {
            await Console.Error.WriteLineAsync($"Metrics cannot listen on {metrics.Host}:{metrics.Port}: {reason.Message} (Metrics:Host, Metrics:Port; Metrics:Enabled=false does without)");
            return false;
        }
    }

    /// <summary>As systemd itself says; SystemdHelpers asks /proc for the parent, which a hardened unit does not see.</summary>
    private static bool WritesToJournal =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 }
        && Environment.GetEnvironmentVariable("SYSTEMD_EXEC_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private static IHost Build(string? configFile, WorkerSettings settings)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        var logging = SettingsReader.Load(configFile).GetSection("Logging");
        builder.Logging.AddConfiguration(logging);
        if (string.Equals(logging["Format"], "json", StringComparison.OrdinalIgnoreCase))
            builder.Logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = ("yyyy-MM-ddTHH:mm:ss.fffZ", true));
        else if (WritesToJournal)
            builder.Logging.AddSystemdConsole(); // the journal has its own time, and priorities
        else
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning).AddFilter("Microsoft.Hosting", LogLevel.Warning).AddFilter("Polly", LogLevel.Error);

        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => DataSource.Create(settings.ConnectionString, services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        builder.Services.AddSingleton<Health>();
        builder.Services.AddSingleton<SyncMetrics>();
        builder.Services.AddSingleton<RegistrationMetrics>();
        builder.Services.AddSingleton<ListenMetrics>();
        builder.Services.AddSingleton<OverviewSampler>();
        builder.Services.AddSingleton<StatusWriter>();
        builder.Services.AddHostedService<SyncService>();
        builder.Services.AddHostedService<RegistrationService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OverviewSampler>());
        builder.Services.AddHostedService<SystemdReporter>();
        if (!settings.Metrics.Enabled)
            return builder.Build();
        builder.Services.AddHostedService<HealthEndpoint>();
        MetricsExporter.Add(builder.Services, settings);
        return builder.Build();
    }
}
