using System.Threading.Channels;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Wakes one waiter. Setting the event several times before it is awaited counts as once. Thread-safe; for one waiter at a time.
/// </summary>
/// <param name="runContinuationsInline">
/// If true, the waiter's continuation runs synchronously on the thread that calls <see cref="Set"/>. This saves one thread hop.
/// Use it only if the setter does not need its thread until the waiter awaits again.
/// </param>
internal sealed class AsyncAutoResetEvent(bool runContinuationsInline = false)
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
        AllowSynchronousContinuations = runContinuationsInline,
    });

    /// <summary>Sets the event. Never blocks and never throws.</summary>
    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Resets the event.</summary>
    /// <returns>Whether it was set.</returns>
    public bool TryReset() => _channel.Reader.TryRead(out _);

    /// <summary>Waits until the event is set, and resets it.</summary>
    /// <param name="longest">The longest time to wait.</param>
    /// <returns>False when that time passed first.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(longest, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _channel.Reader.ReadAsync(both.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
