using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Announcements;

// One pass: what is read, decided and announced, in this order.
internal sealed partial class EndpointAnnouncer
{
    /// <summary>The number of announcements in one pass after which a snapshot costs little in comparison.</summary>
    private const int LargePass = 500;

    private static readonly TimeSpan LinkRetry = TimeSpan.FromSeconds(2);

    /// <summary>How long a reload of somebody else may have been running when its event arrives.</summary>
    private static readonly TimeSpan LongestForeignReload = TimeSpan.FromMinutes(2);

    /// <returns>Whether so much was announced that a snapshot should follow.</returns>
    private async Task<bool> RunPassAsync(AnnouncementSession session, CancellationToken cancellation)
    {
        await HandleFlagsAsync(session, cancellation);
        var endpoints = await _endpoints.GetAsync(cancellation);
        await _lamps.JudgeAsync(session.Cost, endpoints, _contacts, cancellation);
        await _backlog.ReadAsync(cancellation);
        if (_backlog.HasNewRevision)
            await session.Expirer.CatchUpAsync(cancellation);
        await _fullReads.RemoveLoadedAsync(session, cancellation);
        endpoints = Math.Max(endpoints, _backlog.Count);
        var isReloadUseful = _reload.IsRequired
            || session.Cost.IsReloadCheaper(_backlog.Count - _fullReads.NotLoadedByReload, endpoints, _contacts);
        if (isReloadUseful && _reload.Wait == TimeSpan.Zero)
            return await ReloadAsync(session, endpoints, cancellation);
        var isLarge = _backlog.Count >= LargePass;
        if (_backlog.Count > 0 && !await AnnounceAsync(session, endpoints, cancellation))
            return false;
        await _unloadable.RetryDueAsync(session, cancellation);
        await _backlog.AcknowledgeAsync(cancellation);
        _problem = null;
        return isLarge;
    }

    /// <summary>Handles what other threads have noted since the last pass: a restored database, a foreign reload.</summary>
    private async Task HandleFlagsAsync(AnnouncementSession session, CancellationToken cancellation)
    {
        if (_databaseRestored)
        {
            _databaseRestored = false;
            if (await Ledger.LoadableSampleAsync(null, cancellation) is { } sample)
                await _link.IsUpAsync(session, sample, cancellation);
        }
        if (_foreignReload)
        {
            _foreignReload = false;
            // It may have read only the endpoints of an open window, after which Asterisk shows all others as unavailable.
            if (_single.HadWindowWithin(LongestForeignReload))
                _reload.Require();
            var begun = await Ledger.NowAsync(cancellation) - LongestForeignReload;
            await _fullReads.AddAsync(new FullRead(begun, FullReadCause.ForeignReload), cancellation);
        }
    }

    /// <returns>Whether Asterisk reloaded.</returns>
    private async Task<bool> ReloadAsync(AnnouncementSession session, long endpoints, CancellationToken cancellation)
    {
        var asterisk = await session.Commands.QualifyListAsync(cancellation);
        // A reload without a database makes Asterisk forget every phone, and Asterisk reports success.
        if (await Ledger.LoadableSampleAsync(null, cancellation) is { } sample && !await _link.IsUpAsync(session, sample, cancellation))
            return await OnLinkDownAsync(sample, cancellation);
        var begun = await _reload.RunAsync(session, asterisk, endpoints, _contacts, _backlog.Count, cancellation);
        if (begun is { } moment)
            await _fullReads.AddAsync(new FullRead(moment, FullReadCause.OwnReload), cancellation);
        _wake.Set();
        return begun is not null;
    }

    /// <returns>False when the link is down, or when a foreign reload interrupted the pass.</returns>
    private async Task<bool> AnnounceAsync(AnnouncementSession session, long endpoints, CancellationToken cancellation)
    {
        if (await _single.RunAsync(session, endpoints, _wake, () => _foreignReload, cancellation) is { } unreadable)
            return await OnLinkDownAsync(unreadable, cancellation);
        Log.Announced(_logger, _node.Name, _single.Announced, Plural.S(_single.Announced));
        if (!_foreignReload)
            return true;
        _wake.Set();
        return false;
    }

    /// <summary>
    /// Reports that Asterisk cannot read its tables, and waits. The next pass begins with everything that is not acknowledged.
    /// </summary>
    /// <returns>False.</returns>
    private async Task<bool> OnLinkDownAsync(string id, CancellationToken cancellation)
    {
        if (_problem is null)
            Log.CannotRead(_logger, _node.Name, id);
        _problem = $"cannot read {id} from the realtime tables";
        _backlog.Clear();
        await RetryAfterAsync(LinkRetry, cancellation);
        return false;
    }
}
