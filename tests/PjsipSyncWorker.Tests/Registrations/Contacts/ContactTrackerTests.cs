using System.Net;
using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.Tests.Registrations.Contacts.ContactTrackerRig;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

/// <summary>What events and snapshots change in the contacts, and how urgently.</summary>
public sealed class ContactTrackerTests
{
    private readonly ContactTrackerRig _rig = new();

    [Fact]
    public void Nothing_is_written_before_a_first_snapshot_is_complete()
    {
        var tracker = _rig.TrackerWith(stored: [Anna]);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        Assert.True(tracker.DequeueChanges().IsEmpty);

        tracker.BeginSnapshot();
        Assert.True(tracker.DequeueChanges().IsEmpty);
        tracker.EndSnapshot(new() { [Bert] = _rig.Seen() }, []);

        var changes = tracker.DequeueChanges();
        Assert.Equal([new GoneContact(Anna, FromAllNodes: false)], changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_event_that_came_during_a_snapshot_is_younger_than_it()
    {
        var tracker = _rig.Empty();
        tracker.BeginSnapshot();
        tracker.OnContactStatus(Anna, "Removed", null);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        tracker.EndSnapshot(new() { [Anna] = _rig.Seen() }, []);

        var changes = tracker.DequeueChanges();

        Assert.Empty(changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_abandoned_snapshot_changes_nothing()
    {
        var tracker = _rig.Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.Acknowledge(tracker.DequeueChanges());

        tracker.BeginSnapshot();
        tracker.AbandonSnapshot();

        Assert.True(tracker.DequeueChanges().IsEmpty);
        tracker.OnContactStatus(Anna, "Removed", null);
        Assert.Equal([new GoneContact(Anna, FromAllNodes: false)], tracker.DequeueChanges().Gone);
    }

    [Fact]
    public void A_refresh_of_the_only_phone_is_neither_urgent_nor_a_new_status()
    {
        var tracker = _rig.Empty();
        Snapshot(tracker,
            (Anna, _rig.Seen() with { Address = IPAddress.Parse("192.0.2.1"), ExpiresAt = _rig.Time.GetUtcNow().AddMinutes(5) }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        tracker.OnContactStatus(Anna, "NonQualified", null);

        Assert.False(tracker.HasUrgentChanges);
        var changes = tracker.DequeueChanges();
        Assert.Equal([Anna], changes.Contacts.Select(contact => contact.Key));
        Assert.Empty(changes.EndpointsOfNewStatus);
    }

    [Theory]
    // Its expiry in the database is near: it would be shown offline.
    [InlineData(4.9, "NonQualified", false)]
    [InlineData(1, "Unreachable", false)]
    [InlineData(1, "Removed", false)]
    // With a second phone the address of the last one moves.
    [InlineData(1, "NonQualified", true)]
    public void Change_that_may_move_a_status_is_urgent(double minutes, string status, bool hasSecondPhone)
    {
        var tracker = _rig.Empty();
        var expires = _rig.Time.GetUtcNow().AddMinutes(5);
        Snapshot(tracker, hasSecondPhone
            ? [(Anna, _rig.Seen() with { ExpiresAt = expires }),
                (new ContactKey("1001", "sip:1001@192.0.2.9"), _rig.Seen() with { ExpiresAt = expires })]
            : [(Anna, _rig.Seen() with { ExpiresAt = expires })]);
        tracker.Acknowledge(tracker.DequeueChanges());
        Assert.False(tracker.HasUrgentChanges);

        _rig.Time.Advance(TimeSpan.FromMinutes(minutes));
        tracker.OnContactStatus(Anna, status, null);

        Assert.True(tracker.HasUrgentChanges);
        Assert.Equal(["1001"], tracker.DequeueChanges().EndpointsOfNewStatus);
    }

    [Fact]
    public void A_snapshot_that_says_the_same_writes_nothing()
    {
        var tracker = _rig.Empty();
        var expires = _rig.Time.GetUtcNow().AddMinutes(5);
        Snapshot(tracker, (Anna, _rig.Seen() with { ExpiresAt = expires }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Snapshot(tracker, (Anna, _rig.Seen() with { ExpiresAt = expires, RegisteredAt = _rig.Time.GetUtcNow() }));

        Assert.True(tracker.DequeueChanges().IsEmpty);
    }

    [Fact]
    public void An_expiry_that_moved_says_that_the_phone_registered_again()
    {
        var tracker = _rig.Empty();
        Snapshot(tracker, (Anna, _rig.Seen() with { ExpiresAt = _rig.Time.GetUtcNow().AddMinutes(5) }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _rig.Time.Advance(TimeSpan.FromMinutes(2));
        Snapshot(tracker,
            (Anna, _rig.Seen() with { ExpiresAt = _rig.Time.GetUtcNow().AddMinutes(5), RegisteredAt = _rig.Time.GetUtcNow() }));

        Assert.Equal(_rig.Time.GetUtcNow(), Assert.Single(tracker.DequeueChanges().Contacts).Contact.RegisteredAt);
    }

    [Fact]
    public void Qualifying_is_not_registering()
    {
        var tracker = _rig.Empty();
        var start = _rig.Time.GetUtcNow();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        tracker.OnContactStatus(Anna, "Reachable", TimeSpan.FromMilliseconds(3));

        var contact = Assert.Single(tracker.DequeueChanges().Contacts).Contact;

        Assert.Equal(("Reachable", start, TimeSpan.FromMilliseconds(3)), (contact.Status, contact.RegisteredAt, contact.RoundTrip));
        Assert.Equal("192.0.2.1", contact.Address!.ToString());
    }

    [Fact]
    public void A_refresh_of_a_qualified_phone_shortly_before_it_expires_is_not_missed()
    {
        var tracker = _rig.Empty();
        Snapshot(tracker, (Anna, _rig.Seen() with { Status = "Reachable", ExpiresAt = _rig.Time.GetUtcNow().AddMinutes(1) }));
        tracker.Acknowledge(tracker.DequeueChanges());
        _rig.Time.Advance(TimeSpan.FromSeconds(55));

        Assert.False(tracker.OnContactStatus(Anna, "Reachable", null));

        var contact = Assert.Single(tracker.DequeueChanges().Contacts).Contact;
        Assert.Equal((null, _rig.Time.GetUtcNow()), (contact.ExpiresAt, contact.RegisteredAt));
    }
}
