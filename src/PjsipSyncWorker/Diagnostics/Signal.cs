namespace PjsipSyncWorker.Diagnostics;

/// <summary>Wakes everybody who waits for the next change. Setting it while nobody waits does nothing. Thread-safe.</summary>
internal sealed class Signal
{
    private TaskCompletionSource? _next;

    /// <summary>Returns a task that ends with the next <see cref="Set"/>. Take it before you look at what may change.</summary>
    public Task Next()
    {
        while (true)
        {
            if (Volatile.Read(ref _next) is { } waiting)
                return waiting.Task;
            Interlocked.CompareExchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);
        }
    }

    /// <summary>Ends the task of everybody who waits.</summary>
    public void Set() => Interlocked.Exchange(ref _next, null)?.TrySetResult();

    /// <summary>Waits for a task of <see cref="Next"/>, or until the time is over.</summary>
    public static async Task WaitAsync(Task next, TimeSpan longest, TimeProvider time, CancellationToken cancellation)
    {
        await next.WaitAsync(longest, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }
}
