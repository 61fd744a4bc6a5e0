using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Hosting;

/// <summary>The daemon: both loops and their monitoring, composed and run.</summary>
internal static class WorkerHost
{
    /// <summary>How long the loops may take to stop after a signal.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Runs until a signal, or until a loop fails with an exception that it does not handle.</summary>
    /// <param name="configuration">The configuration that the settings were read from; it also has the section Logging.</param>
    /// <param name="cancellation">Cancels the start only; a signal ends the daemon.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IConfiguration configuration, WorkerSettings settings, CancellationToken cancellation)
    {
        settings = await StartupCheck.RunAsync(settings, cancellation);
        using var host = Build(configuration, settings);
        if (!await TryListenAsync(host, settings.Metrics))
            return ExitCode.Usage;
        var life = host.Services.GetRequiredService<LifeLog>();
        life.Started(configuration);
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(life.Stopping);
        await host.StartAsync(cancellation);
        var failure = await WaitForEndAsync(host);
        await life.StoppedAsync(failure);
        return failure is null ? ExitCode.Good : ExitCode.Problems;
    }

    private static IHost Build(IConfiguration configuration, WorkerSettings settings)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.Logging.AddWorkerLogging(configuration.GetSection("Logging"));
        builder.Services.AddSingleton<SignalLifetime>();
        builder.Services.AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<SignalLifetime>());
        builder.Services.AddSingleton<LifeLog>();
        builder.Services.AddShared(settings);
        builder.Services.AddSync();
        builder.Services.AddRegistrations();
        builder.Services.AddMonitoring(settings);
        return builder.Build();
    }

    /// <summary>Opens the port of the metrics before the loops start, so that a port in use ends the daemon with one clear line.</summary>
    private static async Task<bool> TryListenAsync(IHost host, MetricsSettings metrics)
    {
        try
        {
            host.Services.GetService<MeterProvider>();
            return true;
        }
        catch (InvalidOperationException error) when (error.InnerException is HttpListenerException reason)
        {
            await Console.Error.WriteLineAsync(
                $"Metrics cannot listen on {metrics.Host}:{metrics.Port}: {reason.Message} "
                + "(Metrics:Host, Metrics:Port; Metrics:Enabled=false does without)");
            return false;
        }
    }

    /// <returns>The exception of the loop that failed; null when none did.</returns>
    private static async Task<Exception?> WaitForEndAsync(IHost host)
    {
        try
        {
            await host.WaitForShutdownAsync();
        }
        catch (OperationCanceledException)
        {
            // A statement did not end within the timeout. PostgreSQL rolls it back when this process is gone.
        }
        return host.Services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Select(service => service.ExecuteTask?.Exception?.InnerException).FirstOrDefault(failure => failure is not null);
    }
}
