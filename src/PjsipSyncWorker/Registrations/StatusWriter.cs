using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Writes <c>extensions.status</c> from the view <c>pjsip_sync.registration</c>: for what was asked at once,
/// for everything every snapshot interval. The application's rows are never waited for: what it holds is tried again.
/// </summary>
internal sealed partial class StatusWriter(NpgsqlDataSource dataSource, WorkerSettings settings, RegistrationMetrics metrics, Health health, TimeProvider time, ILogger<StatusWriter> logger)
{
    private static readonly TimeSpan SkippedRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>Rows of the application's that one transaction may lock: it has to wait for none of them longer than that takes.</summary>
    private const int RowsAtOnce = 500;

    /// <summary>Rows that one transaction tries one by one.</summary>
    private const int RowsOneByOne = 20;

    /// <summary>How soon a lapse is noticed.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly AsyncAutoResetEvent _wake = new();
    private readonly LockWatch _locks = new(dataSource, time);
    private HashSet<string> _asked = new(StringComparer.Ordinal);
    private bool _everything = true;
    private DateTime _looked = DateTime.UtcNow.AddDays(-1);
    private long _lookedAt = -time.TimestampFrequency * 3600;
    private bool _rejectedAreDue;

    /// <summary>These extensions may have another status now.</summary>
    public void Enqueue(IEnumerable<string> endpoints)
    {
        lock (_lock)
            _asked.UnionWith(endpoints);
        _wake.Set();
    }

    /// <summary>All of them may.</summary>
    public void EnqueueAll()
    {
        lock (_lock)
            _everything = true;
        _wake.Set();
    }

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var part = health.Begin("status");
        var compared = time.GetTimestamp();
        while (true)
        {
            part.Report(await RunOnceAsync(cancellation), Tick);
            await _wake.WaitAsync(Tick, time, cancellation);
            if (time.GetElapsedTime(compared) < settings.Asterisk.SnapshotInterval)
                continue;
            compared = time.GetTimestamp();
            lock (_lock)
                _everything = true;
            await ForgetAbsentAsync(cancellation);
        }
    }

    private async Task ForgetAbsentAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select name from pjsip_sync.node where last_seen_at < now() - $1 and pjsip_sync.forget_node(name)");
        command.Parameters.Add(new() { Value = settings.Asterisk.ForgetAfter });
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                Log.Forgotten(logger, reader.GetString(0), settings.Asterisk.ForgetAfter.TotalDays);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            // It has been away for days; the next look is soon enough.
        }
    }

    /// <returns>Why it could not be done, or null.</returns>
    private async Task<string?> RunOnceAsync(CancellationToken cancellation)
    {
        var (ids, everything) = Dequeue();
        try
        {
            var lapsed = everything || time.GetElapsedTime(_lookedAt) < Tick ? [] : await DequeueExpiredAsync(cancellation);
            if (_rejectedAreDue)
                await RetryRejectedAsync(cancellation);
            var skipped = everything ? await ProjectAllAsync(cancellation) : await WriteAllAsync([.. ids.Union(lapsed)], cancellation);
            if (skipped.Count == 0)
                return null;
            await Task.Delay(SkippedRetry, time, cancellation);
            Enqueue(skipped);
            return null;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            var problem = error is not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } ? DatabaseErrors.Describe(error)
                : _locks.Holder is { } holder ? $"waits for a lock: {holder}" : null;
            // A server that crashed took back what it had not yet on its disk.
            Requeue(ids, everything || problem is not null);
            if (problem is not null)
                Log.Failed(logger, problem);
            await Task.Delay(Tick, time, cancellation);
            return problem;
        }
    }

    /// <summary>Endpoints of which a contact expired, or whose node went stale, since the last look (by the database's clock,
    /// whoever followed them, so that a host that died with its worker is noticed), or whose status somebody else wrote.</summary>
    private async Task<List<string>> DequeueExpiredAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with overwritten as (delete from pjsip_sync.status_recheck returning id)
            select clock_timestamp(), array(
              select id from overwritten
              union
              select endpoint from pjsip_sync.contact_lifetime where live_until > $1 and live_until <= now()),
              exists (select from pjsip_sync.status_rejected where retry_at <= now())
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = _looked, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        _lookedAt = time.GetTimestamp();
        // A second of overlap: what was computed in the very moment is looked at twice rather than never.
        _looked = reader.GetDateTime(0).AddSeconds(-1);
        _rejectedAreDue = reader.GetBoolean(2);
        return [.. reader.GetFieldValue<string[]>(1)];
    }

    /// <summary>What differs is looked for without holding anything.</summary>
    private async Task<List<string>> ProjectAllAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select array(select distinct pjsip_sync.status_mismatches())");
        command.CommandTimeout = DataSource.BulkTimeoutSeconds;
        return await WriteAllAsync((string[])(await command.ExecuteScalarAsync(cancellation))!, cancellation);
    }

    /// <summary>In small transactions: an application that writes one of these rows waits for no longer than one of them.</summary>
    private async Task<List<string>> WriteAllAsync(string[] ids, CancellationToken cancellation)
    {
        var skipped = new List<string>();
        foreach (var some in ids.Chunk(RowsAtOnce))
            skipped.AddRange(await WriteSomeAsync(some, cancellation));
        return skipped;
    }

    /// <summary>All of these rows in one transaction; where that fails because of one of them, one by one.</summary>
    private async Task<List<string>> WriteSomeAsync(string[] ids, CancellationToken cancellation)
    {
        try
        {
            return [.. (await WriteAsync("select write_status, '' from pjsip_sync.write_status($1)", ids, cancellation)).Select(row => row.Number)];
        }
        catch (PostgresException error) when (DatabaseErrors.MayBeOneRow(error))
        {
            // Unless it is the function, made before the application altered a column.
            if (error.SqlState.StartsWith("42", StringComparison.Ordinal))
                await AdaptAsync(cancellation);
        }
        var held = new List<string>();
        foreach (var some in ids.Chunk(RowsOneByOne))
        {
            var rows = await WriteAsync("select number, problem from pjsip_sync.write_status_by_row($1)", some, cancellation);
            held.AddRange(rows.Where(row => row.Problem is "").Select(row => row.Number));
            foreach (var (number, problem) in rows.Where(row => row.Problem is { Length: > 0 }))
                Log.Rejected(logger, UntrustedText.Escape(number), UntrustedText.Escape(problem));
        }
        return held;
    }

    /// <summary>Rejected rows that are due, as long as they can be written again.</summary>
    private async Task RetryRejectedAsync(CancellationToken cancellation)
    {
        while (await WriteAsync("select number, problem from pjsip_sync.write_status_by_row($1)", null, cancellation) is { Count: > 0 } rows && rows.TrueForAll(row => row.Problem is null))
        {
            // What kept these from being written may have kept all.
        }
    }

    private async Task AdaptAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await Installation.AdaptAsync(connection, settings.Source, cancellation);
    }

    /// <returns>Numbers of rows, with why each was not written: empty when the application holds it.</returns>
    private async Task<List<(string Number, string? Problem)>> WriteAsync(string sql, string[]? ids, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand($"select pg_advisory_xact_lock({AdvisoryLock.StatusWriter}), {DataSource.AsynchronousCommit}"),
                new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter { Value = (object?)ids ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } } },
                // null where none ever was in this session, empty where none was in this transaction
                new NpgsqlBatchCommand("select coalesce(nullif(current_setting('pjsip_sync.status_changes', true), ''), '0')::integer"),
                new NpgsqlBatchCommand("commit"),
            },
        };
        return await _locks.RunAsync(connection, async () =>
        {
            var rows = new List<(string, string?)>();
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                rows.Add((reader.GetString(0), reader.TextOrNull(1)));
            await reader.NextResultAsync(cancellation);
            await reader.ReadAsync(cancellation);
            var flips = reader.GetInt32(0);
            await reader.NextResultAsync(cancellation);
            metrics.Flipped(flips);
            return rows;
        }, cancellation);
    }

    private (string[] Ids, bool Everything) Dequeue()
    {
        lock (_lock)
        {
            var taken = (_asked.ToArray(), _everything);
            _asked = new HashSet<string>(StringComparer.Ordinal);
            _everything = false;
            return taken;
        }
    }

    private void Requeue(string[] ids, bool everything)
    {
        lock (_lock)
        {
            _asked.UnionWith(ids);
            _everything |= everything;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2100, LogLevel.Warning, "Status could not be written, the next attempt follows: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(2102, LogLevel.Warning, "{Number}: {Reason} (pjsip_sync.status_rejected)")]
        public static partial void Rejected(ILogger logger, string number, string reason);

        [LoggerMessage(2101, LogLevel.Warning, "Asterisk {Node} was not seen for {Days:0.#} days (Asterisk:ForgetAfter): it is forgotten, and its registrations with it")]
        public static partial void Forgotten(ILogger logger, string node, double days);
    }
}
