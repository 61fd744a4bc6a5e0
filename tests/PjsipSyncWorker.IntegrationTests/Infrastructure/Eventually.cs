namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>Waits for a condition with a deadline; nothing is asserted by sleeping.</summary>
internal static class Eventually
{
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    /// <summary>Reads a value again and again until it is the expected one.</summary>
    /// <param name="log">What is shown when it never is: the log of whoever should have seen to it.</param>
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
            catch (Exception error) when (error is Npgsql.NpgsqlException or IOException)
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

    public static Task True(Func<Task<bool>> read, TimeSpan? patience = null) => Equal(true, read, patience);
}
