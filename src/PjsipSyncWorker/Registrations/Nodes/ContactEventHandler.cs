using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Passes the AMI events of one node to its tracker and announcer, and wakes the loops that react to them. Called on the read loop of the
/// connection: an event that repeats earlier values makes no string.
/// </summary>
internal sealed class ContactEventHandler(
    ContactTracker tracker, EndpointAnnouncer announcer, NodeState state, NodeMetrics metrics) : IAmiEventHandler
{
    /// <summary>The names of the events that loop 2 needs.</summary>
    public static readonly string[] Events = ["ContactStatus", "DeviceStateChange", "PeerStatus", "Reload", "Shutdown", "FullyBooted"];

    /// <summary>Ids, addresses and states of phones, which repeat in every event.</summary>
    private readonly Utf8StringCache _strings = new(maxCount: 1_000_000);

    void IAmiEventHandler.OnEvent(in AmiMessage message)
    {
        var name = message.Event;
        metrics.Event(name);
        if (name.SequenceEqual("ContactStatus"u8))
            OnContactStatus(message);
        else if (name.SequenceEqual("DeviceStateChange"u8))
            OnDeviceStateChange(message);
        else if (name.SequenceEqual("PeerStatus"u8))
            OnPeerStatus(message);
        else if (name.SequenceEqual("Reload"u8))
            OnReload(message);
    }

    void IAmiEventHandler.OnActionEnded(string action, string result, TimeSpan took) => metrics.Action(action, result, took);

    private void OnContactStatus(in AmiMessage message)
    {
        var endpoint = message.Get("EndpointName"u8) is { Length: > 0 } name ? name : message.Get("AOR"u8);
        var uri = message.Get("URI"u8);
        if (endpoint.IsEmpty || uri.IsEmpty)
            return;
        var status = message.Get("ContactStatus"u8) is { Length: > 0 } value ? _strings.GetOrAdd(value) : "Unknown";
        var key = new ContactKey(_strings.GetOrAdd(endpoint), _strings.GetOrAdd(uri));
        if (tracker.OnContactStatus(key, status, AmiFields.RoundTrip(message.Get("RoundtripUsec"u8))))
            state.SnapshotWanted.Set();
        if (tracker.HasUrgentChanges)
            state.ContactsChanged.Set();
    }

    private void OnDeviceStateChange(in AmiMessage message)
    {
        if (AmiFields.EndpointOf(_strings.GetOrAdd(message.Get("Device"u8))) is not { } endpoint
            || message.Get("State"u8) is not { Length: > 0 } deviceState)
            return;
        tracker.OnDeviceState(endpoint, _strings.GetOrAdd(deviceState));
        state.ContactsChanged.Set();
    }

    private void OnPeerStatus(in AmiMessage message)
    {
        // The announcement of an endpoint whose phones are registered already causes this event and no ContactStatus.
        if (AmiFields.EndpointOf(AmiFields.Text(message, "Peer"u8)) is { } endpoint && !tracker.HasContact(endpoint))
            state.SnapshotWanted.Set();
    }

    private void OnReload(in AmiMessage message)
    {
        if (AmiFields.ReloadsPjsip(AmiFields.Text(message, "Module"u8)))
        {
            announcer.OnReload();
            state.FilesMayDiffer.Set();
        }
        state.ServerReloaded.Set();
        state.ReferencesMayDiffer.Set();
    }
}
