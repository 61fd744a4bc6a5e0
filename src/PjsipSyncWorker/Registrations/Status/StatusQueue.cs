namespace PjsipSyncWorker.Registrations.Status;

/// <summary>The extensions whose status must be compared with their contacts; a new queue has all of them. Thread-safe.</summary>
internal sealed class StatusQueue
{
    private readonly Lock _lock = new();
    private HashSet<string> _ids = new(StringComparer.Ordinal);
    private bool _all = true;

    /// <summary>Adds extensions.</summary>
    /// <param name="all">Whether to add all extensions too.</param>
    public void Enqueue(IEnumerable<string> ids, bool all = false)
    {
        lock (_lock)
        {
            _ids.UnionWith(ids);
            _all |= all;
        }
    }

    /// <summary>Takes everything out: the added extensions, and whether all extensions were added.</summary>
    public (string[] Ids, bool All) Dequeue()
    {
        lock (_lock)
        {
            var taken = (_ids.ToArray(), _all);
            _ids = new HashSet<string>(StringComparer.Ordinal);
            _all = false;
            return taken;
        }
    }
}
