using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Sync;

/// <summary>The lock that every writer of the target and of <c>pjsip_sync.managed_endpoint</c> holds until its transaction ends.</summary>
internal static class RealtimeLock
{
    private const string SchemaMark = "schema ";

    /// <summary>
    /// What <see cref="IsSuperseded"/> is asked of, as SQL: the fingerprint of the worker that was started last, empty where none was since init
    /// made the schema; or the version of the schema where it is not this worker's.
    /// </summary>
    public static readonly string ActiveConfiguration =
        $"(select case when schema_version <> {Installation.SchemaVersion} then '{SchemaMark}' || schema_version when fingerprint = '{SchemaMark}{Installation.SchemaVersion}' then '' else fingerprint end from pjsip_sync.mapping)";

    /// <summary>Statements of their own, so that what follows reads a snapshot younger than the lock.</summary>
    /// <exception cref="PostgresException">55P03: another holds it for longer than lock_timeout; try again.</exception>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later, or the schema has another version.</exception>
    public static async Task AcquireAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddTo(batch);
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select {ActiveConfiguration}"));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        Check(reader.TextOrNull(0), fingerprint);
    }

    /// <summary>The same, and what must be done before anything is read, as the beginning of a longer batch, which asks for <see cref="ActiveConfiguration"/> and calls <see cref="Check"/>.</summary>
    public static void AddTo(NpgsqlBatch batch) => batch.BatchCommands.Add(new NpgsqlBatchCommand(
        $"select pg_advisory_xact_lock({AdvisoryLock.RealtimeWriter}), {DataSource.AsynchronousCommit}, set_config('enable_seqscan', 'off', true), pjsip_sync.move_mailboxes()"));

    /// <param name="lastStarted">What <see cref="ActiveConfiguration"/> gave.</param>
    public static bool IsSuperseded(string? lastStarted, string fingerprint) => !string.IsNullOrEmpty(lastStarted) && lastStarted != fingerprint;

    /// <inheritdoc cref="IsSuperseded"/>
    public static void Check(string? lastStarted, string fingerprint)
    {
        if (IsSuperseded(lastStarted, fingerprint))
            throw new ConfigurationSupersededException(lastStarted!.StartsWith(SchemaMark, StringComparison.Ordinal)
                ? $"the schema pjsip_sync has version {lastStarted[SchemaMark.Length..]} and this worker works with {Installation.SchemaVersion}; it stands by: upgrade the worker"
                : "another worker with another configuration was started later on this database; this one stands by: give both the same configuration and restart");
    }
}

/// <summary>The database belongs to a worker with another mapping or other defaults, started after this one, or to a newer version.</summary>
internal sealed class ConfigurationSupersededException(string message) : Exception(message);
