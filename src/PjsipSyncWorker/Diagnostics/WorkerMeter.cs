using System.Diagnostics.Metrics;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>What all instruments of this worker share.</summary>
internal static class WorkerMeter
{
    public const string Name = "PjsipSyncWorker";

    /// <summary>The exporter adds the unit to the name, and <c>_total</c> to a counter's.</summary>
    public const string Seconds = "s";

    /// <summary>From a single change to a comparison of a million extensions.</summary>
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    };

    public static Histogram<double> CreateDuration(this Meter meter, string name, string description) =>
        meter.CreateHistogram(name, Seconds, description, tags: null, Durations);
}
