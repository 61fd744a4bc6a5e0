using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Commits are spared a NOTIFY where nobody has to be woken, and no change waits for it.</summary>
public sealed class IdleLockTests(PostgresServer server)
{
    private const string Insert = """
        insert into extensions (number, password) values ('1001', 'x') on conflict (number) do update
          set password = extensions.password || 'x'
        """;

    [Fact]
    public async Task Only_an_idle_worker_is_notified()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await database.OpenAsync();
        await using var listening = await database.OpenAsync();
        var heard = new List<string>();
        listening.Notification += (_, notification) => heard.Add(notification.Payload);
        await ExecuteAsync(listening, "listen pjsip_sync_change");

        Assert.Equal(0, await HeardAsync(Insert));
        await ExecuteAsync(worker, "select pg_advisory_lock(pjsip_sync.lock_class(), 3)");
        Assert.Equal(1, await HeardAsync(Insert));
        Assert.Equal(0, await HeardAsync($"begin; set local pjsip_sync.notify = off; {Insert}; commit"));

        // Notifications come in the order of their commits: what was not heard before the last word was not sent.
        async Task<int> HeardAsync(string sql)
        {
            heard.Clear();
            await database.ExecuteAsync(sql);
            await database.ExecuteAsync("notify pjsip_sync_change, 'the last word'");
            while (!heard.Contains("the last word"))
                await listening.WaitAsync(TestContext.Current.CancellationToken);
            return heard.Count - 1;
        }
    }

    [Fact]
    public async Task Worker_stays_awake_while_an_unnotified_transaction_runs()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var application = await database.OpenAsync();
        await using var worker = await database.OpenAsync();
        await ExecuteAsync(application, $"begin; {Insert}");
        Assert.False(await SleepsAsync());

        await ExecuteAsync(application, "commit");
        Assert.True(await SleepsAsync());
        Assert.Equal(1L, await ScalarAsync(worker, "select count(*) from pjsip_sync.change where id is not null"));

        async Task<bool> SleepsAsync() =>
            await ScalarAsync(worker, "select pg_try_advisory_lock(pjsip_sync.lock_class(), 3)::int::bigint") == 1;
    }

    /// <summary>
    /// Rounds of changes from four connections, each of which ends just when the worker may fall asleep: nothing that comes later makes up
    /// for a lost one.
    /// </summary>
    [Fact]
    public async Task No_wake_up_is_lost_however_bursts_and_pauses_fall()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Sync__PollInterval=01:00:00",
            "Logging__LogLevel__Default=Debug");
        var seed = TestRunOptions.Seed;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await using var looker = await database.OpenAsync();
        var writers = new List<NpgsqlConnection>();
        for (var i = 0; i < 4; i++)
            writers.Add(await database.OpenAsync());

        for (var (round, end) = (0, DateTime.UtcNow.AddSeconds(20)); DateTime.UtcNow < end; round++)
        {
            var changes = Enumerable.Range(0, random.Next(1, 5))
                .Select(i => WriteAsync(writers[i], round, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(0, 9))]))
                .ToList();
            await Task.WhenAll(changes);
            await Eventually.Equal(0L, () => ScalarAsync(looker, """
                select count(*) from extensions e left join ps_auths a on a.id = e.number and a.password = e.password
                  where a.id is null
                """));
        }

        Assert.Contains("Sync is ready", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Found a change without a notification", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_without_a_notification_is_found_within_seconds()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Sync__PollInterval=01:00:00",
            "Logging__LogLevel__Default=Debug");
        // It sleeps: another cannot.
        await Eventually.True(() => database.ScalarAsync<bool>("select not pg_try_advisory_xact_lock(pjsip_sync.lock_class(), 3)"));

        await database.ExecuteAsync($"begin; set local pjsip_sync.notify = off; {Insert}; commit");

        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(4));
        Assert.Contains("Found a change without a notification", worker.Log, StringComparison.Ordinal);
    }

    /// <summary>One transaction after each pause; each second one stays open for a moment after it recorded its change.</summary>
    private static async Task WriteAsync(NpgsqlConnection application, int round, int[] pauses)
    {
        foreach (var (i, pause) in pauses.Index())
        {
            await Task.Delay(pause);
            await ExecuteAsync(application, $"""
                begin; insert into extensions (number, password) values ('{application.ProcessID}{i}', 'p{round}')
                  on conflict (number) do update set password = excluded.password
                """);
            if (pause % 2 == 0)
                await Task.Delay(pause);
            await ExecuteAsync(application, "commit");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
