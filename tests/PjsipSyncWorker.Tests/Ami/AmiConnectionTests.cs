using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Ami;
using static PjsipSyncWorker.TestSupport.Fakes.FakeAmi;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiConnectionTests : IAsyncDisposable
{
    private readonly FakeAmi _asterisk = new();
    private readonly EventLog _events = new();
    private readonly LogLines _log = new();
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _asterisk.DisposeAsync();

    [Fact]
    public async Task Many_actions_at_once_each_get_their_own_answer()
    {
        _asterisk.Answer = action => Success(action, $"Echo: {action.Headers["N"]}\r\n");
        await using var connection = await ConnectAsync();
        var answers = await Eventually.Ends(Task.WhenAll(Enumerable.Range(0, 2000)
            .Select(n => connection.SendAsync(new AmiAction("Echo") { { "N", $"{n}" } }, Token))));
        Assert.Equal(Enumerable.Range(0, 2000).Select(n => $"{n}"), answers.Select(answer => answer.Get("Echo")));
    }

    [Fact]
    public async Task No_more_actions_are_under_way_than_allowed()
    {
        await using var connection = await ConnectAsync(options => new() { Host = options.Host, Port = options.Port, Username = "tester",
            Secret = Secret, MaxPendingActions = 3 });
        var sent = Enumerable.Range(0, 5).Select(_ => connection.SendAsync(new AmiAction("Slow"), Token)).ToList();
        var third = await _asterisk.ActionAsync("Slow", 3);
        await _asterisk.SayAsync(Success(third));
        await _asterisk.ActionAsync("Slow", 4);
        Assert.Equal(4, _asterisk.Received.Count(action => action.Name == "Slow"));
        await connection.DisposeAsync();
        foreach (var action in sent.Where(action => !action.IsCompletedSuccessfully))
        {
            await Assert.ThrowsAsync<AmiConnectionException>(() => Eventually.Ends(action));
        }
    }

    [Fact]
    public async Task Events_come_in_order_and_answers_that_nobody_awaits_are_ignored()
    {
        await using var connection = await ConnectAsync();
        await _asterisk.SayAsync(
            "Event: A\r\nN: 1\r\n\r\nResponse: Success\r\nActionID: 77\r\n\r\nEvent: A\r\nN: 2\r\nActionID: another-session\r\n\r\n"
            + "Response: Error\r\n\r\nEvent: A\r\nN: 3\r\n\r\n");
        await Eventually.True(() => _events.Events.Count == 3, "three events");
        Assert.Equal(["A1", "A2", "A3"], _events.Events);
        Assert.False(connection.Completion.IsCompleted);
    }

    [Fact]
    public async Task An_event_the_handler_cannot_bear_costs_no_other()
    {
        await using var connection = await ConnectAsync();
        await _asterisk.SayAsync("Event: Poison\r\n\r\nEvent: B\r\n\r\n");
        await Eventually.True(() => _events.Events.Count == 2, "both events");
        Assert.Contains(_log.Lines, line => line.StartsWith("3022", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_action_without_an_answer_times_out_and_the_connection_lives()
    {
        await using var connection = await ConnectAsync();
        var sent = connection.SendAsync(new AmiAction("Slow"), Token);
        var slow = await _asterisk.ActionAsync("Slow");
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(sent.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        var timeout = await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(sent));
        Assert.Equal("Asterisk did not answer Slow within 10 s", timeout.Message);

        _asterisk.Answer = action => Success(slow) + Success(action, "Late: no\r\n");
        Assert.Equal("no", (await Eventually.Ends(connection.SendAsync(new AmiAction("Next"), Token))).Get("Late"));
    }

    [Fact]
    public async Task A_cancelled_action_is_cancelled_and_the_connection_lives()
    {
        await using var connection = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var sent = connection.SendAsync(new AmiAction("Slow"), cancel.Token);
        await _asterisk.ActionAsync("Slow");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.Ends(sent));
        Assert.True((await Eventually.Ends(connection.SendAsync(new AmiAction("Ping"), Token))).Success);
    }

    [Fact]
    public async Task An_error_is_an_answer()
    {
        await using var connection = await ConnectAsync();
        _asterisk.Answer = action => $"Response: Error\r\nActionID: {action.Id}\r\nMessage: No Contacts found\n\r\n\r\n";
        var answer = await Eventually.Ends(connection.SendListAsync(new AmiAction("PJSIPShowContacts"), (in _) => { }, Token));
        Assert.False(answer.Success);
        Assert.Equal("No Contacts found", answer.Message);
    }

    [Fact]
    public async Task After_silence_a_ping_is_sent_and_its_answer_keeps_the_connection()
    {
        await using var connection = await ConnectAsync();
        await PingAsync(1);
        await PingAsync(2);
        Assert.False(connection.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_ping_without_an_answer_ends_the_connection_and_all_that_waits()
    {
        await using var connection = await ConnectAsync();
        _asterisk.Answer = _ => null;
        await PingAsync(1);
        var sent = connection.SendAsync(new AmiAction("Slow"), TimeSpan.FromMinutes(1), Token);
        await _asterisk.ActionAsync("Slow");
        _time.Advance(TimeSpan.FromSeconds(10.1));
        var reason = await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(connection.Completion));
        Assert.Contains("Ping", reason.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(sent));
        await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(connection.SendAsync(new AmiAction("Late"), Token)));
        await Assert.ThrowsAsync<AmiTimeoutException>(() => Eventually.Ends(connection.FullyBooted));
    }

    [Fact]
    public async Task A_ping_behind_a_long_action_waits_as_long_as_the_action_may()
    {
        await using var connection = await ConnectAsync();
        _asterisk.Answer = _ => null;
        var reload = connection.SendAsync(new AmiAction("Reload"), TimeSpan.FromSeconds(60), Token);
        var action = await _asterisk.ActionAsync("Reload");
        await PingAsync(1);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(connection.Completion.IsCompleted);
        await _asterisk.SayAsync(Success(action) + Success(await _asterisk.ActionAsync("Ping")));
        Assert.True((await Eventually.Ends(reload)).Success);
        Assert.False(connection.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_shutdown_is_told_as_one()
    {
        await using var connection = await ConnectAsync();
        var sent = connection.SendAsync(new AmiAction("Slow"), Token);
        await _asterisk.ActionAsync("Slow");
        await _asterisk.SayAsync("Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Uncleanly\r\nRestart: True\r\n\r\n");
        await _asterisk.HangUpAsync();
        Assert.Equal(
            "Asterisk shut down", (await Assert.ThrowsAsync<AmiConnectionException>(() => Eventually.Ends(connection.Completion))).Message);
        await Assert.ThrowsAsync<AmiConnectionException>(() => Eventually.Ends(sent));
        Assert.True(connection.ShuttingDown);
        Assert.Equal(["Shutdown"], _events.Events);
    }

    [Fact]
    public async Task A_hang_up_fails_the_connection_and_a_farewell_does_not()
    {
        await using var connection = await ConnectAsync();
        await _asterisk.HangUpAsync();
        await Assert.ThrowsAsync<AmiConnectionException>(() => Eventually.Ends(connection.Completion));

        await using var second = new FakeAmi();
        second.Answer = action => $"Response: Goodbye\r\nActionID: {action.Id}\r\nMessage: Thanks for all the fish.\r\n\r\n";
        var other = await AmiConnection.ConnectAsync(second.Options(), _events, _log, _time, Token);
        await Eventually.Ends(other.LogoffAsync(Token));
        await Eventually.Ends(other.Completion);
    }

    [Fact]
    public async Task An_endless_line_ends_the_connection()
    {
        await using var connection = await ConnectAsync();
        _ = Task.Run(async () => await _asterisk.SayAsync(new string('x', 100_000)), Token);
        Assert.Equal("a line longer than 65536 bytes",
            (await Assert.ThrowsAsync<AmiProtocolException>(() => Eventually.Ends(connection.Completion))).Message);
    }

    [Fact]
    public async Task Peer_that_trickles_an_endless_message_is_pinged_and_given_up()
    {
        await using var connection = await ConnectAsync();
        _asterisk.Answer = _ => null;
        await Eventually.True(() =>
        {
            _ = _asterisk.SayAsync("x");
            _time.Advance(TimeSpan.FromSeconds(1));
            return connection.Completion.IsCompleted;
        }, "the end");
        Assert.Contains("Ping", (await Assert.ThrowsAsync<AmiTimeoutException>(() => connection.Completion)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullyBooted_ends_when_the_event_came()
    {
        await using var connection = await ConnectAsync();
        Assert.False(connection.FullyBooted.IsCompleted);
        await _asterisk.SayAsync("Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n");
        await Eventually.Ends(connection.FullyBooted);
        Assert.Equal(["FullyBooted"], _events.Events);
    }

    private Task<AmiConnection> ConnectAsync(Func<AmiOptions, AmiOptions>? change = null) =>
        Eventually.Ends(AmiConnection.ConnectAsync((change ?? (options => options))(_asterisk.Options()), _events, _log, _time, Token));

    // The keep-alive may not have set its timer yet when the clock moves, so the clock moves until the Ping is there.
    private Task PingAsync(int nth) => Eventually.True(() =>
    {
        if (_asterisk.Received.Count(action => action.Name == "Ping") >= nth)
        {
            return true;
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        return false;
    }, $"ping {nth}");
}
