using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Checks that a notification of one connection reaches another that listens. A connection pooler in transaction mode loses
/// notifications; it also loses session locks, which the worker needs too.
/// </summary>
internal static class ListenCheck
{
    /// <summary>Share of the notification queue from which <c>pjsip_sync.may_notify()</c> stops notifying.</summary>
    private const double FullShare = 0.5;

    private const string FullAdvice =
        "End the session that listens and stays in a transaction: "
        + "select pid, usename, application_name, xact_start from pg_stat_activity order by xact_start";

    private const string PoolerAdvice =
        "Connect to PostgreSQL itself: a pooler in transaction mode (PgBouncer: pool_mode = transaction) loses LISTEN and session locks; "
        + "or give this user pool_mode = session";

    private static readonly TimeSpan NotificationTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Npgsql rounds a wait down to whole milliseconds, and waits for ever when that gives 0.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    public static async Task<CheckResult> RunAsync(NpgsqlDataSource dataSource, CancellationToken cancellation)
    {
        if (await QueueUsageAsync(dataSource, cancellation) is >= FullShare and var full)
        {
            return CheckResult.Fail(
                $"the server's queue of notifications is {full:P0} full: until there is room changes are found by polling, "
                + "and when it is full every commit that notifies fails",
                FullAdvice);
        }
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
        for (var left = NotificationTimeout; !heard.Task.IsCompleted && left >= ShortestWait; left = NotificationTimeout - watch.Elapsed)
            await listener.WaitAsync(left, cancellation);
        if (!heard.Task.IsCompleted)
            return CheckResult.Fail($"a notification did not arrive within {NotificationTimeout.TotalSeconds:0} s", PoolerAdvice);
        await ExecuteAsync(listener, "unlisten pjsip_sync_verify", cancellation);
        return CheckResult.Pass($"a notification took {watch.Elapsed.TotalMilliseconds:0} ms");
    }

    /// <returns>How full the queue of notifications is, 0 to 1.</returns>
    private static async Task<double> QueueUsageAsync(NpgsqlDataSource dataSource, CancellationToken cancellation)
    {
        await using var usage = dataSource.CreateCommand("select pg_notification_queue_usage()");
        return (double)(await usage.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
