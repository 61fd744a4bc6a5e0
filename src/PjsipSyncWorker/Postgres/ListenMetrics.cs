using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>Counts how often listening connections were opened again. Thread-safe.</summary>
internal sealed class ListenMetrics : IDisposable
{
    private readonly Meter _meter = new(WorkerMeter.Name);
    private readonly Counter<long> _reconnects;
    private readonly ConcurrentDictionary<string, bool> _opened = new(StringComparer.Ordinal);

    public ListenMetrics() =>
        _reconnects = _meter.CreateCounter<long>("pjsip_sync_listen_reconnects",
            description: "Listening connections made again, by channel.");

    /// <summary>
    /// Counts a connection that listens now. The first one of a channel counts as 0, so that the time series exists before a reconnect.
    /// </summary>
    public void Opened(string channel) =>
        _reconnects.Add(_opened.TryAdd(channel, true) ? 0 : 1, new KeyValuePair<string, object?>("channel", channel));

    public void Dispose() => _meter.Dispose();
}
