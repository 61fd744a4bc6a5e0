using System.Diagnostics;

namespace PjsipSyncWorker.Tests.Ami;

/// <summary>Waits for what another thread does, with a deadline and no fixed sleep.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Deadline, $"waited in vain for: {what}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    public static Task Ends(Task task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public static Task<T> Ends<T>(Task<T> task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
