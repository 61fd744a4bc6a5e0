using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// Reads the <see cref="Overview"/> on a timer, and soon after the numbers changed, for systemd and for the gauges. A scrape causes no
/// query and never waits.
/// While the database does not answer, the gauges are absent rather than old.
/// </summary>
internal sealed class OverviewSampler : BackgroundService
{
    /// <summary>Longest time between two readings.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Shortest time between two readings.</summary>
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>A reading that follows early takes at most this share of the time.</summary>
    private const double MaxShare = 0.05;

    private readonly NpgsqlDataSource _dataSource;
    private readonly TimeProvider _time;
    private readonly Health _health;
    private readonly Meter _meter = new(WorkerMeter.Name);
    private volatile Overview? _latest;

    public OverviewSampler(NpgsqlDataSource dataSource, Health health, TimeProvider time)
    {
        (_dataSource, _health, _time) = (dataSource, health, time);
        _meter.CreateObservableGauge("pjsip_sync_database_connected", () => _latest is null ? 0 : 1,
            description: "Whether the database answered when it was last asked (1) or not (0).");
        Gauge("pjsip_sync_endpoints", "Endpoints that this worker's database owns.", seen => [new(seen.Endpoints)]);
        Gauge("pjsip_sync_extensions", "Extensions that are phones, by status.",
            seen => [new(seen.Online, Status("online")), new(seen.Endpoints - seen.Online, Status("offline"))]);
        Gauge("pjsip_sync_rejected", "Extensions that are refused now.", seen => [new(seen.Rejected)]);
        Gauge("pjsip_sync_unloadable", "Extensions that Asterisk cannot load, by node.",
            seen => seen.Unloadable.Select(node =>
                new Measurement<long>(node.Count, new KeyValuePair<string, object?>("node", node.Node))));
        Gauge("pjsip_sync_status_rejected", "Extensions whose status cannot be written into the application's table.",
            seen => [new(seen.StatusRejected)]);
        Gauge("pjsip_sync_backlog_rows", $"Changes recorded and not applied, counted up to {Overview.MostCounted}.",
            seen => [new(seen.Waiting)]);
        Gauge("pjsip_sync_contacts", "Registrations, by node and the status it reports.",
            seen => seen.Contacts.Select(contact =>
                new Measurement<long>(contact.Count, new("node", contact.Node), Status(contact.Status))));
        _meter.CreateObservableGauge("pjsip_sync_backlog_oldest_age", () => Of<double>(seen => [new(seen.OldestWait.TotalSeconds)]),
            WorkerMeter.Seconds, "Time that the oldest change not applied waits.");
        _meter.CreateObservableGauge("pjsip_sync_notify_queue_usage_ratio", () => Of<double>(seen => [new(seen.NotifyQueueUsage)]),
            description: "How full PostgreSQL's queue of notifications is, 0 to 1.");
    }

    /// <summary>The last reading; null when the database did not answer, and before the first. May be read from any thread.</summary>
    public Overview? Latest => _latest;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var changed = _health.NumbersChanged.Next();
            var begun = _time.GetTimestamp();
            _latest = await Overview.TryReadAsync(_dataSource, stoppingToken);
            var pause = EarliestNext(_time.GetElapsedTime(begun));
            _health.Changed.Set();
            await Task.Delay(pause, _time, stoppingToken);
            await Signal.WaitAsync(changed, Interval - pause, _time, stoppingToken);
        }
    }

    private static TimeSpan EarliestNext(TimeSpan took)
    {
        var pause = took / MaxShare;
        return pause < ShortestInterval ? ShortestInterval : pause < Interval ? pause : Interval;
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    private void Gauge(string name, string description, Func<Overview, IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(name, () => Of(read), description: description);

    private IEnumerable<Measurement<T>> Of<T>(Func<Overview, IEnumerable<Measurement<T>>> read) where T : struct =>
        _latest is { } seen ? read(seen) : [];

    private static KeyValuePair<string, object?> Status(string status) => new("status", status);
}
