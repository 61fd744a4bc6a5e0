using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Whether a notification of one connection reaches another that listens. Through a pooler that hands out a server
/// connection per transaction it does not, and session locks, on which the worker also lives, do not hold.
/// </summary>
internal static class ListenCheck
{
    /// <summary>As in <c>pjsip_sync.may_notify()</c>.</summary>
    private const double Full = 0.5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Npgsql waits for whole milliseconds, and for ever when there is none.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    public static async Task<Finding> LookAsync(NpgsqlDataSource dataSource, CancellationToken cancellation)
    {
        await using (var usage = dataSource.CreateCommand("select pg_notification_queue_usage()"))
            if ((double)(await usage.ExecuteScalarAsync(cancellation))! is >= Full and var full)
                return Finding.Fail($"the server's queue of notifications is {full:P0} full: until there is room changes are found by polling, and when it is full every commit that notifies fails",
                    "End the session that listens and stays in a transaction: select pid, usename, application_name, xact_start from pg_stat_activity order by xact_start");
        var token = Guid.NewGuid().ToString("N");
        await using var listener = await dataSource.OpenConnectionAsync(cancellation);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        listener.Notification += (_, notification) =>
        {
            if (notification.Payload == token)
                heard.TrySetResult();
        };
        await ExecuteAsync(listener, "listen pjsip_sync_verify", cancellation);
        var watch = Stopwatch.StartNew();
        await using (var notifier = await dataSource.OpenConnectionAsync(cancellation))
            await ExecuteAsync(notifier, $"notify pjsip_sync_verify, '{token}'", cancellation);
        for (var left = Patience; !heard.Task.IsCompleted && left >= Shortest; left = Patience - watch.Elapsed)
            await listener.WaitAsync(left, cancellation);
        if (!heard.Task.IsCompleted)
        {
            return Finding.Fail($"a notification did not arrive within {Patience.TotalSeconds:0} s",
                "Connect to PostgreSQL itself: a pooler in transaction mode (PgBouncer: pool_mode = transaction) loses LISTEN and session locks; or give this user pool_mode = session");
        }
        await ExecuteAsync(listener, "unlisten pjsip_sync_verify", cancellation);
        return Finding.Pass($"a notification took {watch.Elapsed.TotalMilliseconds:0} ms");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
