using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Registrations.Status;

/// <summary>
/// Writes statuses by the functions <c>pjsip_sync.write_status</c> and <c>write_status_by_row</c>, in small transactions under the lock of
/// status writers. Not thread-safe.
/// </summary>
internal sealed partial class StatusStore(
    NpgsqlDataSource dataSource, SourceSettings source, RegistrationMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// Rows of the application that one transaction may lock. The application waits for none of them longer than that transaction.
    /// </summary>
    private const int RowsAtOnce = 500;

    /// <summary>Rows that one transaction writes one by one.</summary>
    private const int RowsOneByOne = 20;

    private readonly LockWatch _locks = new(dataSource, time);

    /// <summary>Who has held the lock of status writers for long, and what to do; null when nobody has.</summary>
    public string? LockHolder => _locks.Holder;

    /// <summary>Has the extensions whose status was written, for the log.</summary>
    public PhoneLog Phones { get; } = new(time, logger);

    /// <summary>Finds all extensions whose status differs, without a lock, and writes them.</summary>
    /// <returns>As for <see cref="WriteAsync(string[], CancellationToken)"/>.</returns>
    public async Task<List<string>> WriteMismatchesAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select array(select distinct pjsip_sync.status_mismatches())");
        command.CommandTimeout = DataSource.BulkTimeoutSeconds;
        return await WriteAsync((string[])(await command.ExecuteScalarAsync(cancellation))!, cancellation);
    }

    /// <summary>Writes the statuses of these extensions where they differ.</summary>
    /// <returns>The extensions whose row the application had locked; they must be tried again.</returns>
    public async Task<List<string>> WriteAsync(string[] ids, CancellationToken cancellation)
    {
        var locked = new List<string>();
        foreach (var some in ids.Chunk(RowsAtOnce))
            locked.AddRange(await WriteSomeAsync(some, cancellation));
        return locked;
    }

    /// <summary>Tries rejected rows again that are due, in batches, as long as all of a batch can be written.</summary>
    public async Task RetryRejectedAsync(CancellationToken cancellation)
    {
        while (await WriteByRowAsync(null, cancellation) is { Count: > 0 } rows && rows.TrueForAll(row => row.Problem is null))
        {
            // The cause may have been one and the same for all rejected rows, so the next batch follows at once.
        }
    }

    /// <summary>Writes rows in one transaction. If a row makes the transaction fail, writes them one by one.</summary>
    private async Task<List<string>> WriteSomeAsync(string[] ids, CancellationToken cancellation)
    {
        try
        {
            var rows = await ExecuteAsync("select write_status, '' from pjsip_sync.write_status($1)", ids, cancellation);
            return [.. rows.Select(row => row.Number)];
        }
        catch (PostgresException error) when (DatabaseErrors.MayBeOneRow(error))
        {
            // Class 42 (syntax error, unknown column): the function may be older than a column that the application altered.
            if (error.SqlState.StartsWith("42", StringComparison.Ordinal))
                await RefreshMappingAsync(cancellation);
        }
        var locked = new List<string>();
        foreach (var some in ids.Chunk(RowsOneByOne))
        {
            var rows = await WriteByRowAsync(some, cancellation);
            locked.AddRange(rows.Where(row => row.Problem is "").Select(row => row.Number));
            foreach (var (number, problem) in rows.Where(row => row.Problem is { Length: > 0 }))
                Log.Rejected(logger, UntrustedText.Escape(number), UntrustedText.Escape(problem!));
        }
        return locked;
    }

    private async Task RefreshMappingAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await Installation.RefreshMappingAsync(connection, source, cancellation);
    }

    /// <param name="ids">The extensions to write; null for the rejected rows that are due.</param>
    private Task<List<(string Number, string? Problem)>> WriteByRowAsync(string[]? ids, CancellationToken cancellation) =>
        ExecuteAsync("select number, problem from pjsip_sync.write_status_by_row($1)", ids, cancellation);

    /// <returns>
    /// The rows that the statement returns. A problem says why the row could not be written; it is empty when the application had locked
    /// the row, and null when the row was written.
    /// </returns>
    private async Task<List<(string Number, string? Problem)>> ExecuteAsync(string sql, string[]? ids, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add($"""
            select pg_advisory_xact_lock({AdvisoryLock.StatusWriter}), {DataSource.AsynchronousCommit},
                   set_config('pjsip_sync.changed_numbers', 'numbers', true)
            """);
        batch.Add(sql, new NpgsqlParameter { Value = (object?)ids ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        // The setting is null before the first status change of a session, and empty before that of a transaction.
        batch.Add("""
            select coalesce(nullif(current_setting('pjsip_sync.status_changes', true), ''), '0')::integer,
                   current_setting('pjsip_sync.changed_numbers')
            """);
        batch.AddCommit();
        return await _locks.RunAsync(connection, async () =>
        {
            var rows = new List<(string, string?)>();
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                rows.Add((reader.GetString(0), reader.TextOrNull(1)));
            await reader.NextResultAsync(cancellation);
            await reader.ReadAsync(cancellation);
            var (changes, numbers) = (reader.GetInt32(0), reader.GetString(1));
            await reader.NextResultAsync(cancellation);
            metrics.StatusChanged(changes);
            // A trigger of the application runs in this session, and may have set anything.
            foreach (var line in numbers.Split('\n').Skip(1).Where(line => line.Length > 1))
                Phones.Add(line[1..], isOnline: line[0] == '+');
            return rows;
        }, cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.StatusRejected, LogLevel.Warning, "{Number}: {Reason} (pjsip_sync.status_rejected)")]
        public static partial void Rejected(ILogger logger, string number, string reason);
    }
}
