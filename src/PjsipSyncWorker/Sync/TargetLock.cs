using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Sync;

/// <summary>The lock that every writer of the target and of <c>pjsip_sync.managed_endpoint</c> holds until its transaction ends.</summary>
internal static class TargetLock
{
    private const string SchemaMark = "schema ";

    /// <summary>
    /// What <see cref="IsAnothers"/> is asked of, as SQL: the fingerprint of the worker that was started last, empty where none was since init
    /// made the schema; or the version of the schema where it is not this worker's.
    /// </summary>
    public static readonly string LastStarted =
        $"(select case when schema_version <> {Installation.SchemaVersion} then '{SchemaMark}' || schema_version when fingerprint = '{SchemaMark}{Installation.SchemaVersion}' then '' else fingerprint end from pjsip_sync.mapping)";

    /// <summary>Statements of their own, so that what follows reads a snapshot younger than the lock.</summary>
    /// <exception cref="PostgresException">55P03: another holds it for longer than lock_timeout; try again.</exception>
    /// <exception cref="StandByException">Another worker with another configuration was started later, or the schema has another version.</exception>
    public static async Task AcquireAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddTo(batch);
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select {LastStarted}"));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        Check(reader.TextOrNull(0), fingerprint);
    }

    /// <summary>The same, and what must be done before anything is read, as the beginning of a longer batch, which asks for <see cref="LastStarted"/> and calls <see cref="Check"/>.</summary>
    public static void AddTo(NpgsqlBatch batch) => batch.BatchCommands.Add(new NpgsqlBatchCommand(
        $"select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1), {DataSource.WithoutWaiting}, set_config('enable_seqscan', 'off', true), pjsip_sync.move_mailboxes()"));

    /// <param name="lastStarted">What <see cref="LastStarted"/> gave.</param>
    public static bool IsAnothers(string? lastStarted, string fingerprint) => !string.IsNullOrEmpty(lastStarted) && lastStarted != fingerprint;

    /// <inheritdoc cref="IsAnothers"/>
    public static void Check(string? lastStarted, string fingerprint)
    {
        if (IsAnothers(lastStarted, fingerprint))
            throw new StandByException(lastStarted!.StartsWith(SchemaMark, StringComparison.Ordinal)
                ? $"the schema pjsip_sync has version {lastStarted[SchemaMark.Length..]} and this worker works with {Installation.SchemaVersion}; it stands by: upgrade the worker"
                : "another worker with another configuration was started later on this database; this one stands by: give both the same configuration and restart");
    }
}

/// <summary>The database belongs to a worker with another mapping or other defaults, started after this one, or to a newer version.</summary>
internal sealed class StandByException(string message) : Exception(message);
