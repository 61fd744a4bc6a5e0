using System.Security.Cryptography;
using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiConnectionTests
{
    [Fact]
    public async Task The_secret_stays_off_the_wire_and_the_filter_is_set()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(_ => ""));
        await using var connection = await ConnectAsync(asterisk, events: ["ContactStatus", "Reload"]);
        await connection.FullyBooted;

        var login = asterisk.Actions.Single(action => action["Action"] == "Login");
#pragma warning disable CA5351 // the protocol's own
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes("12345s3cret"))), login["Key"]);
#pragma warning restore CA5351
        Assert.DoesNotContain(asterisk.Actions, action => action.Values.Any(value => value.Contains("s3cret", StringComparison.Ordinal)));
        Assert.Equal(["Event: ContactStatus", "Event: Reload"], asterisk.Actions.Where(action => action["Action"] == "Filter").Select(action => action["Filter"]));
    }

    [Fact]
    public async Task A_refused_login_is_an_authentication_failure_that_does_not_repeat_the_secret()
    {
        using var asterisk = new FakeAsterisk(action => action["Action"] == "Challenge"
            ? FakeAsterisk.Reply(action, "Challenge: 1")
            : $"Response: Error\r\nActionID: {action["ActionID"]}\r\nMessage: Authentication failed\r\n\r\n");

        var error = await Assert.ThrowsAsync<AmiAuthenticationException>(() => ConnectAsync(asterisk));

        Assert.Contains("Authentication failed", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_another_kind_is_named_as_such()
    {
        using var asterisk = new FakeAsterisk(_ => "", banner: "220 mail.example ESMTP\r\n");
        Assert.Contains("not Asterisk's manager interface", (await Assert.ThrowsAsync<AmiProtocolException>(() => ConnectAsync(asterisk))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_given_up()
    {
        using var asterisk = new FakeAsterisk(_ => "", banner: "");
        await Assert.ThrowsAsync<AmiTimeoutException>(() => ConnectAsync(asterisk, timeout: TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public async Task Nobody_listening_is_an_error_with_the_address()
    {
        int port;
        using (var asterisk = new FakeAsterisk(_ => ""))
            port = asterisk.Port;
        var error = await Assert.ThrowsAsync<AmiException>(() => AmiConnection.ConnectAsync(Options(port), new Events(), TimeProvider.System, default));
        Assert.Contains($"127.0.0.1:{port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_to_another_action_is_not_taken_for_ours()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(action =>
            "Response: Error\r\nActionID: 999\r\nMessage: not yours\r\n\r\nResponse: Success\r\nMessage: nobody's\r\n\r\n" + FakeAsterisk.Reply(action, "Message: yours")));
        await using var connection = await ConnectAsync(asterisk);

        Assert.Equal("yours", (await connection.SendAsync(new AmiAction("CoreStatus"), default)).Message);
    }

    [Fact]
    public async Task An_action_without_an_answer_ends_in_time_and_so_does_a_silent_connection()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(_ => ""));
        await using var connection = await ConnectAsync(asterisk, timeout: TimeSpan.FromMilliseconds(300));

        await Assert.ThrowsAsync<AmiTimeoutException>(() => connection.SendAsync(new AmiAction("CoreStatus"), default));
        await Assert.ThrowsAsync<AmiTimeoutException>(() => connection.Completion.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_list_gives_its_items_and_events_go_their_own_way()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(action =>
            FakeAsterisk.Reply(action, "EventList: start", "Message: follows")
            + "Event: ContactStatus\r\nURI: sip:x\r\n\r\n"
            + $"Event: ContactList\r\nActionID: {action["ActionID"]}\r\nUri: sip:a\r\n\r\n"
            + $"Event: ContactList\r\nActionID: {action["ActionID"]}\r\nUri: sip:b\r\n\r\n"
            + $"Event: ContactListComplete\r\nActionID: {action["ActionID"]}\r\nEventList: Complete\r\nListItems: 2\r\n\r\n"));
        var events = new Events();
        await using var connection = await ConnectAsync(asterisk, events);
        var items = new List<string?>();

        var answer = await connection.SendListAsync(new AmiAction("PJSIPShowContacts"), item => items.Add(item.GetString("Uri"u8)), default);

        Assert.False(answer.IsError);
        Assert.Equal(["sip:a", "sip:b"], items);
        Assert.Contains("ContactStatus", events.Names);
    }

    [Theory]
    [InlineData("EventList: cancelled\r\n\r\n", false)]
    [InlineData("", false)]
    [InlineData("", true)]
    public async Task A_list_that_is_cut_off_does_not_count(string end, bool hangUp)
    {
        var asked = false;
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(action =>
        {
            if (asked && hangUp || action["Action"] == "Ping")
                return hangUp ? null : FakeAsterisk.Reply(action);
            asked = true;
            return FakeAsterisk.Reply(action, "EventList: start") + $"Event: ContactList\r\nActionID: {action["ActionID"]}\r\nUri: sip:a\r\n\r\n"
                + (end.Length > 0 ? $"Event: ContactListComplete\r\nActionID: {action["ActionID"]}\r\n{end}" : "");
        }));
        await using var connection = await ConnectAsync(asterisk, timeout: TimeSpan.FromMilliseconds(400));

        await Assert.ThrowsAnyAsync<AmiException>(() => connection.SendListAsync(new AmiAction("PJSIPShowContacts"), _ => { }, default));
    }

    [Fact]
    public async Task A_refused_list_is_an_answer()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(action => $"Response: Error\r\nActionID: {action["ActionID"]}\r\nMessage: No Contacts found\r\n\r\n\r\n"));
        await using var connection = await ConnectAsync(asterisk);

        var answer = await connection.SendListAsync(new AmiAction("PJSIPShowContacts"), _ => Assert.Fail("there is no item"), default);

        Assert.True(answer.IsError);
        Assert.Equal("No Contacts found", answer.Message);
    }

    [Fact]
    public async Task A_shutdown_is_told_from_a_lost_connection()
    {
        using var asterisk = new FakeAsterisk(FakeAsterisk.Welcome(_ => null));
        await using var connection = await ConnectAsync(asterisk);
        await Assert.ThrowsAnyAsync<AmiException>(() => connection.SendAsync(new AmiAction("CoreStatus"), default));
        Assert.Equal("Asterisk closed the connection", (await Assert.ThrowsAsync<AmiException>(() => connection.Completion)).Message);

        using var other = new FakeAsterisk(FakeAsterisk.Welcome(_ => null), banner: "Asterisk Call Manager/11.0.0\r\nEvent: Shutdown\r\nShutdown: Cleanly\r\n\r\n");
        await using var ending = await ConnectAsync(other);
        await Assert.ThrowsAnyAsync<AmiException>(() => ending.SendAsync(new AmiAction("CoreStatus"), default));
        Assert.Equal("Asterisk shuts down", (await Assert.ThrowsAsync<AmiException>(() => ending.Completion)).Message);
    }

    private static AmiOptions Options(int port) => new() { Host = "127.0.0.1", Port = port, Username = "worker", Secret = "s3cret" };

    private static Task<AmiConnection> ConnectAsync(FakeAsterisk asterisk, Events? handler = null, TimeSpan? timeout = null, string[]? events = null) =>
        AmiConnection.ConnectAsync(Options(asterisk.Port) with
        {
            Events = events ?? [],
            ConnectTimeout = timeout ?? TimeSpan.FromSeconds(5),
            ResponseTimeout = timeout ?? TimeSpan.FromSeconds(5),
            PingInterval = timeout ?? TimeSpan.FromSeconds(5),
        }, handler ?? new Events(), TimeProvider.System, default);

    private sealed class Events : IAmiEventSink
    {
        public List<string?> Names { get; } = [];

        public void OnEvent(AmiMessage message) => Names.Add(message.GetString("Event"u8));
    }
}
