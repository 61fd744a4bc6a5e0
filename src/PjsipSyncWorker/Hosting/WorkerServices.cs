using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Hosting;

/// <summary>The services of the daemon, by folder. All are singletons.</summary>
internal static class WorkerServices
{
    /// <summary>Settings, clock, database and health, which both loops use.</summary>
    public static void AddShared(this IServiceCollection services, WorkerSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(provider => DataSource.Create(settings.ConnectionString, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<Health>();
        services.AddSingleton<ListenMetrics>();
    }

    /// <summary>Loop 1: from recorded changes to the ps_* tables.</summary>
    public static void AddSync(this IServiceCollection services)
    {
        services.AddSingleton<SyncMetrics>();
        services.AddHostedService<SyncService>();
    }

    /// <summary>Loop 2: from Asterisk's events to the status of an extension.</summary>
    public static void AddRegistrations(this IServiceCollection services)
    {
        services.AddSingleton<RegistrationMetrics>();
        services.AddSingleton<StatusWriter>();
        services.AddHostedService<RegistrationService>();
    }

    /// <summary>systemd and the overview always; /metrics, /healthz and /readyz when <c>Metrics:Enabled</c> is true.</summary>
    public static void AddMonitoring(this IServiceCollection services, WorkerSettings settings)
    {
        services.AddSingleton<OverviewSampler>();
        services.AddHostedService(provider => provider.GetRequiredService<OverviewSampler>());
        services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        services.AddHostedService<SystemdReporter>();
        services.AddHostedService<OutageLog>();
        if (!settings.Metrics.Enabled)
            return;
        services.AddHostedService<HealthEndpoint>();
        MetricsExporter.Add(services, settings);
    }
}
