using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiWriterTests : IDisposable
{
    private readonly MemoryStream _wire = new();

    public void Dispose() => _wire.Dispose();

    [Fact]
    public async Task Actions_are_sent_in_order_and_a_cancelled_one_is_not_sent()
    {
        var writer = new AmiWriter(_wire, "p-", 3);
        var abandoned = Pending();
        abandoned.Fail(new AmiTimeoutException("too late"));
        Assert.True(writer.TryPost(new AmiAction("First"), 1, Pending()));
        Assert.True(writer.TryPost(new AmiAction("Reload"), 2, abandoned));
        Assert.True(writer.TryPost(new AmiAction("Last"), 3, Pending()));

        using var stop = new CancellationTokenSource();
        var running = writer.RunAsync(stop.Token);
        await Eventually.True(() => Sent().Contains("p-3", StringComparison.Ordinal), "the last action");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.Ends(running));
        Assert.Equal("Action: First\r\nActionID: p-1\r\n\r\nAction: Last\r\nActionID: p-3\r\n\r\n", Sent());
    }

    [Fact]
    public void Actions_to_a_stalled_peer_are_refused_instead_of_queued()
    {
        var writer = new AmiWriter(_wire, "p-", 1);
        Assert.True(writer.TryPost(new AmiAction("Ping"), 1, Pending()));
        Assert.False(writer.TryPost(new AmiAction("Ping"), 2, Pending()));
    }

    private static AmiPendingAction Pending() => new("X", null, TimeSpan.FromSeconds(10), TimeProvider.System);

    private string Sent() => Encoding.ASCII.GetString(_wire.ToArray());
}
