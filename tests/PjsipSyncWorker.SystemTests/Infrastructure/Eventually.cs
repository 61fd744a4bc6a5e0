namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Eventually
{
    /// <summary>Repeats an attempt every 0.1 s until it does not throw.</summary>
    /// <param name="seconds">After so many seconds what the attempt throws is thrown.</param>
    public static async Task SucceedsAsync(int seconds, Func<Task> attempt)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
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

    /// <summary>Reads a value every 0.1 s until it is the expected one, for as many seconds at most.</summary>
    public static Task EqualAsync<T>(int seconds, T expected, Func<Task<T>> read) =>
        SucceedsAsync(seconds, async () => Assert.Equal(expected, await read()));
}
