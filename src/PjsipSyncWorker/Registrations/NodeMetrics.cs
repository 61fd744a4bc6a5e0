using System.Text;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations;

/// <summary>The part of <see cref="RegistrationMetrics"/> that is about one Asterisk node. Counting allocates nothing.</summary>
internal sealed class NodeMetrics(RegistrationMetrics metrics, string name, TimeProvider time)
{
    /// <summary>Whatever else Asterisk sends is one name, so that it cannot make labels.</summary>
    private static readonly (byte[] Wire, string Label)[] KnownEvents =
        [.. AsteriskSession.Events.Select(known => (Encoding.ASCII.GetBytes(known), known))];

    private volatile bool _connected;
    private bool _hadSession;

    public KeyValuePair<string, object?> Label { get; } = new("node", name);

    public bool Connected => _connected;

    public AnnouncementMetrics Announcements { get; } = new(metrics, new("node", name), time);

    public void SessionBegan()
    {
        metrics.Reconnects.Add(_hadSession ? 1 : 0, Label);
        (_hadSession, _connected) = (true, true);
    }

    public void SessionEnded() => _connected = false;

    public void Event(ReadOnlySpan<byte> wire)
    {
        var label = "other";
        foreach (var known in KnownEvents)
            if (wire.SequenceEqual(known.Wire))
                label = known.Label;
        metrics.Events.Add(1, Label, new("event", label));
    }

    public void Action(string action, string result, TimeSpan took) =>
        metrics.Actions.Record(took.TotalSeconds, Label, new("action", action), new("result", result));

    public void Snapshot(TimeSpan took) => metrics.Snapshots.Record(took.TotalSeconds, Label);
}
