using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Finds out who holds a lock that work waits for again and again. Another worker that is at work holds the same locks, but each time in
/// another transaction, and is no fault.
/// </summary>
internal sealed class LockWatch(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>How long one transaction may hold a lock before that is said: longer than a worker that died keeps one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    /// <summary>How long a single attempt waits before its holder is looked for; it is given up after a second (<c>lock_timeout</c>).</summary>
    private static readonly TimeSpan LookAfter = TimeSpan.FromMilliseconds(400);

    private bool _failed;
    private string? _holder;
    private long _heldSince;

    /// <summary>Who holds the lock, and what to do; null while nobody has held it for long.</summary>
    public string? Holder => _holder is not null && time.GetElapsedTime(_heldSince) >= Patience ? _holder : null;

    /// <summary>Runs an attempt, and looks who makes it wait where the last one ended by a lock.</summary>
    public async Task<T> RunAsync<T>(NpgsqlConnection connection, Func<Task<T>> attempt, CancellationToken cancellation)
    {
        try
        {
            var running = attempt();
            if (_failed && await Task.WhenAny(running, Task.Delay(LookAfter, time, cancellation)) != running)
                See(await FindHolderAsync(connection.ProcessID, cancellation));
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

    private void See(string? holder)
    {
        if (holder == _holder)
            return;
        (_holder, _heldSince) = (holder, time.GetTimestamp());
    }

    /// <returns>The one at whose end all others wait, with the beginning of its transaction; null when there is none, or no answer.</returns>
    private async Task<string?> FindHolderAsync(int waiting, CancellationToken cancellation)
    {
        try
        {
            await using var command = dataSource.CreateCommand("""
                with recursive blocking (pid, depth) as (
                  select unnest(pg_blocking_pids($1)), 1
                  union
                  select unnest(pg_blocking_pids(pid)), depth + 1 from blocking where pid <> 0 and depth < 10)
                select pid, application_name, usename::text, to_char(coalesce(xact_start, state_change) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
                from blocking left join pg_stat_activity using (pid)
                where pid = 0 or cardinality(pg_blocking_pids(pid)) = 0
                order by pid <> 0, coalesce(xact_start, state_change) nulls last limit 1
                """);
            command.Parameters.Add(new() { Value = waiting });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (!await reader.ReadAsync(cancellation))
                return null;
            var pid = reader.GetInt32(0).ToString(CultureInfo.InvariantCulture);
            if (pid == "0")
                return "a prepared transaction holds it: commit it or roll it back (pg_prepared_xacts)";
            var since = reader.TextOrNull(3) is { } beginning ? $", since {beginning} UTC" : "";
            return $"process {pid} holds it (application {UntrustedText.Escape(reader.TextOrNull(1) ?? "")}, role {reader.TextOrNull(2)}{since}): "
                + $"end its transaction, or its session with pg_terminate_backend({pid})";
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return _holder;
        }
    }
}
