namespace PjsipSyncWorker.TestSupport;

/// <summary>Waits for a condition with a deadline; no test asserts anything by sleeping.</summary>
internal static class Eventually
{
    /// <summary>How long a condition may take where the caller names no time: 20 s.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    /// <summary>Reads a value every 20 ms until it is the expected one. A server that is away for a moment is no failure.</summary>
    /// <param name="patience">How long it may take; null: <see cref="Patience"/>.</param>
    /// <param name="log">Returns what is shown when the time is over: the log of the process that should have seen to it.</param>
    public static async Task Equal<T>(T expected, Func<Task<T>> read, TimeSpan? patience = null, Func<string>? log = null)
    {
        var deadline = DateTime.UtcNow + (patience ?? Patience);
        while (true)
        {
            T? last = default;
            Exception? failure = null;
            try
            {
                last = await read();
                if (EqualityComparer<T>.Default.Equals(expected, last))
                    return;
            }
            catch (Exception error) when (error is Npgsql.NpgsqlException or IOException or CommandFailedException)
            {
                failure = error;
            }
            if (DateTime.UtcNow > deadline)
            {
                if (failure is not null)
                    throw failure;
                Assert.Fail($"expected {expected}, and it is {last} still{Environment.NewLine}{log?.Invoke()}");
            }
            await Task.Delay(20);
        }
    }

    /// <summary>Waits as <see cref="Equal"/> does.</summary>
    public static Task True(Func<Task<bool>> read, TimeSpan? patience = null) => Equal(true, read, patience);

    /// <summary>Waits every 2 ms for what another thread of this process does.</summary>
    /// <param name="what">What is waited for, shown when the time is over.</param>
    public static async Task True(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"waited in vain for: {what}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>
    /// Repeats an attempt every 0.1 s until it does not throw. When the time is over, what the last attempt threw is thrown.
    /// </summary>
    public static async Task Succeeds(Func<Task> attempt, TimeSpan patience)
    {
        var deadline = DateTime.UtcNow + patience;
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception) when (DateTime.UtcNow < deadline)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Waits until a task ends, for as long as <see cref="Patience"/>.</summary>
    public static Task Ends(Task task) => task.WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>Waits until a task ends, for as long as <see cref="Patience"/>, and returns its result.</summary>
    public static Task<T> Ends<T>(Task<T> task) => task.WaitAsync(Patience, TestContext.Current.CancellationToken);
}
