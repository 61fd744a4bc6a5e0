using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Sync.Queue;

/// <summary>
/// The writers' lock: every transaction that writes the ps_* tables or <c>pjsip_sync.managed_endpoint</c> holds it until it ends. With the
/// lock a worker also checks that its configuration is the one in force, so that two workers with different mappings do not rewrite each
/// other's rows for ever.
/// </summary>
internal static class RealtimeLock
{
    private const string SchemaPrefix = "schema ";

    /// <summary>
    /// SQL of the type <c>text</c>: the fingerprint of the worker that was started last; empty when none was started since <c>init</c>
    /// installed the schema; "schema " and its version when the schema has another version than this worker's. For
    /// <see cref="IsSuperseded"/>.
    /// </summary>
    public static readonly string ActiveConfiguration = $"""
        (select case when schema_version <> {Installation.SchemaVersion} then '{SchemaPrefix}' || schema_version
                     when fingerprint = '{SchemaPrefix}{Installation.SchemaVersion}' then '' else fingerprint end
         from pjsip_sync.mapping)
        """;

    /// <summary>
    /// Takes the lock in a statement of its own, so that later statements of the transaction take their snapshot after the lock was
    /// granted.
    /// </summary>
    /// <exception cref="PostgresException">
    /// 55P03: another session holds the lock for longer than <c>lock_timeout</c>. Try again.
    /// </exception>
    /// <exception cref="ConfigurationSupersededException">See <see cref="Check"/>.</exception>
    public static async Task AcquireAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string fingerprint, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddTo(batch);
        batch.Add($"select {ActiveConfiguration}");
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        Check(reader.TextOrNull(0), fingerprint);
    }

    /// <summary>
    /// Appends a statement that takes the lock and prepares the transaction: commit without waiting for the disk, index scans instead of
    /// sequential ones, mailboxes moved after rows that were renumbered. The caller must then select <see cref="ActiveConfiguration"/> and
    /// call <see cref="Check"/>.
    /// </summary>
    public static void AddTo(NpgsqlBatch batch) => batch.Add($"""
        select pg_advisory_xact_lock({AdvisoryLock.RealtimeWriter}), {DataSource.AsynchronousCommit},
               set_config('enable_seqscan', 'off', true), pjsip_sync.move_mailboxes()
        """);

    /// <summary>Returns whether another configuration is in force.</summary>
    /// <param name="activeConfiguration">What <see cref="ActiveConfiguration"/> gave.</param>
    /// <param name="fingerprint">Of the worker's own configuration.</param>
    public static bool IsSuperseded(string? activeConfiguration, string fingerprint) =>
        !string.IsNullOrEmpty(activeConfiguration) && activeConfiguration != fingerprint;

    /// <summary>Throws if another configuration is in force, see <see cref="IsSuperseded"/>.</summary>
    /// <exception cref="ConfigurationSupersededException">
    /// Another worker with another configuration was started later, or the schema has another version.
    /// </exception>
    public static void Check(string? activeConfiguration, string fingerprint)
    {
        if (!IsSuperseded(activeConfiguration, fingerprint))
            return;
        throw new ConfigurationSupersededException(activeConfiguration!.StartsWith(SchemaPrefix, StringComparison.Ordinal)
            ? $"the schema pjsip_sync has version {activeConfiguration[SchemaPrefix.Length..]} and this worker works with "
                + $"{Installation.SchemaVersion}; it stands by: upgrade the worker"
            : "another worker with another configuration was started later on this database; this one stands by: "
                + "give both the same configuration and restart");
    }
}

/// <summary>
/// This worker's configuration is not in force: a worker with another mapping or other defaults was started after it, or a newer version
/// upgraded the schema. The message says what to do.
/// </summary>
internal sealed class ConfigurationSupersededException(string message) : Exception(message);
