using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Nodes;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>A contact tracker with its node, which a test drives in the place of Asterisk.</summary>
internal static class TrackedNode
{
    public static readonly ContactKey[] Phones = [.. Enumerable.Range(1, 3)
        .Select(i => new ContactKey("1001", $"sip:1001@192.0.2.{i}:5060"))];

    public static async Task<(NodeLease Store, ContactTracker Book)> OpenAsync(SyncRig rig, string node, bool shared = false)
    {
        var store = (await NodeLease.TryAcquireAsync(rig.DataSource, node, TimeProvider.System, default))!;
        var tracker = new ContactTracker(TimeProvider.System);
        await store.Contacts.LoadAsync(tracker, default);
        await store.HeartbeatAsync(true, null, default);
        tracker.BeginSnapshot();
        tracker.EndSnapshot([], [], shared);
        return (store, tracker);
    }

    public static async Task FlushAsync(ContactTracker tracker, NodeLease store)
    {
        var changes = tracker.DequeueChanges();
        await store.Contacts.WriteAsync(changes, default);
        tracker.Acknowledge(changes);
    }

    public static Contact Seen(string? viaAddress = null) =>
        new("Reachable", null, viaAddress, null, null, DateTimeOffset.UtcNow.AddMinutes(5), DateTimeOffset.UtcNow);
}
