using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>An application sees a call while it lasts, with a real Asterisk and real SIP.</summary>
public sealed class CallStateTests(PostgresServer server)
{
    [Fact]
    public async Task A_call_of_two_phones_is_announced_from_ringing_to_its_end()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("""
            insert into extensions (number, password, settings) values
              ('1001', 'one', '{"aor":{"qualify_frequency":0}}'), ('1002', 'two', '{"aor":{"qualify_frequency":0}}')
            """);
        await Expect.RefreshedAsync(database);
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        var bert = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        await using var listening = await database.OpenAsync();
        var heard = new ConcurrentQueue<Heard>();
        listening.Notification += (_, notification) => heard.Enqueue(new Heard(notification));
        await using (var listen = new NpgsqlCommand("listen extension_status; listen extension_device_state", listening))
            await listen.ExecuteNonQueryAsync();
        var asterisks = new DeviceEvents();
        await using var ami = await AmiConnection.ConnectAsync(
            new AmiOptions { Host = "127.0.0.1", Port = asterisk.AmiPort, Username = "pjsip-sync", Secret = asterisk.AmiSecret,
                Events = ["DeviceStateChange"] },
            asterisks, NullLogger.Instance, TimeProvider.System, default);

        Assert.True(await anna.RegisterAsync());
        Assert.True(await bert.RegisterAsync());
        await HearAsync(() => StatesOf("1001") is [.., "NOT_INUSE"] && StatesOf("1002") is [.., "NOT_INUSE"]);
        var ringing = bert.RingAndAnswerAsync(TimeSpan.FromSeconds(1));
        var speaking = anna.SpeakAsync("1002", TimeSpan.FromSeconds(2));
        await HearAsync(() => StatesOf("1002") is [.., "NOT_INUSE", "RINGING", "INUSE", "NOT_INUSE"]
            && StatesOf("1001") is [.., "NOT_INUSE", "INUSE", "NOT_INUSE"]);
        Assert.True(await speaking);
        Assert.True(await ringing);

        Assert.Equal(["online", "online"], heard.Where(one => one.Channel is "extension_status").Select(one => one.Text("status")));
        Assert.All(heard.Where(one => one.Text("status") is "online"), one => Assert.NotEqual("UNAVAILABLE", one.Text("device_state")));
        Assert.Equal(["NOT_INUSE", "NOT_INUSE"], await database.RowsAsync("select device_state from extensions order by number"));
        var latencies = heard.Where(one => one.Channel is "extension_device_state" && one.Text("device_state") is "RINGING" or "INUSE")
            .Select(one => Stopwatch.GetElapsedTime(asterisks.TimeOf(one.Text("number")!, one.Text("device_state")!), one.At)).ToList();
        Assert.Equal(3, latencies.Count);
        TestContext.Current.TestOutputHelper?.WriteLine($"Asterisk's event to the notification: {string.Join(", ",
            latencies.Select(latency => FormattableString.Invariant($"{latency.TotalMilliseconds:0} ms")))}");
        Assert.All(latencies, latency => Assert.InRange(latency, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(5)));

        string?[] StatesOf(string number) => [.. heard.Where(one => one.Channel is "extension_device_state" && one.Text("number") == number)
            .Select(one => one.Text("device_state"))];

        async Task HearAsync(Func<bool> isComplete)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            while (!isComplete())
                await listening.WaitAsync(limit.Token);
        }
    }

    /// <summary>A notification, and when it was received.</summary>
    private sealed class Heard(NpgsqlNotificationEventArgs notification)
    {
        private readonly JsonElement _payload = JsonDocument.Parse(notification.Payload).RootElement;

        public string Channel { get; } = notification.Channel;

        public long At { get; } = Stopwatch.GetTimestamp();

        public string? Text(string key) => _payload.GetProperty(key).GetString();
    }

    /// <summary>The device states as Asterisk itself tells them, each with the time of its first event.</summary>
    private sealed class DeviceEvents : IAmiEventHandler
    {
        private readonly ConcurrentDictionary<(string Device, string State), long> _first = [];

        public long TimeOf(string number, string state) => _first[($"PJSIP/{number}", state)];

        public void OnEvent(in AmiMessage message)
        {
            if (message.IsEventNamed("DeviceStateChange"u8))
                _first.TryAdd((message.GetString("Device"u8)!, message.GetString("State"u8)!), Stopwatch.GetTimestamp());
        }
    }
}
