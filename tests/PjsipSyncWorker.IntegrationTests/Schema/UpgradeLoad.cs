using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>The application: sessions that insert, change and delete their own extensions, in transactions of several statements.</summary>
internal sealed class UpgradeLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _sessions;
    private long _longest;
    private int _statements;

    public UpgradeLoad(TestDatabase database) =>
        _sessions = [.. Enumerable.Range(2, 4).Select(session => Task.Run(() => RunAsync(database, session)))];

    public ConcurrentQueue<string> Errors { get; } = [];

    public TimeSpan Longest => TimeSpan.FromTicks(Interlocked.Read(ref _longest));

    public int Statements => Volatile.Read(ref _statements);

    public Task WorkAsync(int statements)
    {
        var goal = Statements + statements;
        return Eventually.True(() => Task.FromResult(Statements >= goal), TimeSpan.FromSeconds(120));
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_sessions);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(TestDatabase database, int session)
    {
        var random = new Random(session);
        await using var connection = await database.OpenAsync();
        while (!_stop.IsCancellationRequested)
        {
            // Numbers of one session only, so that nothing but the upgrade can make it wait or fail.
            string Number() => $"{session}{random.Next(200):000}";
            await TimedAsync(connection, "begin");
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                await TimedAsync(connection, random.Next(8) switch
                {
                    0 or 1 => $"insert into extensions (number, password) values ('{Number()}', 'x') on conflict do nothing",
                    2 => $"update extensions set display_name = 'Name {random.Next(100)}' where number = '{Number()}'",
                    3 => $"""
                        update extensions set number = '{session}9{random.Next(100):00}' where number = '{Number()}'
                          and not exists (select from extensions where number like '{session}9%')
                        """,
                    4 => $"update extensions set status = 'online' where number = '{Number()}'",
                    5 => $"update extensions set password = 'y' where number between '{session}000' and '{session}050'",
                    6 => "select count(*) from extensions where number < '2000'",
                    _ => $"delete from extensions where number = '{Number()}'",
                });
            }
            await TimedAsync(connection, random.Next(10) == 0 ? "rollback" : "commit");
        }
    }

    private async Task TimedAsync(NpgsqlConnection connection, string sql)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (PostgresException error)
        {
            Errors.Enqueue($"{error.SqlState} {error.MessageText}: {sql}");
        }
        Interlocked.Increment(ref _statements);
        var ticks = watch.Elapsed.Ticks;
        for (var longest = Interlocked.Read(ref _longest); ticks > longest; longest = Interlocked.Read(ref _longest))
            Interlocked.CompareExchange(ref _longest, ticks, longest);
    }
}
