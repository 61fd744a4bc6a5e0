using System.Buffers;
using System.Threading.Channels;

namespace PjsipSyncWorker.Ami;

/// <summary>Sends actions in the order in which they are queued. Those that are queued together go into one write.</summary>
internal sealed class AmiWriter(Stream stream, string idPrefix, int capacity)
{
    private const int BatchBytes = 16 * 1024;
    private readonly Channel<(AmiAction Action, long Id, AmiPendingAction Pending)> _queue =
        Channel.CreateBounded<(AmiAction, long, AmiPendingAction)>(new BoundedChannelOptions(capacity) { SingleReader = true });

    /// <summary>Queues an action; false when the queue is full, because the peer does not read.</summary>
    public bool TryPost(AmiAction action, long id, AmiPendingAction pending) => _queue.Writer.TryWrite((action, id, pending));

    /// <summary>Sends until cancelled. A failed or cancelled write may have left half an action, so it ends the connection.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new ArrayBufferWriter<byte>(BatchBytes);
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            while (batch.WrittenCount < BatchBytes && _queue.Reader.TryRead(out var next))
            {
                // Nothing awaits the action any more. It was reported as failed, so it must not be sent late.
                if (!next.Pending.Task.IsCompleted)
                {
                    next.Action.WriteTo(batch, idPrefix, next.Id);
                }
            }

            await stream.WriteAsync(batch.WrittenMemory, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            batch.ResetWrittenCount();
        }
    }
}
