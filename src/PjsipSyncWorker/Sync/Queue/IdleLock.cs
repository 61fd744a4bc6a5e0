using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync.Queue;

/// <summary>
/// Avoids a NOTIFY in every application commit. NOTIFY serializes commits on one lock of the server, so the trigger sends it only while a
/// worker is idle. An idle worker holds an exclusive advisory lock; the trigger tries to share that lock until its transaction ends, and
/// notifies when it cannot. For one session of the sync loop; not thread-safe.
/// </summary>
/// <remarks>
/// The exclusive lock is granted only when no transaction shares it any more. Every transaction that did not notify has therefore ended,
/// and the batch that is read after the lock was taken sees its changes.
/// </remarks>
/// <param name="connection">The session that holds the lock.</param>
/// <param name="busyDelay">The delay between two batches under load, and the first step of the growing delay.</param>
internal sealed class IdleLock(NpgsqlConnection connection, TimeSpan busyDelay) : IAsyncDisposable
{
    /// <summary>Longest delay between two batches while open transactions keep the worker from taking the lock.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1);

    private bool _isHeld;
    private TimeSpan _delay = TimeSpan.Zero;

    /// <summary>Decides how to wait after a batch that left nothing in the queue, and takes or releases the lock accordingly.</summary>
    /// <param name="found">Whether that batch had any change.</param>
    /// <param name="notified">Whether a notification has come since the last wait.</param>
    public async Task<QueueWait> NextWaitAsync(bool found, bool notified, CancellationToken cancellation)
    {
        if (_isHeld)
        {
            if (!notified)
                return QueueWait.UntilNotified;
            // A change came and was found: more may follow, and they cost the application less while the lock is free.
            if (found)
                await ReleaseAsync(cancellation);
            return QueueWait.None;
        }
        if (found || notified)
            return QueueWait.For(_delay = busyDelay);
        _isHeld = await QueryAsync($"select pg_try_advisory_lock({AdvisoryLock.IdleWorker})", cancellation);
        if (_isHeld)
            return QueueWait.None;
        // The lock is taken. If another worker holds it, every commit notifies and this worker can wait. If open transactions share it,
        // they do not notify, so this worker must poll.
        if (!await QueryAsync($"select pg_try_advisory_lock_shared({AdvisoryLock.IdleWorker})", cancellation))
            return QueueWait.UntilNotified;
        await QueryAsync($"select pg_advisory_unlock_shared({AdvisoryLock.IdleWorker})", cancellation);
        _delay = _delay * 2 < MaxDelay ? _delay * 2 + busyDelay : MaxDelay;
        return QueueWait.For(_delay);
    }

    /// <summary>Releases the lock. The connection may return to the pool, where its session would otherwise keep the lock.</summary>
    public ValueTask DisposeAsync() => SessionLocks.ReleaseAsync(connection);

    private async Task ReleaseAsync(CancellationToken cancellation)
    {
        await QueryAsync($"select pg_advisory_unlock({AdvisoryLock.IdleWorker})", cancellation);
        _isHeld = false;
    }

    private async Task<bool> QueryAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
