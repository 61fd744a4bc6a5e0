using Npgsql;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>An application that changes its extensions at random from several connections, whatever happens to its database.</summary>
internal sealed class Application : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _writers;
    private int _statements;

    /// <param name="seed">The same seed makes the same statements; their order among connections is the machine's.</param>
    public Application(TestDatabase database, int seed, int writers = 3) =>
        _writers = [.. Enumerable.Range(0, writers)
            .Select(writer => WriteAsync(database, new Random(seed + writer), TimeSpan.FromMilliseconds(2)))];

    /// <summary>Number of statements that were carried out.</summary>
    public int Statements => Volatile.Read(ref _statements);

    /// <summary>Waits until so many more statements are carried out.</summary>
    public Task WorkAsync(int statements)
    {
        var goal = Statements + statements;
        return Eventually.True(() => Task.FromResult(Statements >= goal), TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
        _stop.Dispose();
    }

    private async Task WriteAsync(TestDatabase database, Random random, TimeSpan pause)
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await database.ExecuteAsync(Statement(random));
                Interlocked.Increment(ref _statements);
                await Task.Delay(pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (PostgresException error) when (
                error.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected
                    or PostgresErrorCodes.SerializationFailure)
            {
                // Two writers chose the same number or the same rows.
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50);
            }
        }
    }

    private static string Statement(Random random)
    {
        var number = 2000 + random.Next(300);
        return random.Next(12) switch
        {
            0 or 1 or 2 => $"""
                insert into extensions (number, password, display_name)
                  values ('{number}', 'p{random.Next(1000)}', 'Name {random.Next(100)}')
                """,
            3 or 4 => $"update extensions set password = 'p{random.Next(1000)}' where number = '{number}'",
            5 => $"update extensions set number = '{2000 + random.Next(300)}' where number = '{number}'",
            6 => $"update extensions set enabled = not enabled where number = '{number}'",
            7 => $"delete from extensions where number = '{number}'",
            8 => $"update extensions set display_name = 'Name {random.Next(100)}' where number between '{number}' and '{number + 20}'",
            9 => $"""
                insert into extensions (number, password) select g::text, 'bulk' from generate_series({number}, {number + 30}) g
                  on conflict do nothing
                """,
            10 => $"begin; update extensions set password = 'never' where number between '{number}' and '{number + 10}'; rollback",
            _ => $"update extensions set status = 'online' where number = '{number}'",
        };
    }
}
