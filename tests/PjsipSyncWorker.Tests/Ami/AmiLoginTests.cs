using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiLoginTests
{
    private readonly EventLog _events = new();
    private readonly LogLines _log = new();
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_secret_opens_the_session_and_is_never_sent()
    {
        await using var asterisk = new FakeAmi();
        await using var connection = await Connect(asterisk.Options());
        Assert.Equal("11.0.0", connection.ProtocolVersion);
        Assert.DoesNotContain(asterisk.Received,
            action => action.Headers.Values.Any(value => value.Contains(FakeAmi.Secret, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wrong_secret_is_named_as_the_cause_and_never_told()
    {
        await using var asterisk = new FakeAmi();
        var refusal = await Assert.ThrowsAsync<AmiAuthenticationException>(() => Connect(asterisk.Options("not-it-7781")));
        Assert.Contains("Authentication failed", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not-it-7781", refusal.ToString() + string.Concat(_log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Challenge")]
    [InlineData("Login")]
    public async Task Refusal_by_a_stopping_Asterisk_is_not_taken_for_a_wrong_secret(string refused)
    {
        await using var asterisk = new FakeAmi { AnswerLogin = action => action.Name == refused ? FakeAmi.Error(action,
            "Asterisk is shutting down") : null };
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => Connect(asterisk.Options()));
        Assert.Contains("shutting down", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_filter_is_a_warning_and_the_session_goes_on()
    {
        await using var asterisk = new FakeAmi { Answer = action => FakeAmi.Error(action, "Permission denied") };
        var options = asterisk.Options();
        await using var connection = await Connect(new AmiOptions
        {
            Host = options.Host, Port = options.Port, Username = options.Username, Secret = options.Secret, Events = ["ContactStatus"],
        });
        Assert.Contains(_log.Lines, line => line.StartsWith("3010", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_peer_that_hangs_up_at_the_login_is_a_lost_connection_and_told_once()
    {
        await using var asterisk = new FakeAmi { AnswerLogin = _ => "" };
        var connecting = Connect(asterisk.Options());
        await asterisk.ActionAsync("Challenge");
        await asterisk.HangUpAsync();
        await Assert.ThrowsAsync<AmiConnectionException>(() => connecting);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Every_wanted_event_and_every_life_sign_has_a_filter()
    {
        await using var asterisk = new FakeAmi();
        var options = asterisk.Options();
        await using var connection = await Connect(new AmiOptions
        {
            Host = options.Host, Port = options.Port, Username = options.Username, Secret = options.Secret, Events = ["ContactStatus",
                "Shutdown"],
        });
        Assert.Equal(["Event: ContactStatus", "Event: Shutdown", "Event: FullyBooted"],
            asterisk.Received.Where(action => action.Name == "Filter").Select(action => action.Headers["Filter"]));
        Assert.All(asterisk.Received.Where(action => action.Name == "Filter"), action => Assert.Equal("Add", action.Headers["Operation"]));
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    public async Task A_peer_that_is_not_AMI_is_named_as_such(string greeting)
    {
        await using var stranger = new FakeAmi { Greeting = greeting };
        var refusal = await Assert.ThrowsAsync<AmiProtocolException>(() => Connect(stranger.Options()));
        Assert.Contains("not AMI", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peer_without_a_greeting_times_out()
    {
        await using var silent = new FakeAmi { Greeting = "" };
        var connecting = Connect(silent.Options());
        await TimePassesUntilAsync(connecting);
        var timeout = await Assert.ThrowsAsync<AmiTimeoutException>(() => connecting);
        Assert.Contains("did not", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silent_peer_times_out()
    {
        await using var mute = new FakeAmi { AnswerLogin = _ => "" };
        var connecting = Connect(mute.Options());
        await mute.ActionAsync("Challenge");
        await TimePassesUntilAsync(connecting);
        await Assert.ThrowsAsync<AmiTimeoutException>(() => connecting);
    }

    [Fact]
    public async Task A_caller_who_gives_up_hears_of_cancellation_and_not_of_a_timeout()
    {
        await using var mute = new FakeAmi { AnswerLogin = _ => "" };
        using var cancel = new CancellationTokenSource();
        var connecting = AmiConnection.ConnectAsync(mute.Options(), _events, _log, _time, cancel.Token);
        await mute.ActionAsync("Challenge");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.Ends(connecting));
    }

    [Fact]
    public async Task A_closed_port_is_a_connection_error_with_host_and_port()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() =>
            Connect(new AmiOptions { Host = "127.0.0.1", Port = port, Username = "tester", Secret = "x" }));
        Assert.Equal($"cannot connect to 127.0.0.1:{port}: ConnectionRefused", refusal.Message);
    }

    [Theory]
    [InlineData("", 5038)]
    [InlineData("tester", 0)]
    [InlineData("tester", 65536)]
    public async Task Options_out_of_range_are_refused_before_anything_is_sent(string user, int port) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Connect(new AmiOptions { Host = "127.0.0.1", Port = port, Username = user,
            Secret = "x" }));

    private Task<AmiConnection> Connect(AmiOptions options) =>
        Eventually.Ends(AmiConnection.ConnectAsync(options, _events, _log, _time, Token));

    private Task TimePassesUntilAsync(Task task) => Eventually.True(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return task.IsCompleted;
    }, "a timeout");
}
