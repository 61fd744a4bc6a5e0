using System.Threading.Channels;

namespace PjsipSyncWorker.Postgres;

/// <summary>A bell: ringing it twice before somebody wakes is ringing it once.</summary>
/// <param name="runContinuationsInline">Whether who waits goes on in the thread of whoever rings: sooner by a change of threads, if the other can do without his until the next wait.</param>
internal sealed class AsyncAutoResetEvent(bool runContinuationsInline = false)
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, AllowSynchronousContinuations = runContinuationsInline });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Whether it was rung since somebody last woke; it counts as heard.</summary>
    public bool TryReset() => _channel.Reader.TryRead(out _);

    /// <summary>Waits for the bell, or for <paramref name="longest"/>.</summary>
    /// <returns>False when it was not rung.</returns>
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
