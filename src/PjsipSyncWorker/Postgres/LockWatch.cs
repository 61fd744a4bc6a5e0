using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Finds the session that makes the worker wait for a lock again and again. Another worker holds the same locks while it works, but each
/// time in another transaction, which is no fault. For one caller at a time.
/// </summary>
internal sealed class LockWatch(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// How long one transaction may hold the lock before <see cref="Holder"/> names it. Longer than a dead worker's session lasts.
    /// </summary>
    private static readonly TimeSpan ReportAfter = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How long an attempt waits before the holder is searched. The server ends the attempt after a second (<c>lock_timeout</c>).
    /// </summary>
    private static readonly TimeSpan SearchAfter = TimeSpan.FromMilliseconds(400);

    private bool _failed;
    private string? _holder;
    private long _heldSince;

    /// <summary>The holder of the lock and what to do about it, in words; null while no transaction has held it for 6 seconds.</summary>
    public string? Holder => _holder is not null && time.GetElapsedTime(_heldSince) >= ReportAfter ? _holder : null;

    /// <summary>
    /// Runs an attempt. If the last attempt failed because of a lock, searches for the holder, on another connection, while this one waits.
    /// </summary>
    /// <param name="connection">The connection that the attempt uses.</param>
    /// <exception cref="PostgresException">55P03: the attempt did not get the lock within <c>lock_timeout</c>.</exception>
    public async Task<T> RunAsync<T>(NpgsqlConnection connection, Func<Task<T>> attempt, CancellationToken cancellation)
    {
        try
        {
            var running = attempt();
            if (_failed && await Task.WhenAny(running, Task.Delay(SearchAfter, time, cancellation)) != running)
                SetHolder(await FindHolderAsync(connection.ProcessID, cancellation));
            var result = await running;
            (_failed, _holder) = (false, null);
            return result;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            _failed = true;
            throw;
        }
    }

    private void SetHolder(string? holder)
    {
        if (holder == _holder)
            return;
        (_holder, _heldSince) = (holder, time.GetTimestamp());
    }

    /// <returns>
    /// The session that blocks all others and is not blocked itself, with the start of its transaction, so that another transaction of the
    /// same session is another holder. Null when nothing blocks; the last known holder when the query fails.
    /// </returns>
    private async Task<string?> FindHolderAsync(int waiting, CancellationToken cancellation)
    {
        try
        {
            await using var command = dataSource.CreateCommand("""
                with recursive blocking (pid, depth) as (
                  select unnest(pg_blocking_pids($1)), 1
                  union
                  select unnest(pg_blocking_pids(pid)), depth + 1 from blocking where pid <> 0 and depth < 10)
                select pid, application_name, usename::text,
                       to_char(coalesce(xact_start, state_change) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
                from blocking left join pg_stat_activity using (pid)
                where pid = 0 or cardinality(pg_blocking_pids(pid)) = 0
                order by pid <> 0, coalesce(xact_start, state_change) nulls last limit 1
                """);
            command.Parameters.Add(Parameter.Of(waiting));
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (!await reader.ReadAsync(cancellation))
                return null;
            var pid = reader.GetInt32(0).ToString(CultureInfo.InvariantCulture);
            if (pid == "0")
                return "a prepared transaction holds it: commit it or roll it back (pg_prepared_xacts)";
            var since = reader.TextOrNull(3) is { } beginning ? $", since {beginning} UTC" : "";
            var application = UntrustedText.Escape(reader.TextOrNull(1) ?? "");
            return $"process {pid} holds it (application {application}, role {reader.TextOrNull(2)}{since}): "
                + $"end its transaction, or its session with pg_terminate_backend({pid})";
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return _holder;
        }
    }
}
