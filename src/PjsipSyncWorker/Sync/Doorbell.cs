using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Database;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Spares the application a NOTIFY in each commit, which makes commits queue behind one lock. While a worker is awake it
/// holds the bell, and the trigger leaves it alone; the trigger also sees whether any worker is there to be woken.
/// </summary>
/// <remarks>
/// A transaction that saw the bell held may commit after the last drain. So after the bell is let go, draining goes on until
/// every transaction that was running then has ended.
/// </remarks>
internal sealed class Doorbell(NpgsqlConnection connection, TimeSpan pace) : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private bool _held;

    /// <summary>The first transaction that cannot have seen the bell held; null when nothing older runs.</summary>
    private ulong? _heardFrom;
    private TimeSpan _patience;

    /// <summary>From here on the trigger knows that a worker is there.</summary>
    public async Task AppearAsync(CancellationToken cancellation)
    {
        await ExecuteAsync("select pg_advisory_lock_shared(pjsip_sync.lock_class(), 4)", cancellation);
        _heardFrom = await NextTransactionAsync(cancellation);
        _patience = pace;
    }

    /// <summary>After a drain that left nothing it saw.</summary>
    /// <param name="rung">Whether somebody rang while it went on.</param>
    /// <returns>How long to wait before the next drain; null: until somebody rings.</returns>
    public async Task<TimeSpan?> AfterAsync(Drained drained, bool rung, CancellationToken cancellation)
    {
        if (drained.Count > 0 || rung)
        {
            _patience = pace;
            if (_held)
                return pace;
            if (rung)
            {
                _held = drained.Count > 0 && await TryHoldAsync(cancellation);
                return TimeSpan.Zero;
            }
        }
        if (_held)
        {
            await ExecuteAsync("select pg_advisory_unlock(pjsip_sync.lock_class(), 3)", cancellation);
            _held = false;
            _heardFrom = await NextTransactionAsync(cancellation);
            return TimeSpan.Zero;
        }
        if (_heardFrom is not { } first)
            return null;
        if (drained.OldestRunning >= first)
        {
            _heardFrom = null;
            return null;
        }
        _patience = _patience * 2 < Longest ? _patience * 2 : Longest;
        return _patience;
    }

    /// <summary>The pool keeps sessions as they are, so all is let go first.</summary>
    public ValueTask DisposeAsync() => SessionLocks.LetGoAsync(connection);

    private async Task<bool> TryHoldAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock(pjsip_sync.lock_class(), 3)", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<ulong> NextTransactionAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_snapshot_xmax(pg_current_snapshot())::text", connection);
        return ulong.Parse((string)(await command.ExecuteScalarAsync(cancellation))!, CultureInfo.InvariantCulture);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
