using System.Diagnostics.Metrics;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations;

/// <summary>
/// The metrics of loop 2. Labels are the names of nodes, and of AMI events and actions, of which there are about a dozen. Thread-safe.
/// </summary>
internal sealed class RegistrationMetrics : IDisposable
{
    private readonly Meter _meter = new(WorkerMeter.Name);
    private readonly Lock _lock = new();
    private readonly Counter<long> _statusChanges;
    private readonly TimeProvider _time;
    private NodeMetrics[] _nodes = [];

    public RegistrationMetrics(TimeProvider time)
    {
        _time = time;
        _statusChanges = _meter.CreateCounter<long>("pjsip_sync_status_flips", description: "Extensions that went online or offline.");
        Reconnects = _meter.CreateCounter<long>("pjsip_sync_ami_reconnects", description: "AMI sessions begun after a first one, by node.");
        Events = _meter.CreateCounter<long>("pjsip_sync_ami_events", description: "AMI events received, by node and name.");
        Actions = _meter.CreateDuration("pjsip_sync_ami_action_duration",
            "Time from an AMI action to the end of its answer, by node, action and result.");
        Snapshots = _meter.CreateDuration("pjsip_sync_ami_snapshot_duration",
            "Time that a snapshot of an Asterisk's contacts and device states took, by node.");
        Announcements = _meter.CreateDuration("pjsip_sync_announcement_duration",
            "Time that Asterisk took for the announcement of one extension, by node.");
        Reloads = _meter.CreateDuration("pjsip_sync_asterisk_reload_duration",
            "Time that a reload of PJSIP took which this worker asked for, by node.");
        _meter.CreateObservableGauge("pjsip_sync_announcements_waiting",
            () => OfNodes(node => node.Announcements.Count),
            description: "Extensions that wait to be announced to the node by this worker.");
        _meter.CreateObservableGauge("pjsip_sync_announcements_age",
            () => OfNodes(node => node.Announcements.Age.TotalSeconds),
            WorkerMeter.Seconds, "Time since extensions have been waiting to be announced to the node without a pause; 0 when none waits.");
        _meter.CreateObservableGauge("pjsip_sync_ami_connected",
            () => OfNodes(node => node.Connected ? 1 : 0),
            description: "Whether this worker has an AMI session with the node (1) or not (0); another worker may have one.");
        _meter.CreateObservableGauge("pjsip_sync_standby",
            () => OfNodes(node => node.StandsBy ? 1 : 0),
            description: "Whether this worker stands by because another one follows the node (1) or not (0).");
    }

    /// <summary>AMI sessions after the first, by node.</summary>
    public Counter<long> Reconnects { get; }

    /// <summary>AMI events, by node and name.</summary>
    public Counter<long> Events { get; }

    /// <summary>Seconds from an AMI action to the end of its answer, by node, action and result.</summary>
    public Histogram<double> Actions { get; }

    /// <summary>Seconds that a snapshot took, by node.</summary>
    public Histogram<double> Snapshots { get; }

    /// <summary>Seconds that an announcement took, by node.</summary>
    public Histogram<double> Announcements { get; }

    /// <summary>Seconds that a reload of PJSIP took, by node.</summary>
    public Histogram<double> Reloads { get; }

    /// <summary>Returns the metrics of a node. Call it once for each node.</summary>
    public NodeMetrics Node(string name)
    {
        var node = new NodeMetrics(this, name, _time);
        lock (_lock)
            Volatile.Write(ref _nodes, [.. _nodes, node]);
        return node;
    }

    /// <summary>Counts extensions that went online or offline.</summary>
    public void StatusChanged(int count) => _statusChanges.Add(count);

    /// <summary>Ends all instruments.</summary>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<T>> OfNodes<T>(Func<NodeMetrics, T> read) where T : struct =>
        Volatile.Read(ref _nodes).Select(node => new Measurement<T>(read(node), node.Label));
}
