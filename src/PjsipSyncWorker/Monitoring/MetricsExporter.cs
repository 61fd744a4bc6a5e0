using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>Exports metrics to Prometheus: the worker's own, and those of Npgsql, Polly and the runtime.</summary>
internal static class MetricsExporter
{
    /// <summary>Limit of the series of one instrument: 200 for those without a node, and 100 for each node.</summary>
    /// <remarks>OpenTelemetry allocates room for all of them at the start; its default of 2,000 takes 10 MB.</remarks>
    private static int MostSeries(int nodes) => 200 + 100 * nodes;

    /// <summary>Adds the exporter, which listens as soon as the MeterProvider is created.</summary>
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

    /// <summary>
    /// The gauge with the build's version, commit and day. A build outside a repository has only a version (VERSION+COMMIT.DAY).
    /// </summary>
    private static Meter BuildMeter()
    {
        var version = BuildInfo.Version.Split('+');
        var commit = version.ElementAtOrDefault(1)?.Split('.');
        var meter = new Meter(WorkerMeter.Name);
        var info = new Measurement<int>(
            1, new("version", version[0]), new("commit", commit?[0] ?? ""), new("date", commit?.ElementAtOrDefault(1) ?? ""));
        meter.CreateObservableGauge("pjsip_sync_build_info", () => info, description: "Which worker this is; always 1.");
        return meter;
    }
}
