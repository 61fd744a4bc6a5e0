using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Spares the application a NOTIFY in each commit, which makes commits queue behind one lock. A worker that sleeps holds a
/// lock; the trigger tries to share it until its transaction ends, and notifies only when it cannot.
/// </summary>
/// <remarks>
/// Nobody can fall asleep while a transaction that did not notify still runs. So what such transactions recorded is seen by
/// the drain that follows the taking of the lock.
/// </remarks>
internal sealed class IdleLock(NpgsqlConnection connection, TimeSpan pace) : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private bool _asleep;
    private TimeSpan _patience = TimeSpan.Zero;

    /// <summary>After a drain that left nothing it saw.</summary>
    /// <param name="found">Whether it found anything.</param>
    /// <param name="rung">Whether somebody rang while it went on.</param>
    /// <returns>How long the next drain may wait at most; null: until somebody rings.</returns>
    public async Task<TimeSpan?> AfterAsync(bool found, bool rung, CancellationToken cancellation)
    {
        if (_asleep)
        {
            if (!rung)
                return null;
            // One change after the other: better awake.
            if (found)
                await WakeAsync(cancellation);
            return TimeSpan.Zero;
        }
        if (found || rung)
            return _patience = pace;
        _asleep = await AskAsync($"select pg_try_advisory_lock({AdvisoryLock.IdleWorker})", cancellation);
        if (_asleep)
            return TimeSpan.Zero;
        // Where another worker sleeps everybody is told; where transactions have not ended nobody is.
        if (!await AskAsync($"select pg_try_advisory_lock_shared({AdvisoryLock.IdleWorker})", cancellation))
            return null;
        await AskAsync($"select pg_advisory_unlock_shared({AdvisoryLock.IdleWorker})", cancellation);
        _patience = _patience * 2 < Longest ? _patience * 2 + pace : Longest;
        return _patience;
    }

    /// <summary>The pool keeps sessions as they are, so the lock is let go first.</summary>
    public ValueTask DisposeAsync() => SessionLocks.ReleaseAsync(connection);

    private async Task WakeAsync(CancellationToken cancellation)
    {
        await AskAsync($"select pg_advisory_unlock({AdvisoryLock.IdleWorker})", cancellation);
        _asleep = false;
    }

    private async Task<bool> AskAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
