using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Ami;
using static PjsipSyncWorker.TestSupport.Fakes.FakeAmi;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiListTests : IAsyncDisposable
{
    private readonly FakeAmi _asterisk = new();
    private readonly EventLog _events = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _items = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _asterisk.DisposeAsync();

    [Fact]
    public async Task Items_go_to_the_list_and_events_between_them_to_the_handler()
    {
        await using var connection = await ConnectAsync();
        var list = List(connection);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1) + "Event: Other\r\n\r\n" + Item(action, 2) + End(action, 2));
        var answer = await Eventually.Ends(list);
        Assert.True(answer.Success);
        Assert.Equal("follows", answer.Message);
        Assert.Equal((2, 2), (answer.Items, answer.DeclaredItems));
        Assert.Equal(["1", "2"], _items);
        Assert.Equal(["Other"], _events.Events);
    }

    [Fact]
    public async Task Two_lists_at_once_keep_their_items_apart()
    {
        await using var connection = await ConnectAsync();
        List<string> others = [];
        var one = List(connection);
        var first = await _asterisk.ActionAsync("DeviceStateList");
        var two = connection.SendListAsync(new AmiAction("Second"), (in item) => others.Add(item.GetString("N"u8)!), Token);
        var second = await _asterisk.ActionAsync("Second");
        await _asterisk.SayAsync(Start(first) + Start(second) + Item(first, 1) + Item(second, 2) + Item(first, 3) + End(first,
            2) + End(second, 1));
        await Eventually.Ends(Task.WhenAll(one, two));
        Assert.Equal(["1", "3"], _items);
        Assert.Equal(["2"], others);
    }

    [Fact]
    public async Task Interrupted_list_times_out_and_its_late_items_are_no_events()
    {
        await using var connection = await ConnectAsync();
        var list = List(connection);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1));
        await Eventually.True(() => _items.Count == 1, "the first item");
        _time.Advance(TimeSpan.FromSeconds(8));
        await _asterisk.SayAsync(Item(action, 2));
        await Eventually.True(() => _items.Count == 2, "the second item");
        _time.Advance(TimeSpan.FromSeconds(8));
        await _asterisk.SayAsync(Item(action, 3));
        await Eventually.True(() => _items.Count == 3, "the third item, 16 s after the start and 8 s after the second");
        _time.Advance(TimeSpan.FromSeconds(10.1));
        var timeout = await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(list));
        Assert.Equal("the list of DeviceStateList broke off after 3 items: nothing came for 10 s", timeout.Message);

        await _asterisk.SayAsync(Item(action, 4) + End(action, 4) + "Event: After\r\n\r\n");
        await Eventually.True(() => !_events.Events.IsEmpty, "an event");
        Assert.Equal(["After"], _events.Events);
        Assert.Equal(["1", "2", "3"], _items);
    }

    [Fact]
    public async Task A_cancelled_list_is_no_whole_one()
    {
        await using var connection = await ConnectAsync();
        var list = List(connection);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1)
            + $"Event: DeviceStateListComplete\r\nActionID: {action.Id}\r\nEventList: cancelled\r\n\r\n");
        await Assert.ThrowsAsync<AmiListCancelledException>(() => Eventually.Ends(list));
    }

    [Fact]
    public async Task A_connection_lost_in_a_list_loses_the_list()
    {
        await using var connection = await ConnectAsync();
        var list = List(connection);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1));
        await _asterisk.HangUpAsync();
        await Assert.ThrowsAsync<AmiConnectionException>(() => Eventually.Ends(list));
    }

    [Fact]
    public async Task Exception_of_an_item_handler_reaches_only_the_caller()
    {
        await using var connection = await ConnectAsync();
        var list = connection.SendListAsync(new AmiAction("DeviceStateList"), (in _) => throw new FormatException("bad item"), Token);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1) + Item(action, 2) + End(action, 2));
        await Assert.ThrowsAsync<FormatException>(() => Eventually.Ends(list));
        Assert.True((await Eventually.Ends(connection.SendAsync(new AmiAction("Ping"), Token))).Success);
    }

    [Fact]
    public async Task Handler_of_a_cancelled_list_never_runs_after_the_list_ended()
    {
        await using var connection = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var inside = 0;
        var list = connection.SendListAsync(new AmiAction("DeviceStateList"), (in _) =>
        {
            Interlocked.Increment(ref inside);
            entered.Set();
            leave.Wait(Token);
            Interlocked.Decrement(ref inside);
        }, cancel.Token);
        var action = await _asterisk.ActionAsync("DeviceStateList");
        await _asterisk.SayAsync(Start(action) + Item(action, 1) + Item(action, 2) + "Event: After\r\n\r\n");
        Assert.True(entered.Wait(TimeSpan.FromSeconds(20), Token));
        var cancelling = Task.Run(cancel.Cancel, Token);
        Assert.False(list.IsCompleted);
        leave.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.Ends(list));
        Assert.Equal(0, Volatile.Read(ref inside));
        await Eventually.True(() => !_events.Events.IsEmpty, "an event");
        await cancelling;
    }

    private static string Start(FakeAction action) => Success(action, "EventList: start\r\nMessage: follows\r\n");

    private static string Item(FakeAction action, int n) => $"Event: DeviceStateChange\r\nActionID: {action.Id}\r\nN: {n}\r\n\r\n";

    private static string End(FakeAction action, int count) =>
        $"Event: DeviceStateListComplete\r\nActionID: {action.Id}\r\nEventList: Complete\r\nListItems: {count}\r\n\r\n";

    private Task<AmiResponse> List(AmiConnection connection) => connection.SendListAsync(
        new AmiAction("DeviceStateList"), (in item) => _items.Add(item.GetString("N"u8)!), Token);

    private Task<AmiConnection> ConnectAsync() =>
        Eventually.Ends(AmiConnection.ConnectAsync(_asterisk.Options(), _events, NullLogger.Instance, _time, Token));
}
