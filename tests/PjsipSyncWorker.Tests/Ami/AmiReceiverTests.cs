using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiReceiverTests
{
    [Fact]
    public async Task A_peer_that_never_pauses_does_not_keep_who_listens_to_it()
    {
        using var stop = new CancellationTokenSource();
        await using var stream = new EndlessStream();
        var receiver = new AmiReceiver(stream, new AmiReader(1000, 1000),
            new AmiDispatcher(new AmiPendingTable("x-"), new Deaf(), new LogLines()), TimeProvider.System);

        var running = await Eventually.Ends(Task.Run(() => Task.FromResult<Task>(receiver.RunAsync(stop.Token)), CancellationToken.None));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.Ends(running));
    }

    private sealed class Deaf : IAmiEventHandler
    {
        public void OnEvent(in AmiMessage message)
        {
            // There are too many to keep.
        }
    }

    /// <summary>Has the next events whenever it is asked, at once.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        private static readonly byte[] Event = Encoding.ASCII.GetBytes("Event: A\r\n\r\n");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(buffer.Length, Event.Length);
            Event.AsSpan(0, count).CopyTo(buffer.Span);
            return ValueTask.FromResult(count);
        }
    }
}
