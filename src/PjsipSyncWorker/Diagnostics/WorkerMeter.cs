using System.Diagnostics.Metrics;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>What all metrics of the worker share.</summary>
internal static class WorkerMeter
{
    /// <summary>The name of every meter.</summary>
    public const string Name = "PjsipSyncWorker";

    /// <summary>The unit of durations and times. The exporter appends it to the name, and <c>_total</c> to the name of a counter.</summary>
    public const string Seconds = "s";

    /// <summary>Buckets for everything from a single change to a comparison of a million extensions.</summary>
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    };

    /// <summary>Makes a histogram of durations in seconds.</summary>
    public static Histogram<double> CreateDuration(this Meter meter, string name, string description) =>
        meter.CreateHistogram(name, Seconds, description, tags: null, Durations);
}
