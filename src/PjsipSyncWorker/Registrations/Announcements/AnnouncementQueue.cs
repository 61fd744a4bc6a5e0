namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Endpoints that wait to be announced to one Asterisk, the newest first: whoever adds one now does not wait for an import. Not thread-safe.</summary>
internal sealed class AnnouncementQueue
{
    private readonly List<AnnouncementLedger.Entry> _entries = [];
    private readonly Dictionary<string, long> _newest = new(StringComparer.Ordinal);

    /// <summary>The highest revision that was ever added, announced or not; 0 after <see cref="Clear"/>.</summary>
    public long HighestRevision { get; private set; }

    /// <summary>Endpoints that wait.</summary>
    public int Count => _newest.Count;

    /// <summary>Adds what must be announced; an older entry of the same endpoint is replaced.</summary>
    /// <param name="entries">In the order of revisions, all higher than <see cref="HighestRevision"/>.</param>
    public void Add(IEnumerable<AnnouncementLedger.Entry> entries)
    {
        foreach (var entry in entries)
        {
            HighestRevision = Math.Max(HighestRevision, entry.Revision);
            if (!entry.Announce)
            {
                // What was pending of it is pending no more: it was deleted meanwhile.
                _newest.Remove(entry.Id);
                continue;
            }
            _entries.Add(entry);
            _newest[entry.Id] = entry.Revision;
        }
    }

    /// <summary>Takes the newest ones out.</summary>
    /// <returns>At most so many; none when nothing waits.</returns>
    public List<AnnouncementLedger.Entry> Take(int most)
    {
        var taken = new List<AnnouncementLedger.Entry>(most);
        while (taken.Count < most && _entries.Count > 0)
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

    /// <summary>Everything that waits, in no order; it stays.</summary>
    public IReadOnlyList<AnnouncementLedger.Entry> All => [.. _entries.Where(entry => _newest.GetValueOrDefault(entry.Id) == entry.Revision)];

    /// <summary>These do not wait any more.</summary>
    public void Remove(IEnumerable<AnnouncementLedger.Entry> entries)
    {
        foreach (var entry in entries)
            if (_newest.GetValueOrDefault(entry.Id) == entry.Revision)
                _newest.Remove(entry.Id);
    }

    /// <summary>Nothing waits, and nothing was ever added.</summary>
    public void Clear()
    {
        Empty();
        HighestRevision = 0;
    }

    /// <summary>What an import of very many took is given back.</summary>
    private void Empty()
    {
        _entries.Clear();
        _entries.TrimExcess();
        _newest.Clear();
        _newest.TrimExcess();
    }
}
