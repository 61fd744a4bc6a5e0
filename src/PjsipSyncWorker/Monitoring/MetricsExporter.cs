using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>What Prometheus sees: our own meter, and those of Npgsql, Polly and the runtime.</summary>
internal static class MetricsExporter
{
    /// <summary>The most series of one instrument: enough for what is not about a node, and for each node.</summary>
    /// <remarks>OpenTelemetry keeps room for all of them from the start: with its own 2,000 that is 10 MB.</remarks>
    private static int MostSeries(int nodes) => 200 + 100 * nodes;

    public static void Add(IServiceCollection services, WorkerSettings settings)
    {
        services.AddSingleton(BuildMeter());
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(WorkerMeter.Name, "Npgsql", "Polly", "System.Runtime")
            .AddView("*", new MetricStreamConfiguration { CardinalityLimit = MostSeries(settings.Asterisk.Nodes.Count) })
            .AddPrometheusHttpListener(options => options.ConfigureHttpListener = (_, listener) =>
            {
                listener.Prefixes.Clear();
                listener.Prefixes.Add(HealthEndpoint.Prefix(settings.Metrics, "/metrics"));
            }));
    }

    /// <summary>The informational version is VERSION+COMMIT.DAY, without the rest when there was no repository.</summary>
    private static Meter BuildMeter()
    {
        var version = BuildInfo.Version.Split('+');
        var commit = version.ElementAtOrDefault(1)?.Split('.');
        var meter = new Meter(WorkerMeter.Name);
        var info = new Measurement<int>(1, new("version", version[0]), new("commit", commit?[0] ?? ""), new("date", commit?.ElementAtOrDefault(1) ?? ""));
        meter.CreateObservableGauge("pjsip_sync_build_info", () => info, description: "Which worker this is; always 1.");
        return meter;
    }
}
