namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// The changes that are not announced to one Asterisk yet: the queue in memory, filled from and acknowledged in the ledger.
/// Not thread-safe.
/// </summary>
internal sealed class AnnouncementBacklog(AnnouncementLedger ledger, AnnouncementMetrics metrics)
{
    private readonly AnnouncementQueue _queue = new();

    /// <summary>The revision up to which everything is acknowledged in the ledger; 0 when it is not known.</summary>
    private long _acknowledged;

    /// <summary>The number of endpoints that wait.</summary>
    public int Count => _queue.Count;

    /// <summary>Whether a revision was read that is not acknowledged yet.</summary>
    public bool HasNewRevision => _queue.HighestRevision > _acknowledged;

    /// <summary>Adds the changes that the ledger has beyond those already read.</summary>
    public async Task ReadAsync(CancellationToken cancellation)
    {
        _queue.Add(await ledger.PendingAsync(_queue.HighestRevision, cancellation));
        ShowCount();
    }

    /// <summary>Takes the newest entries out, at most <paramref name="max"/>; none when nothing waits.</summary>
    public List<AnnouncementLedger.Entry> Take(int max) => _queue.Take(max);

    /// <summary>Returns the waiting entries that were written before a moment on the database's clock.</summary>
    public List<AnnouncementLedger.Entry> WrittenBefore(DateTime moment) => [.. _queue.All.Where(entry => entry.ChangedAt < moment)];

    /// <summary>Removes entries that need no announcement.</summary>
    public void Remove(IEnumerable<AnnouncementLedger.Entry> entries) => _queue.Remove(entries);

    /// <summary>Empties the queue; the next <see cref="ReadAsync"/> reads everything that the ledger has.</summary>
    public void Clear()
    {
        _queue.Clear();
        _acknowledged = 0;
    }

    /// <summary>Acknowledges every revision that was read, because nothing of them waits any more.</summary>
    public async Task AcknowledgeAsync(CancellationToken cancellation)
    {
        if (!HasNewRevision)
            return;
        await ledger.MarkAnnouncedAsync(_queue.HighestRevision, cancellation);
        _acknowledged = _queue.HighestRevision;
    }

    /// <summary>Publishes the number of waiting endpoints as a metric.</summary>
    public void ShowCount() => metrics.SetWaiting(_queue.Count);
}
