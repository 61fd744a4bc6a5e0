namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>Combines a snapshot of contacts with the events around it. Pure functions.</summary>
internal static class SnapshotMerge
{
    /// <summary>Applies the events that arrived after the snapshot was requested, because they are newer than the snapshot.</summary>
    /// <param name="snapshot">The contacts of the snapshot; modified.</param>
    /// <param name="events">The last state of each contact by its events; null for a removed contact.</param>
    public static void Overlay(Dictionary<ContactKey, Contact> snapshot, IReadOnlyDictionary<ContactKey, Contact?> events)
    {
        foreach (var (key, last) in events)
        {
            if (last is null)
                snapshot.Remove(key);
            else
                snapshot[key] = snapshot.TryGetValue(key, out var seen)
                    ? seen with { Status = last.Status, RoundTrip = last.RoundTrip ?? seen.RoundTrip }
                    : last;
        }
    }

    /// <summary>
    /// Returns when the phone of a contact last registered. A snapshot does not contain that time, so a later expiry than before is taken
    /// as a REGISTER.
    /// </summary>
    /// <param name="before">The contact before the snapshot; null for a new one.</param>
    /// <param name="seen">The contact in the snapshot.</param>
    public static DateTimeOffset RegisteredAt(Contact? before, Contact seen, DateTimeOffset now)
    {
        if (before is null)
            return now;
        return before.ExpiresAt is { } old && seen.ExpiresAt is { } expires && expires > old ? now : before.RegisteredAt;
    }
}
