using CsCheck;
using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.Tests.Registrations.Contacts.ContactTrackerRig;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

/// <summary>What a contact tracker knows of the rows in the database, and which changes it still has to write.</summary>
public sealed class StoredContactTests
{
    private readonly ContactTrackerRig _rig = new();

    [Fact]
    public void Failed_write_is_a_pending_change_again()
    {
        var tracker = _rig.Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.OnDeviceState("1001", "NOT_INUSE");
        var lost = tracker.DequeueChanges();
        tracker.Requeue(lost);
        tracker.OnContactStatus(Anna, "Removed", null);

        var changes = tracker.DequeueChanges();

        Assert.Empty(changes.Contacts);
        Assert.Empty(changes.Gone);
        Assert.Equal([("1001", "NOT_INUSE")], changes.Devices);
    }

    [Fact]
    public void Contact_removed_by_another_worker_returns_only_by_a_snapshot()
    {
        var tracker = _rig.Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.Acknowledge(tracker.DequeueChanges());

        Assert.True(tracker.SetStored([], []));
        Assert.True(tracker.DequeueChanges().IsEmpty);

        Snapshot(tracker, (Anna, _rig.Seen()));
        Assert.Equal([Anna], tracker.DequeueChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void Unwritten_contact_is_not_taken_for_one_that_was_removed()
    {
        var tracker = _rig.Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.Requeue(tracker.DequeueChanges());

        Assert.False(tracker.SetStored([], []));

        Assert.Equal([Anna], tracker.DequeueChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void Stored_state_is_no_pending_change()
    {
        _rig.Time.Advance(TimeSpan.FromTicks(12_345_678_901));
        var tracker = _rig.Empty();
        tracker.OnContactStatus(Anna, "NonQualified", TimeSpan.FromMicroseconds(1234));
        var contact = Assert.Single(tracker.DequeueChanges().Contacts).Contact;

        var kept = contact with { RegisteredAt = new DateTimeOffset(contact.RegisteredAt.Ticks / 10 * 10, TimeSpan.Zero) };
        tracker.SetStored(new() { [Anna] = kept }, []);

        Assert.True(tracker.DequeueChanges().IsEmpty);
    }

    [Fact]
    public void Database_equals_Asterisk_after_any_order_of_events()
    {
        // 0-5: a contact registers, becomes unreachable or goes; 6: a snapshot with events in the middle; 7: a flush; 8: a failed flush.
        Gen.Int[0, 8].Array[0, 60].Sample(steps =>
        {
            var tracker = _rig.Empty();
            var keys = new[] { Anna, Anna with { Uri = "sip:1001@192.0.2.9" }, Bert };
            var asterisk = new Dictionary<ContactKey, string>();
            var database = new Dictionary<ContactKey, string>();
            for (var i = 0; i < steps.Length; i++)
            {
                switch (steps[i])
                {
                    case 6:
                        tracker.BeginSnapshot();
                        var listed = asterisk.ToDictionary(pair => pair.Key, pair => _rig.Seen() with { Status = pair.Value });
                        if (i + 1 < steps.Length && steps[i + 1] < 6)
                            Event(tracker, asterisk, keys, steps[++i]);
                        tracker.EndSnapshot(listed, []);
                        break;
                    case 7:
                        Flush(tracker, database);
                        break;
                    case 8:
                        tracker.Requeue(tracker.DequeueChanges());
                        break;
                    default:
                        Event(tracker, asterisk, keys, steps[i]);
                        break;
                }
            }
            Flush(tracker, database);
            return asterisk.OrderBy(pair => pair.Key.Uri).SequenceEqual(database.OrderBy(pair => pair.Key.Uri));
        });
    }

    private static void Event(ContactTracker tracker, Dictionary<ContactKey, string> asterisk, ContactKey[] keys, int step)
    {
        var key = keys[step % 3];
        if (step >= 3 && asterisk.Remove(key))
            tracker.OnContactStatus(key, "Removed", null);
        else
        {
            asterisk[key] = asterisk.ContainsKey(key) ? "Unreachable" : "NonQualified";
            tracker.OnContactStatus(key, asterisk[key], null);
        }
    }

    private static void Flush(ContactTracker tracker, Dictionary<ContactKey, string> database)
    {
        var changes = tracker.DequeueChanges();
        foreach (var (key, contact, _, _) in changes.Contacts)
            database[key] = contact.Status;
        foreach (var (key, _) in changes.Gone)
            Assert.True(database.Remove(key));
        tracker.Acknowledge(changes);
    }
}
