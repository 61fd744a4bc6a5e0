using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Keeps the memory caches of one Asterisk (sorcery.conf) true: what changed in the ps_* tables is expired there at once. The caches are
/// found by asking Asterisk. <see cref="CatchUpAsync"/> may be called by anybody at any time.
/// </summary>
/// <param name="cached">Changes after this revision may be missing in the caches.</param>
internal sealed partial class CacheExpirer(AmiConnection asterisk, AnnouncementLedger ledger, long cached, string node, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>From so many changes on a cache is emptied: each phone is then read once more when it registers, which is cheaper.</summary>
    private const int Many = 2000;

    /// <summary>
    /// A look-up that began before the change was committed may put the old object into the cache after it was expired. So each change is
    /// expired once more, after the longest look-up that is not a fault by itself.
    /// </summary>
    private static readonly TimeSpan LookUp = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly AsyncAutoResetEvent _revised = new();
    private readonly Queue<(long Due, List<string> Ids)> _again = new();
    private IReadOnlyList<string>? _caches;
    private HashSet<string> _whole = new(StringComparer.Ordinal);
    private long _done = cached;

    /// <summary>The ps_* tables changed.</summary>
    public void Revised() => _revised.Set();

    /// <summary>Until cancelled, or until the AMI connection ends.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await CatchUpAsync(cancellation);
                await AgainAsync(cancellation);
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
                continue;
            }
            await _revised.WaitAsync(_again.TryPeek(out var next) ? UntilDue(next.Due) : LookUp * 10, time, cancellation);
        }
    }

    /// <summary>Expires everything that changed since the last call. When it returns, Asterisk reads these rows anew.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public async Task CatchUpAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var (changed, highest) = await ledger.ChangedAsync(_done, cancellation);
            if (changed.Count > 0)
            {
                await ExpireAsync(changed, cancellation);
                _again.Enqueue((time.GetTimestamp() + (long)(LookUp.TotalSeconds * time.TimestampFrequency), changed));
            }
            _done = highest;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Expires one object, changed or not: the next look at it is one at the database.</summary>
    public async Task ExpireAsync(string id, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await ExpireAsync([id], cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task AgainAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            while (_again.TryPeek(out var next) && UntilDue(next.Due) == TimeSpan.Zero)
            {
                await ExpireAsync(next.Ids, cancellation);
                _again.Dequeue();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private TimeSpan UntilDue(long due)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), due);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task ExpireAsync(List<string> ids, CancellationToken cancellation)
    {
        _caches ??= await MemoryCaches.NamesAsync(asterisk, cancellation);
        foreach (var cache in _caches)
        {
            if (ids.Count >= Many || _whole.Contains(cache))
                await MemoryCaches.EmptyAsync(asterisk, cache, cancellation);
            else if (await MemoryCaches.ExpireAsync(asterisk, cache, ids, cancellation) == CacheAnswer.HoldsWholeBackend)
            {
                _whole.Add(cache);
                Log.HoldsWholeBackend(logger, node, cache);
                await MemoryCaches.EmptyAsync(asterisk, cache, cancellation);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.FullBackendCacheEmptied, LogLevel.Warning, "Asterisk {Node}: the memory cache {Cache} has full_backend_cache, so no single object can be expired. It is emptied at each change, and Asterisk then reads the whole table: take full_backend_cache out of sorcery.conf")]
        public static partial void HoldsWholeBackend(ILogger logger, string node, string cache);
    }
}
