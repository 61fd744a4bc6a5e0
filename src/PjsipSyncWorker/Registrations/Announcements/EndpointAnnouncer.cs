using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Database;

namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Tells one Asterisk of new and changed endpoints, one by one at a set pace, the newest first: what changes during a
/// long pass goes before the rest of it. Nothing counts as told before this Asterisk is proven to read our rows.
/// </summary>
internal sealed partial class AsteriskRefresher(NodeSettings node, int perSecond, RefreshLedger ledger, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Unreadable = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _pause = TimeSpan.FromSeconds(1.0 / perSecond);
    private readonly WakeSignal _revised = new();
    private readonly HashSet<string> _cachesMissing = new(StringComparer.Ordinal);
    private volatile bool _reloaded;

    /// <summary>Why this Asterisk cannot be told, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>The target has a new revision.</summary>
    public void Revised() => _revised.Ring();

    /// <summary>A session with this process of Asterisk begins; another one than before has been told nothing.</summary>
    public async Task BeginAsync(string process, string? version, string? systemName, CancellationToken cancellation)
    {
        await ledger.IdentifyAsync(process, version, systemName, cancellation);
        Revised();
    }

    /// <summary>Asterisk was reloaded, perhaps while its database was away: everything must be told again.</summary>
    public void Reloaded()
    {
        _reloaded = true;
        _revised.Ring();
    }

    /// <summary>Until cancelled, or until the AMI connection ends.</summary>
    /// <param name="onTold">Called after a pass that told Asterisk something: a snapshot finds the phones that registered before it.</param>
    public async Task RunAsync(AsteriskSession asterisk, TimeSpan atLeastEvery, Action onTold, CancellationToken cancellation)
    {
        while (true)
        {
            await _revised.WaitAsync(atLeastEvery, time, cancellation);
            try
            {
                if (_reloaded)
                {
                    await ledger.ForgetAsync(cancellation);
                    _reloaded = false;
                }
                if (await PassAsync(asterisk, cancellation))
                    onTold();
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
                _revised.Ring();
            }
        }
    }

    /// <returns>Whether Asterisk was told anything.</returns>
    private async Task<bool> PassAsync(AsteriskSession asterisk, CancellationToken cancellation)
    {
        var told = new Dictionary<string, long>(StringComparer.Ordinal);
        var (highest, refreshed) = (0L, 0);
        while (true)
        {
            var pending = await ledger.PendingAsync(cancellation);
            pending.RemoveAll(entry => told.GetValueOrDefault(entry.Id) == entry.Revision);
            if (pending.Count == 0)
                break;
            highest = Math.Max(highest, pending[0].Revision);
            if (!await ProveAsync(asterisk, pending, cancellation))
            {
                await Task.Delay(Unreadable, time, cancellation);
                continue;
            }
            foreach (var entry in pending)
            {
                await ExpireCachedAsync(asterisk, entry.Id, cancellation);
                if (entry.Refresh)
                {
                    // One that is gone since fails as all do when the database is away: the proof tells them apart.
                    if (!await asterisk.RefreshAsync(entry.Id, cancellation) && !await ProveAsync(asterisk, pending, cancellation))
                        break;
                    refreshed++;
                    await Task.Delay(_pause, time, cancellation);
                }
                told[entry.Id] = entry.Revision;
                if (_revised.TryTake())
                    break;
            }
        }
        if (told.Count == 0)
            return false;
        await ledger.DoneAsync(highest, cancellation);
        if (refreshed > 0)
            Log.Refreshed(logger, node.Name, refreshed);
        return refreshed > 0;
    }

    /// <summary>Whether this Asterisk reads our rows now; true when there is none to ask for.</summary>
    private async Task<bool> ProveAsync(AsteriskSession asterisk, List<RefreshLedger.Entry> pending, CancellationToken cancellation)
    {
        if (pending.FirstOrDefault(entry => entry.Refresh) is not { Id: { } sample } || await asterisk.CanReadAsync(sample, cancellation))
        {
            Problem = null;
            return true;
        }
        if (Problem is null)
            Log.CannotRead(logger, node.Name, sample);
        Problem = $"cannot read {sample} from the realtime tables";
        return false;
    }

    /// <summary>A memory cache before realtime would keep an old password working and refuse the new one.</summary>
    private async Task ExpireCachedAsync(AsteriskSession asterisk, string id, CancellationToken cancellation)
    {
        foreach (var cache in node.Caches)
        {
            var answer = await asterisk.ExpireCachedAsync(cache, id, cancellation);
            // An object that is not cached is an error to Asterisk too, and no matter.
            if (!answer.Success && answer.Message.Contains("cache does not exist", StringComparison.OrdinalIgnoreCase) && _cachesMissing.Add(cache))
                Log.NoSuchCache(logger, node.Name, cache, OneLine.Of(answer.Message));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2004, LogLevel.Warning, "Asterisk {Node} cannot read {Endpoint} from the realtime tables: is its database link up (res_odbc.conf, extconfig.conf, sorcery.conf)?")]
        public static partial void CannotRead(ILogger logger, string node, string endpoint);

        [LoggerMessage(2005, LogLevel.Information, "Asterisk {Node} was told of {Count} new or changed endpoints")]
        public static partial void Refreshed(ILogger logger, string node, int count);

        [LoggerMessage(2008, LogLevel.Warning, "Asterisk {Node} has no memory cache {Cache} (Asterisk:Nodes:*:Caches): {Reason}")]
        public static partial void NoSuchCache(ILogger logger, string node, string cache, string reason);
    }
}
