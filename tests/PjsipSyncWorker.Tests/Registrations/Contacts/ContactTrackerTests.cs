using System.Net;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

public sealed class ContactTrackerTests
{
    private static readonly ContactKey Anna = new("1001", "sip:1001@192.0.2.1:5060");
    private static readonly ContactKey Bert = new("1002", "sip:1002@192.0.2.2:5060");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Nothing_is_written_before_a_first_snapshot_is_complete()
    {
        var tracker = Book(stored: [Anna]);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        Assert.True(tracker.DequeueChanges().IsEmpty);

        tracker.BeginSnapshot();
        Assert.True(tracker.DequeueChanges().IsEmpty);
        tracker.EndSnapshot(new() { [Bert] = Seen() }, []);

        var changes = tracker.DequeueChanges();
        Assert.Equal([new GoneContact(Anna, FromAllNodes: false)], changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_event_that_came_during_a_snapshot_is_younger_than_it()
    {
        var tracker = Empty();
        tracker.BeginSnapshot();
        tracker.OnContactStatus(Anna, "Removed", null);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        tracker.EndSnapshot(new() { [Anna] = Seen() }, []);

        var changes = tracker.DequeueChanges();

        Assert.Empty(changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_abandoned_snapshot_changes_nothing()
    {
        var tracker = Empty();
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
        var tracker = Empty();
        Snapshot(tracker, (Anna, Seen() with { Address = IPAddress.Parse("192.0.2.1"), ExpiresAt = _time.GetUtcNow().AddMinutes(5) }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _time.Advance(TimeSpan.FromMinutes(1));
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
        var tracker = Empty();
        var expires = _time.GetUtcNow().AddMinutes(5);
        Snapshot(tracker, hasSecondPhone
            ? [(Anna, Seen() with { ExpiresAt = expires }),
                (new ContactKey("1001", "sip:1001@192.0.2.9"), Seen() with { ExpiresAt = expires })]
            : [(Anna, Seen() with { ExpiresAt = expires })]);
        tracker.Acknowledge(tracker.DequeueChanges());
        Assert.False(tracker.HasUrgentChanges);

        _time.Advance(TimeSpan.FromMinutes(minutes));
        tracker.OnContactStatus(Anna, status, null);

        Assert.True(tracker.HasUrgentChanges);
        Assert.Equal(["1001"], tracker.DequeueChanges().EndpointsOfNewStatus);
    }

    [Fact]
    public void A_snapshot_that_says_the_same_writes_nothing()
    {
        var tracker = Empty();
        var expires = _time.GetUtcNow().AddMinutes(5);
        Snapshot(tracker, (Anna, Seen() with { ExpiresAt = expires }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _time.Advance(TimeSpan.FromMinutes(1));
        Snapshot(tracker, (Anna, Seen() with { ExpiresAt = expires, RegisteredAt = _time.GetUtcNow() }));

        Assert.True(tracker.DequeueChanges().IsEmpty);
    }

    [Fact]
    public void An_expiry_that_moved_says_that_the_phone_registered_again()
    {
        var tracker = Empty();
        Snapshot(tracker, (Anna, Seen() with { ExpiresAt = _time.GetUtcNow().AddMinutes(5) }));
        tracker.Acknowledge(tracker.DequeueChanges());

        _time.Advance(TimeSpan.FromMinutes(2));
        Snapshot(tracker, (Anna, Seen() with { ExpiresAt = _time.GetUtcNow().AddMinutes(5), RegisteredAt = _time.GetUtcNow() }));

        Assert.Equal(_time.GetUtcNow(), Assert.Single(tracker.DequeueChanges().Contacts).Contact.RegisteredAt);
    }

    [Fact]
    public void Qualifying_is_not_registering()
    {
        var tracker = Empty();
        var start = _time.GetUtcNow();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        _time.Advance(TimeSpan.FromMinutes(1));
        tracker.OnContactStatus(Anna, "Reachable", TimeSpan.FromMilliseconds(3));

        var contact = Assert.Single(tracker.DequeueChanges().Contacts).Contact;

        Assert.Equal(("Reachable", start, TimeSpan.FromMilliseconds(3)), (contact.Status, contact.RegisteredAt, contact.RoundTrip));
        Assert.Equal("192.0.2.1", contact.Address!.ToString());
    }

    [Fact]
    public void A_refresh_of_a_qualified_phone_shortly_before_it_expires_is_not_missed()
    {
        var tracker = Empty();
        Snapshot(tracker, (Anna, Seen() with { Status = "Reachable", ExpiresAt = _time.GetUtcNow().AddMinutes(1) }));
        tracker.Acknowledge(tracker.DequeueChanges());
        _time.Advance(TimeSpan.FromSeconds(55));

        Assert.False(tracker.OnContactStatus(Anna, "Reachable", null));

        var contact = Assert.Single(tracker.DequeueChanges().Contacts).Contact;
        Assert.Equal((null, _time.GetUtcNow()), (contact.ExpiresAt, contact.RegisteredAt));
    }

    [Fact]
    public void Failed_write_is_a_pending_change_again()
    {
        var tracker = Empty();
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
        var tracker = Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.Acknowledge(tracker.DequeueChanges());

        Assert.True(tracker.SetStored([], []));
        Assert.True(tracker.DequeueChanges().IsEmpty);

        Snapshot(tracker, (Anna, Seen()));
        Assert.Equal([Anna], tracker.DequeueChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void Unwritten_contact_is_not_taken_for_one_that_was_removed()
    {
        var tracker = Empty();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.Requeue(tracker.DequeueChanges());

        Assert.False(tracker.SetStored([], []));

        Assert.Equal([Anna], tracker.DequeueChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void Stored_state_is_no_pending_change()
    {
        _time.Advance(TimeSpan.FromTicks(12_345_678_901));
        var tracker = Empty();
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
            var tracker = Empty();
            var keys = new[] { Anna, Anna with { Uri = "sip:1001@192.0.2.9" }, Bert };
            var asterisk = new Dictionary<ContactKey, string>();
            var database = new Dictionary<ContactKey, string>();
            for (var i = 0; i < steps.Length; i++)
            {
                switch (steps[i])
                {
                    case 6:
                        tracker.BeginSnapshot();
                        var listed = asterisk.ToDictionary(pair => pair.Key, pair => Seen() with { Status = pair.Value });
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

    [Fact]
    public void Only_a_removal_takes_a_shared_contact_from_other_nodes_too()
    {
        var tracker = Empty();
        // Heard before it is known that others report here as well.
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        tracker.Acknowledge(tracker.DequeueChanges());

        tracker.BeginSnapshot();
        tracker.EndSnapshot(new() { [Bert] = Seen() }, [], shared: true);
        tracker.OnContactStatus(Bert, "Removed", null);

        Assert.Equal([new GoneContact(Anna, FromAllNodes: false), new GoneContact(Bert, FromAllNodes: true)],
            tracker.DequeueChanges().Gone.OrderBy(gone => gone.FromAllNodes));
    }

    [Fact]
    public void First_snapshot_with_shared_contacts_is_repeated_after_events()
    {
        var tracker = Empty();
        tracker.BeginSnapshot();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        Assert.True(tracker.EndSnapshot([], [], shared: true));

        tracker.BeginSnapshot();
        tracker.OnContactStatus(Bert, "NonQualified", null);
        Assert.False(tracker.EndSnapshot([], [], shared: true));
        Assert.Empty(tracker.DequeueChanges().Contacts);
    }

    /// <summary>
    /// Three phones, two servers, one ps_contacts: 12 events each (registers at a server, is removed by a server, heard of by a server), 2
    /// snapshots, 2 loads.
    /// </summary>
    [Fact]
    public void With_a_shared_table_no_server_takes_away_what_another_has_registered()
    {
        Gen.Int[0, 21].Array[0, 80].Sample(steps =>
        {
            var books = new[] { Empty(), Empty() };
            var phones = new[] { Anna, Anna with { Uri = "sip:1001@192.0.2.9" }, Bert };
            var table = new Dictionary<ContactKey, int>();
            var written = new HashSet<(int Node, ContactKey Key)>();
            var settled = new HashSet<ContactKey>();
            foreach (var step in steps)
            {
                var (key, node) = (phones[step % 3], step / 3 % 2);
                _time.Advance(TimeSpan.FromSeconds(1));
                if (step < 6)
                {
                    table[key] = node;
                    settled.Remove(key);
                    books[node].OnContactStatus(key, "NonQualified", null);
                }
                else if (step < 12 && table.Remove(key))
                {
                    settled.Remove(key);
                    books[node].OnContactStatus(key, "Removed", null);
                }
                else if (step is >= 12 and < 18 && table.ContainsKey(key))
                    books[node].OnContactStatus(key, "NonQualified", null);
                else if (step is 18 or 19)
                    Look(step - 18);
                else if (step is 20 or 21)
                    books[step - 20].SetStored(written.Where(row => row.Node == step - 20).ToDictionary(row => row.Key, _ => Seen()), []);
                Write(books[node], node);
                if (!settled.All(phone => written.Contains((table[phone], phone))))
                    return false;
            }
            for (var again = 0; again < 2; again++)
                for (var node = 0; node < 2; node++)
                {
                    Look(node);
                    Write(books[node], node);
                    books[node].SetStored(written.Where(row => row.Node == node).ToDictionary(row => row.Key, _ => Seen()), []);
                }
            return written.SetEquals(table.Select(row => (row.Value, row.Key)));

            void Look(int node)
            {
                books[node].BeginSnapshot();
                books[node].EndSnapshot(table.Where(row => row.Value == node).ToDictionary(row => row.Key, _ => Seen()), [],
                    table.Any(row => row.Value != node));
                Write(books[node], node);
                settled.UnionWith(table.Where(row => row.Value == node).Select(row => row.Key));
            }

            void Write(ContactTracker tracker, int node)
            {
                var changes = tracker.DequeueChanges();
                foreach (var (key, everywhere) in changes.Gone)
                    written.RemoveWhere(row => row.Key == key && (everywhere || row.Node == node));
                written.UnionWith(changes.Contacts.Where(contact => contact.Registered || !changes.Shared
                    || written.Contains((node, contact.Key))).Select(contact => (node, contact.Key)));
                tracker.Acknowledge(changes);
            }
        }, iter: 1000, threads: 1);
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

    private static void Snapshot(ContactTracker tracker, params (ContactKey Key, Contact Contact)[] contacts)
    {
        tracker.BeginSnapshot();
        tracker.EndSnapshot(contacts.ToDictionary(contact => contact.Key, contact => contact.Contact), []);
    }

    private ContactTracker Book(params ContactKey[] stored)
    {
        var tracker = new ContactTracker(_time);
        tracker.SetStored(stored.ToDictionary(key => key, _ => Seen()), new Dictionary<string, string>(StringComparer.Ordinal));
        return tracker;
    }

    private ContactTracker Empty()
    {
        var tracker = Book();
        tracker.BeginSnapshot();
        tracker.EndSnapshot([], []);
        return tracker;
    }

    private Contact Seen() => new("NonQualified", null, null, null, null, null, _time.GetUtcNow());
}
