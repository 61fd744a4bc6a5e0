using System.Text;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Nodes;

namespace PjsipSyncWorker.Registrations;

/// <summary>The part of <see cref="RegistrationMetrics"/> for one Asterisk node. Counting allocates nothing. Thread-safe.</summary>
internal sealed class NodeMetrics(RegistrationMetrics metrics, string name, TimeProvider time)
{
    /// <summary>Events with a label of their own. All others share one label, so that a peer cannot make labels.</summary>
    private static readonly (byte[] Wire, string Label)[] KnownEvents =
        [.. ContactEventHandler.Events.Select(known => (Encoding.ASCII.GetBytes(known), known))];

    private volatile bool _connected;
    private volatile bool _standsBy;
    private bool _hadSession;

    /// <summary>The label <c>node</c>.</summary>
    public KeyValuePair<string, object?> Label { get; } = new("node", name);

    /// <summary>Whether this worker has a session with the node.</summary>
    public bool Connected => _connected;

    /// <summary>Whether this worker stands by, because another worker holds the lease on the node.</summary>
    public bool StandsBy
    {
        get => _standsBy;
        set => _standsBy = value;
    }

    /// <summary>The metrics of the node's announcements.</summary>
    public AnnouncementMetrics Announcements { get; } = new(metrics, new("node", name), time);

    /// <summary>Counts a session; each after the first is a reconnect.</summary>
    public void SessionBegan()
    {
        metrics.Reconnects.Add(_hadSession ? 1 : 0, Label);
        (_hadSession, _connected) = (true, true);
    }

    /// <summary>Notes that no session is running.</summary>
    public void SessionEnded() => _connected = false;

    /// <summary>Counts an event by its name as it was received.</summary>
    public void Event(ReadOnlySpan<byte> wire)
    {
        var label = "other";
        foreach (var known in KnownEvents)
            if (wire.SequenceEqual(known.Wire))
                label = known.Label;
        metrics.Events.Add(1, Label, new("event", label));
    }

    /// <summary>Records an action that ended.</summary>
    /// <param name="result">As for <see cref="Ami.IAmiEventHandler.OnActionEnded"/>.</param>
    public void Action(string action, string result, TimeSpan took) =>
        metrics.Actions.Record(took.TotalSeconds, Label, new("action", action), new("result", result));

    /// <summary>Records a complete snapshot.</summary>
    public void Snapshot(TimeSpan took) => metrics.Snapshots.Record(took.TotalSeconds, Label);
}
