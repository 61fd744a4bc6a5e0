using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>Exports metrics to Prometheus: the worker's own, and those of Npgsql, Polly and the runtime.</summary>
internal static class MetricsExporter
{
    /// <summary>Where the metrics are.</summary>
    public const string Path = "/metrics";

    /// <summary>Limit of the series of one instrument: 200 for those without a node, and 100 for each node.</summary>
    /// <remarks>OpenTelemetry allocates room for all of them at the start; its default of 2,000 takes 10 MB.</remarks>
    private static int MostSeries(int nodes) => 200 + 100 * nodes;

    /// <summary>Adds the exporter, which listens as soon as the MeterProvider is created.</summary>
    public static void Add(IServiceCollection services, WorkerSettings settings)
    {
        services.AddSingleton(BuildMeter());
        services.AddSingleton(ProcessMetrics.Create());
        var mostSeries = MostSeries(settings.Asterisk.Nodes.Count);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(WorkerMeter.Name, "Npgsql", "Polly", "System.Runtime")
            .AddView(instrument => View(instrument.Name, mostSeries))
            .AddPrometheusHttpListener(options =>
            {
                // Neither the name of a meter at each line nor a metric with the name of the program tells anything.
                (options.ScopeInfoEnabled, options.TargetInfoEnabled) = (false, false);
                options.ConfigureHttpListener = (_, listener) =>
                {
                    listener.Prefixes.Clear();
                    listener.Prefixes.Add(HealthEndpoint.Prefix(settings.Metrics, Path));
                };
            }));
    }

    /// <summary>
    /// Leaves out the instruments of libraries that say nothing about this program, and renames those whose names Prometheus reserves:
    /// <c>_count</c> is the suffix of a histogram. <c>promtool check metrics</c> has no complaint about the rest.
    /// </summary>
    private static MetricStreamConfiguration View(string instrument, int mostSeries) => instrument switch
    {
        // A native program compiles nothing and loads no assembly; and a retry lasts as long as a session, which may be weeks.
        _ when instrument.StartsWith("dotnet.jit.", StringComparison.Ordinal) => MetricStreamConfiguration.Drop,
        "dotnet.assembly.count" or "resilience.polly.strategy.attempt.duration" => MetricStreamConfiguration.Drop,
        "dotnet.timer.count" => Named("dotnet.timers", mostSeries),
        "dotnet.process.cpu.count" => Named("dotnet.process.cpus", mostSeries),
        "db.client.connection.count" => Named("db.client.connections", mostSeries),
        _ => new MetricStreamConfiguration { CardinalityLimit = mostSeries },
    };

    private static MetricStreamConfiguration Named(string name, int mostSeries) => new() { Name = name, CardinalityLimit = mostSeries };

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
