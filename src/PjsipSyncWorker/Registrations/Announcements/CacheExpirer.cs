using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Removes what changed in the ps_* tables from the memory caches of one Asterisk (sorcery.conf). Asterisk is asked for the names of its
/// caches. Thread-safe.
/// </summary>
/// <param name="cachedRevision">The caches may lack changes after this revision.</param>
internal sealed partial class CacheExpirer(
    AmiConnection asterisk, AnnouncementLedger ledger, long cachedRevision, string node, TimeProvider time,
    ILogger<CacheExpirer> logger) : IDisposable
{
    /// <summary>
    /// From this number of changes on the whole cache is emptied. Asterisk then reads each phone once more, which is cheaper.
    /// </summary>
    private const int EmptyFrom = 2000;

    /// <summary>
    /// The longest look-up that is not a fault by itself. Each change is expired a second time after it, because a look-up that began
    /// before the commit may put the old object into the cache after the first time.
    /// </summary>
    private static readonly TimeSpan LongestLookUp = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan DatabaseRetry = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _lock = new(1);
    private readonly AsyncAutoResetEvent _revised = new();
    private readonly Queue<(long Due, List<string> Ids)> _secondTime = new();
    private IReadOnlyList<string>? _caches;

    /// <summary>Caches that can only be emptied.</summary>
    private readonly HashSet<string> _fullBackendCaches = new(StringComparer.Ordinal);
    private long _expiredRevision = cachedRevision;

    /// <summary>Notes that the ps_* tables changed.</summary>
    public void OnRevision() => _revised.Set();

    /// <summary>Expires changes until cancelled, or until the AMI connection ends.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await CatchUpAsync(cancellation);
                await ExpireSecondTimeAsync(cancellation);
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                await Task.Delay(DatabaseRetry, time, cancellation);
                continue;
            }
            await _revised.WaitAsync(_secondTime.TryPeek(out var next) ? UntilDue(next.Due) : LongestLookUp * 10, time, cancellation);
        }
    }

    /// <summary>
    /// Expires everything that changed since the last call. Afterwards Asterisk reads these rows from the database again.
    /// </summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public async Task CatchUpAsync(CancellationToken cancellation)
    {
        await _lock.WaitAsync(cancellation);
        try
        {
            var (changed, highest) = await ledger.ChangedAsync(_expiredRevision, cancellation);
            if (changed.Count > 0)
            {
                await ExpireAsync(changed, cancellation);
                _secondTime.Enqueue((time.GetTimestamp() + (long)(LongestLookUp.TotalSeconds * time.TimestampFrequency), changed));
            }
            _expiredRevision = highest;
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>Expires one object, changed or not, so that the next look-up of it reads the database.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public async Task ExpireAsync(string id, CancellationToken cancellation)
    {
        await _lock.WaitAsync(cancellation);
        try
        {
            await ExpireAsync([id], cancellation);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _lock.Dispose();

    private async Task ExpireSecondTimeAsync(CancellationToken cancellation)
    {
        await _lock.WaitAsync(cancellation);
        try
        {
            while (_secondTime.TryPeek(out var next) && UntilDue(next.Due) == TimeSpan.Zero)
            {
                await ExpireAsync(next.Ids, cancellation);
                _secondTime.Dequeue();
            }
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <returns>Time until a timestamp; zero when it has passed.</returns>
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
            if (ids.Count >= EmptyFrom || _fullBackendCaches.Contains(cache))
                await MemoryCaches.EmptyAsync(asterisk, cache, cancellation);
            else if (await MemoryCaches.ExpireAsync(asterisk, cache, ids, cancellation) == CacheAnswer.HoldsWholeBackend)
            {
                _fullBackendCaches.Add(cache);
                Log.HoldsWholeBackend(logger, node, cache);
                await MemoryCaches.EmptyAsync(asterisk, cache, cancellation);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.FullBackendCacheEmptied, LogLevel.Warning,
            "Asterisk {Node}: the memory cache {Cache} has full_backend_cache, so no single object can be expired. It is emptied at each "
            + "change, and Asterisk then reads the whole table: take full_backend_cache out of sorcery.conf")]
        public static partial void HoldsWholeBackend(ILogger logger, string node, string cache);
    }
}
