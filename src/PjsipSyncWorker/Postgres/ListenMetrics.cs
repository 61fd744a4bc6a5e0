using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>How often the connections that wait for notifications had to be made again.</summary>
internal sealed class ListenMetrics : IDisposable
{
    private readonly Meter _meter = new(WorkerMeter.Name);
    private readonly Counter<long> _reconnects;
    private readonly ConcurrentDictionary<string, bool> _opened = new(StringComparer.Ordinal);

    public ListenMetrics() => _reconnects = _meter.CreateCounter<long>("pjsip_sync_listen_reconnects", description: "Listening connections made again, by channel.");

    /// <summary>A connection listens; the first one of a channel is no reconnect.</summary>
    public void Opened(string channel) => _reconnects.Add(_opened.TryAdd(channel, true) ? 0 : 1, new KeyValuePair<string, object?>("channel", channel));

    public void Dispose() => _meter.Dispose();
}
