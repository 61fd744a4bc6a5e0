using Npgsql;
using PjsipSyncWorker.Database;

namespace PjsipSyncWorker.Sync;

/// <summary>The lock that every writer of the target and of <c>pjsip_sync.endpoint</c> holds until its transaction ends.</summary>
internal static class TargetLock
{
    /// <summary>Statements of their own, so that what follows reads a snapshot younger than the lock.</summary>
    /// <exception cref="PostgresException">55P03: another holds it for longer than lock_timeout; try again.</exception>
    /// <exception cref="StandByException">Another worker with another configuration was started later.</exception>
    public static async Task AcquireAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await CheckAsync(reader, fingerprint, cancellation);
    }

    /// <summary>The same as the beginning of a longer batch, of which <see cref="CheckAsync"/> reads the results.</summary>
    public static void AddTo(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1), {DataSource.WithoutWaiting}"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select fingerprint from pjsip_sync.mapping"));
    }

    public static async Task CheckAsync(NpgsqlDataReader reader, string fingerprint, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        var current = await reader.ReadAsync(cancellation) && !reader.IsDBNull(0) ? reader.GetString(0) : null;
        if (current is not null && current != fingerprint)
            throw new StandByException();
    }
}

/// <summary>The database belongs to a worker with another mapping or other defaults, started after this one.</summary>
internal sealed class StandByException() : Exception(
    "another worker with another configuration was started later on this database; this one stands by: give both the same configuration and restart");
