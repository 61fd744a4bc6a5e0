namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// The endpoints that wait to be announced to one Asterisk, the newest first, so that a new extension does not wait behind an import. Not
/// thread-safe.
/// </summary>
internal sealed class AnnouncementQueue
{
    private readonly List<AnnouncementLedger.Entry> _entries = [];

    /// <summary>The revision of the current entry of each waiting endpoint. Other entries of it are outdated and skipped.</summary>
    private readonly Dictionary<string, long> _newest = new(StringComparer.Ordinal);

    /// <summary>The highest revision that was added, announced or not, since <see cref="Clear"/>; 0 for none.</summary>
    public long HighestRevision { get; private set; }

    /// <summary>The number of endpoints that wait.</summary>
    public int Count => _newest.Count;

    /// <summary>
    /// Adds entries. An entry replaces the older one of the same endpoint; one that needs no announcement only removes it.
    /// </summary>
    /// <param name="entries">In the order of revisions, all higher than <see cref="HighestRevision"/>.</param>
    public void Add(IEnumerable<AnnouncementLedger.Entry> entries)
    {
        foreach (var entry in entries)
        {
            HighestRevision = Math.Max(HighestRevision, entry.Revision);
            if (!entry.Announce)
            {
                // The endpoint was deleted meanwhile.
                _newest.Remove(entry.Id);
                continue;
            }
            _entries.Add(entry);
            _newest[entry.Id] = entry.Revision;
        }
    }

    /// <summary>Takes the newest entries out, at most <paramref name="max"/>; none when nothing waits.</summary>
    public List<AnnouncementLedger.Entry> Take(int max)
    {
        var taken = new List<AnnouncementLedger.Entry>(max);
        while (taken.Count < max && _entries.Count > 0)
        {
            var last = _entries[^1];
            _entries.RemoveAt(_entries.Count - 1);
            if (_newest.GetValueOrDefault(last.Id) != last.Revision)
                continue;
            _newest.Remove(last.Id);
            taken.Add(last);
        }
        if (Count == 0)
            Empty();
        return taken;
    }

    /// <summary>A copy of the waiting entries, in the order of revisions.</summary>
    public IReadOnlyList<AnnouncementLedger.Entry> All =>
        [.. _entries.Where(entry => _newest.GetValueOrDefault(entry.Id) == entry.Revision)];

    /// <summary>Removes entries, unless a newer entry of the same endpoint has replaced them.</summary>
    public void Remove(IEnumerable<AnnouncementLedger.Entry> entries)
    {
        foreach (var entry in entries)
            if (_newest.GetValueOrDefault(entry.Id) == entry.Revision)
                _newest.Remove(entry.Id);
    }

    /// <summary>Empties the queue and forgets the highest revision.</summary>
    public void Clear()
    {
        Empty();
        HighestRevision = 0;
    }

    /// <summary>Empties the queue and frees its memory, which an import may have grown.</summary>
    private void Empty()
    {
        _entries.Clear();
        _entries.TrimExcess();
        _newest.Clear();
        _newest.TrimExcess();
    }
}
