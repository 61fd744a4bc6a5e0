using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.Tests.Registrations.Contacts.ContactTrackerRig;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

/// <summary>Which device states a contact tracker believes in after snapshots and events.</summary>
public sealed class DeviceStateTests
{
    private readonly ContactTrackerRig _rig = new();

    [Fact]
    public void Restarted_Asterisk_without_device_states_has_only_unavailable_phones()
    {
        var tracker = _rig.Empty();
        Snapshot(tracker, new() { ["1001"] = "NOT_INUSE", ["1002"] = "INUSE" }, Anna, Bert);
        Assert.Empty(tracker.RegisteredButUnavailable());

        Snapshot(tracker, [], Anna, Bert);

        Assert.Equal(["1001", "1002"], tracker.RegisteredButUnavailable().Order(StringComparer.Ordinal));
        Assert.Equal([("1001", "UNAVAILABLE"), ("1002", "UNAVAILABLE")], tracker.DequeueChanges().Devices.Order());
    }

    [Fact]
    public void State_of_an_event_during_a_snapshot_is_newer_than_the_snapshot()
    {
        var tracker = _rig.Empty();
        tracker.BeginSnapshot();
        tracker.OnDeviceState("1001", "INUSE");
        tracker.EndSnapshot(new() { [Anna] = _rig.Seen() }, []);

        Assert.Empty(tracker.RegisteredButUnavailable());
        Assert.Equal([("1001", "INUSE")], tracker.DequeueChanges().Devices);
    }

    [Fact]
    public void State_that_the_database_holds_and_Asterisk_does_not_is_overwritten()
    {
        var tracker = new ContactTracker(_rig.Time);
        tracker.SetStored([], new() { ["1001"] = "INUSE", ["1002"] = "NOT_INUSE" });
        Assert.True(tracker.DequeueChanges().IsEmpty);

        Snapshot(tracker, new() { ["1002"] = "NOT_INUSE" }, Bert);

        Assert.Equal([("1001", "UNAVAILABLE")], tracker.DequeueChanges().Devices);
    }

    [Fact]
    public void Unchanged_states_of_a_snapshot_are_no_pending_change()
    {
        var tracker = _rig.Empty();
        Snapshot(tracker, new() { ["1001"] = "NOT_INUSE" }, Anna);
        tracker.Acknowledge(tracker.DequeueChanges());

        Snapshot(tracker, new() { ["1001"] = "NOT_INUSE" }, Anna);

        Assert.Empty(tracker.DequeueChanges().Devices);
    }

    private void Snapshot(ContactTracker tracker, Dictionary<string, string> devices, params ContactKey[] contacts)
    {
        tracker.BeginSnapshot();
        tracker.EndSnapshot(contacts.ToDictionary(key => key, _ => _rig.Seen()), devices);
    }
}
