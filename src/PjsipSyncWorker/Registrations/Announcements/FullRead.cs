namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Why Asterisk read all endpoints and AORs.</summary>
internal enum FullReadCause
{
    /// <summary>Asterisk started.</summary>
    Boot,

    /// <summary>This worker reloaded PJSIP.</summary>
    OwnReload,

    /// <summary>Somebody else reloaded PJSIP.</summary>
    ForeignReload,
}

/// <summary>A read of all endpoints and AORs by Asterisk. What it loaded needs no announcement.</summary>
/// <param name="WrittenBefore">Rows written before this moment, on the database's clock, may have been read.</param>
internal readonly record struct FullRead(DateTime WrittenBefore, FullReadCause Cause);

/// <summary>Removes from a backlog what Asterisk loaded by a full read. Not thread-safe.</summary>
internal sealed class FullReads(AnnouncementLedger ledger, AnnouncementBacklog backlog, UnloadableSearch unloadable)
{
    private FullRead? _unchecked;

    /// <summary>Endpoints that the last own reload did not load, so that another reload would not load them either.</summary>
    private readonly HashSet<string> _notLoadedByReload = new(StringComparer.Ordinal);

    /// <summary>The number of waiting endpoints for which another reload is useless.</summary>
    public int NotLoadedByReload => _notLoadedByReload.Count;

    /// <summary>
    /// Notes a full read of a process that the ledger does not know yet; the next <see cref="RemoveLoadedAsync"/> asks Asterisk what it
    /// loaded.
    /// </summary>
    public void Add(FullRead read) => _unchecked = read;

    /// <summary>Notes a full read of the current process, after which nothing counts as announced.</summary>
    public async Task AddAsync(FullRead read, CancellationToken cancellation)
    {
        await ledger.ForgetAsync(cancellation);
        Add(read);
        backlog.Clear();
    }

    /// <summary>Notes that an endpoint was announced by itself.</summary>
    public void OnAnnounced(string id) => _notLoadedByReload.Remove(id);

    /// <summary>
    /// Asks Asterisk what it loaded by the last full read, and removes that from the backlog. Does nothing without a new full read.
    /// </summary>
    public async Task RemoveLoadedAsync(AnnouncementSession session, CancellationToken cancellation)
    {
        if (_unchecked is not { } read)
            return;
        var old = backlog.WrittenBefore(read.WrittenBefore);
        _notLoadedByReload.Clear();
        if (old.Count > 0)
        {
            var asterisk = await session.Commands.QualifyListAsync(cancellation);
            var loaded = await asterisk.LoadedAsync(old, afterBoot: read.Cause == FullReadCause.Boot, cancellation);
            backlog.Remove(loaded);
            foreach (var entry in loaded)
                await unloadable.RecordLoadableAsync(entry.Id, cancellation);
            if (read.Cause == FullReadCause.OwnReload)
                _notLoadedByReload.UnionWith(old.Except(loaded).Select(entry => entry.Id));
        }
        _unchecked = null;
        backlog.ShowCount();
    }
}
