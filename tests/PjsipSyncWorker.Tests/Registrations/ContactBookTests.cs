using System.Net;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations;

namespace PjsipSyncWorker.Tests.Registrations;

public sealed class ContactBookTests
{
    private static readonly ContactKey Anna = new("1001", "sip:1001@192.0.2.1:5060");
    private static readonly ContactKey Bert = new("1002", "sip:1002@192.0.2.2:5060");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Nothing_is_written_before_a_first_snapshot_is_complete()
    {
        var book = Book(stored: [Anna]);
        book.Apply(Bert, "NonQualified", null);
        Assert.True(book.TakeChanges().IsEmpty);

        book.BeginSnapshot();
        Assert.True(book.TakeChanges().IsEmpty);
        book.EndSnapshot(new() { [Bert] = Seen() }, []);

        var changes = book.TakeChanges();
        Assert.Equal([new GoneContact(Anna, Everywhere: false)], changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_event_that_came_during_a_snapshot_is_younger_than_it()
    {
        var book = Empty();
        book.BeginSnapshot();
        book.Apply(Anna, "Removed", null);
        book.Apply(Bert, "NonQualified", null);
        book.EndSnapshot(new() { [Anna] = Seen() }, []);

        var changes = book.TakeChanges();

        Assert.Empty(changes.Gone);
        Assert.Equal([Bert], changes.Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void An_abandoned_snapshot_changes_nothing()
    {
        var book = Empty();
        book.Apply(Anna, "NonQualified", null);
        book.Stored(book.TakeChanges());

        book.BeginSnapshot();
        book.AbandonSnapshot();

        Assert.True(book.TakeChanges().IsEmpty);
        book.Apply(Anna, "Removed", null);
        Assert.Equal([new GoneContact(Anna, Everywhere: false)], book.TakeChanges().Gone);
    }

    [Fact]
    public void A_refresh_of_the_only_phone_is_neither_urgent_nor_a_new_status()
    {
        var book = Empty();
        Snapshot(book, (Anna, Seen() with { Address = IPAddress.Parse("192.0.2.1"), ExpiresAt = _time.GetUtcNow().AddMinutes(5) }));
        book.Stored(book.TakeChanges());

        _time.Advance(TimeSpan.FromMinutes(1));
        book.Apply(Anna, "NonQualified", null);

        Assert.False(book.HasUrgentChanges);
        var changes = book.TakeChanges();
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
    public void What_may_move_a_status_is_urgent(double minutes, string status, bool hasSecondPhone)
    {
        var book = Empty();
        var expires = _time.GetUtcNow().AddMinutes(5);
        Snapshot(book, hasSecondPhone
            ? [(Anna, Seen() with { ExpiresAt = expires }), (new ContactKey("1001", "sip:1001@192.0.2.9"), Seen() with { ExpiresAt = expires })]
            : [(Anna, Seen() with { ExpiresAt = expires })]);
        book.Stored(book.TakeChanges());
        Assert.False(book.HasUrgentChanges);

        _time.Advance(TimeSpan.FromMinutes(minutes));
        book.Apply(Anna, status, null);

        Assert.True(book.HasUrgentChanges);
        Assert.Equal(["1001"], book.TakeChanges().EndpointsOfNewStatus);
    }

    [Fact]
    public void A_snapshot_that_says_the_same_writes_nothing()
    {
        var book = Empty();
        var expires = _time.GetUtcNow().AddMinutes(5);
        Snapshot(book, (Anna, Seen() with { ExpiresAt = expires }));
        book.Stored(book.TakeChanges());

        _time.Advance(TimeSpan.FromMinutes(1));
        Snapshot(book, (Anna, Seen() with { ExpiresAt = expires, RegisteredAt = _time.GetUtcNow() }));

        Assert.True(book.TakeChanges().IsEmpty);
    }

    [Fact]
    public void An_expiry_that_moved_says_that_the_phone_registered_again()
    {
        var book = Empty();
        Snapshot(book, (Anna, Seen() with { ExpiresAt = _time.GetUtcNow().AddMinutes(5) }));
        book.Stored(book.TakeChanges());

        _time.Advance(TimeSpan.FromMinutes(2));
        Snapshot(book, (Anna, Seen() with { ExpiresAt = _time.GetUtcNow().AddMinutes(5), RegisteredAt = _time.GetUtcNow() }));

        Assert.Equal(_time.GetUtcNow(), Assert.Single(book.TakeChanges().Contacts).Contact.RegisteredAt);
    }

    [Fact]
    public void Qualifying_is_not_registering()
    {
        var book = Empty();
        var start = _time.GetUtcNow();
        book.Apply(Anna, "NonQualified", null);
        _time.Advance(TimeSpan.FromMinutes(1));
        book.Apply(Anna, "Reachable", TimeSpan.FromMilliseconds(3));

        var contact = Assert.Single(book.TakeChanges().Contacts).Contact;

        Assert.Equal(("Reachable", start, TimeSpan.FromMilliseconds(3)), (contact.Status, contact.RegisteredAt, contact.RoundTrip));
        Assert.Equal("192.0.2.1", contact.Address!.ToString());
    }

    [Fact]
    public void A_refresh_of_a_qualified_phone_shortly_before_it_expires_is_not_missed()
    {
        var book = Empty();
        Snapshot(book, (Anna, Seen() with { Status = "Reachable", ExpiresAt = _time.GetUtcNow().AddMinutes(1) }));
        book.Stored(book.TakeChanges());
        _time.Advance(TimeSpan.FromSeconds(55));

        Assert.False(book.Apply(Anna, "Reachable", null));

        var contact = Assert.Single(book.TakeChanges().Contacts).Contact;
        Assert.Equal((null, _time.GetUtcNow()), (contact.ExpiresAt, contact.RegisteredAt));
    }

    [Fact]
    public void What_could_not_be_written_is_a_difference_again()
    {
        var book = Empty();
        book.Apply(Anna, "NonQualified", null);
        book.Apply("1001", "NOT_INUSE");
        var lost = book.TakeChanges();
        book.NotStored(lost);
        book.Apply(Anna, "Removed", null);

        var changes = book.TakeChanges();

        Assert.Empty(changes.Contacts);
        Assert.Empty(changes.Gone);
        Assert.Equal([("1001", "NOT_INUSE")], changes.Devices);
    }

    [Fact]
    public void What_another_worker_took_out_comes_back_only_by_a_snapshot()
    {
        var book = Empty();
        book.Apply(Anna, "NonQualified", null);
        book.Stored(book.TakeChanges());

        Assert.True(book.Load([], []));
        Assert.True(book.TakeChanges().IsEmpty);

        Snapshot(book, (Anna, Seen()));
        Assert.Equal([Anna], book.TakeChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void What_was_not_written_yet_is_not_taken_for_what_another_worker_took_out()
    {
        var book = Empty();
        book.Apply(Anna, "NonQualified", null);
        book.NotStored(book.TakeChanges());

        Assert.False(book.Load([], []));

        Assert.Equal([Anna], book.TakeChanges().Contacts.Select(contact => contact.Key));
    }

    [Fact]
    public void What_comes_back_from_the_database_is_no_difference()
    {
        _time.Advance(TimeSpan.FromTicks(12_345_678_901));
        var book = Empty();
        book.Apply(Anna, "NonQualified", TimeSpan.FromMicroseconds(1234));
        var contact = Assert.Single(book.TakeChanges().Contacts).Contact;

        var kept = contact with { RegisteredAt = new DateTimeOffset(contact.RegisteredAt.Ticks / 10 * 10, TimeSpan.Zero) };
        book.Load(new() { [Anna] = kept }, []);

        Assert.True(book.TakeChanges().IsEmpty);
    }

    [Fact]
    public void Whatever_happens_in_whatever_order_the_database_ends_as_asterisk_is()
    {
        // 0-5: a contact registers, becomes unreachable or goes; 6: a snapshot with events in the middle; 7: a flush; 8: a failed flush.
        Gen.Int[0, 8].Array[0, 60].Sample(steps =>
        {
            var book = Empty();
            var keys = new[] { Anna, Anna with { Uri = "sip:1001@192.0.2.9" }, Bert };
            var asterisk = new Dictionary<ContactKey, string>();
            var database = new Dictionary<ContactKey, string>();
            for (var i = 0; i < steps.Length; i++)
            {
                switch (steps[i])
                {
                    case 6:
                        book.BeginSnapshot();
                        var listed = asterisk.ToDictionary(pair => pair.Key, pair => Seen() with { Status = pair.Value });
                        if (i + 1 < steps.Length && steps[i + 1] < 6)
                            Event(book, asterisk, keys, steps[++i]);
                        book.EndSnapshot(listed, []);
                        break;
                    case 7:
                        Flush(book, database);
                        break;
                    case 8:
                        book.NotStored(book.TakeChanges());
                        break;
                    default:
                        Event(book, asterisk, keys, steps[i]);
                        break;
                }
            }
            Flush(book, database);
            return asterisk.OrderBy(pair => pair.Key.Uri).SequenceEqual(database.OrderBy(pair => pair.Key.Uri));
        });
    }

    [Fact]
    public void Only_a_removal_takes_a_shared_contact_from_other_nodes_too()
    {
        var book = Empty();
        // Heard before it is known that others report here as well.
        book.Apply(Anna, "NonQualified", null);
        book.Apply(Bert, "NonQualified", null);
        book.Stored(book.TakeChanges());

        book.BeginSnapshot();
        book.EndSnapshot(new() { [Bert] = Seen() }, [], shared: true);
        book.Apply(Bert, "Removed", null);

        Assert.Equal([new GoneContact(Anna, Everywhere: false), new GoneContact(Bert, Everywhere: true)], book.TakeChanges().Gone.OrderBy(gone => gone.Everywhere));
    }

    [Fact]
    public void A_first_snapshot_that_shows_others_contacts_is_repeated_when_events_came_meanwhile()
    {
        var book = Empty();
        book.BeginSnapshot();
        book.Apply(Anna, "NonQualified", null);
        Assert.True(book.EndSnapshot([], [], shared: true));

        book.BeginSnapshot();
        book.Apply(Bert, "NonQualified", null);
        Assert.False(book.EndSnapshot([], [], shared: true));
        Assert.Empty(book.TakeChanges().Contacts);
    }

    /// <summary>Three phones, two servers, one ps_contacts: 12 events each (registers at a server, is removed by a server, heard of by a server), 2 snapshots, 2 loads.</summary>
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
                    books[node].Apply(key, "NonQualified", null);
                }
                else if (step < 12 && table.Remove(key))
                {
                    settled.Remove(key);
                    books[node].Apply(key, "Removed", null);
                }
                else if (step is >= 12 and < 18 && table.ContainsKey(key))
                    books[node].Apply(key, "NonQualified", null);
                else if (step is 18 or 19)
                    Look(step - 18);
                else if (step is 20 or 21)
                    books[step - 20].Load(written.Where(row => row.Node == step - 20).ToDictionary(row => row.Key, _ => Seen()), []);
                Write(books[node], node);
                if (!settled.All(phone => written.Contains((table[phone], phone))))
                    return false;
            }
            for (var again = 0; again < 2; again++)
                for (var node = 0; node < 2; node++)
                {
                    Look(node);
                    Write(books[node], node);
                    books[node].Load(written.Where(row => row.Node == node).ToDictionary(row => row.Key, _ => Seen()), []);
                }
            return written.SetEquals(table.Select(row => (row.Value, row.Key)));

            void Look(int node)
            {
                books[node].BeginSnapshot();
                books[node].EndSnapshot(table.Where(row => row.Value == node).ToDictionary(row => row.Key, _ => Seen()), [], table.Any(row => row.Value != node));
                Write(books[node], node);
                settled.UnionWith(table.Where(row => row.Value == node).Select(row => row.Key));
            }

            void Write(ContactBook book, int node)
            {
                var changes = book.TakeChanges();
                foreach (var (key, everywhere) in changes.Gone)
                    written.RemoveWhere(row => row.Key == key && (everywhere || row.Node == node));
                written.UnionWith(changes.Contacts.Where(contact => contact.Registered || !changes.Shared || written.Contains((node, contact.Key))).Select(contact => (node, contact.Key)));
                book.Stored(changes);
            }
        }, iter: 1000, threads: 1);
    }

    private static void Event(ContactBook book, Dictionary<ContactKey, string> asterisk, ContactKey[] keys, int step)
    {
        var key = keys[step % 3];
        if (step >= 3 && asterisk.Remove(key))
            book.Apply(key, "Removed", null);
        else
        {
            asterisk[key] = asterisk.ContainsKey(key) ? "Unreachable" : "NonQualified";
            book.Apply(key, asterisk[key], null);
        }
    }

    private static void Flush(ContactBook book, Dictionary<ContactKey, string> database)
    {
        var changes = book.TakeChanges();
        foreach (var (key, contact, _, _) in changes.Contacts)
            database[key] = contact.Status;
        foreach (var (key, _) in changes.Gone)
            Assert.True(database.Remove(key));
        book.Stored(changes);
    }

    private static void Snapshot(ContactBook book, params (ContactKey Key, Contact Contact)[] contacts)
    {
        book.BeginSnapshot();
        book.EndSnapshot(contacts.ToDictionary(contact => contact.Key, contact => contact.Contact), []);
    }

    private ContactBook Book(params ContactKey[] stored)
    {
        var book = new ContactBook(_time);
        book.Load(stored.ToDictionary(key => key, _ => Seen()), new Dictionary<string, string>(StringComparer.Ordinal));
        return book;
    }

    private ContactBook Empty()
    {
        var book = Book();
        book.BeginSnapshot();
        book.EndSnapshot([], []);
        return book;
    }

    private Contact Seen() => new("NonQualified", null, null, null, null, null, _time.GetUtcNow());
}
