using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

/// <summary>A clock, and contact trackers that run on it.</summary>
internal sealed class ContactTrackerRig
{
    public static readonly ContactKey Anna = new("1001", "sip:1001@192.0.2.1:5060");
    public static readonly ContactKey Bert = new("1002", "sip:1002@192.0.2.2:5060");

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static void Snapshot(ContactTracker tracker, params (ContactKey Key, Contact Contact)[] contacts)
    {
        tracker.BeginSnapshot();
        tracker.EndSnapshot(contacts.ToDictionary(contact => contact.Key, contact => contact.Contact), []);
    }

    /// <summary>A tracker of these stored contacts that has seen no snapshot.</summary>
    public ContactTracker TrackerWith(params ContactKey[] stored)
    {
        var tracker = new ContactTracker(Time);
        tracker.SetStored(stored.ToDictionary(key => key, _ => Seen()), new Dictionary<string, string>(StringComparer.Ordinal));
        return tracker;
    }

    /// <summary>A tracker without contacts that has seen a first snapshot.</summary>
    public ContactTracker Empty()
    {
        var tracker = TrackerWith();
        tracker.BeginSnapshot();
        tracker.EndSnapshot([], []);
        return tracker;
    }

    public Contact Seen() => new("NonQualified", null, null, null, null, null, Time.GetUtcNow());
}
