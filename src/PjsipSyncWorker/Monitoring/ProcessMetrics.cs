using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>The metrics of the process, with the names and meanings that Prometheus's client libraries give them.</summary>
/// <remarks>Read from /proc/self at each scrape (proc_pid_statm(5), proc_pid_limits(5)).</remarks>
internal static class ProcessMetrics
{
    private const string Bytes = "By";

    private const string OpenFilesLimit = "Max open files";

    /// <summary>Makes the instruments. The meter keeps them; without it they would end.</summary>
    public static Meter Create()
    {
        var meter = new Meter(WorkerMeter.Name);
        var startedAt = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeMilliseconds() / 1000.0;
        meter.CreateObservableCounter("process_cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, WorkerMeter.Seconds,
            "Total user and system CPU time spent in seconds.");
        meter.CreateObservableGauge("process_start_time", () => startedAt, WorkerMeter.Seconds,
            "Start time of the process since unix epoch in seconds.");
        meter.CreateObservableGauge("process_resident_memory", () => Pages(1), Bytes, "Resident memory size in bytes.");
        meter.CreateObservableGauge("process_virtual_memory", () => Pages(0), Bytes, "Virtual memory size in bytes.");
        // The folder that is read is open itself.
        meter.CreateObservableGauge("process_open_fds", () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1,
            description: "Number of open file descriptors.");
        meter.CreateObservableGauge("process_max_fds", MaxOpenFiles, description: "Maximum number of open file descriptors.");
        return meter;
    }

    /// <summary>Returns a field of statm in bytes; there it is in pages.</summary>
    private static long Pages(int field) =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[field], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    /// <summary>Returns the soft limit; none when there is no limit.</summary>
    private static IEnumerable<Measurement<long>> MaxOpenFiles()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(OpenFilesLimit, StringComparison.Ordinal));
        var soft = line?[OpenFilesLimit.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? [new(limit)] : [];
    }
}
