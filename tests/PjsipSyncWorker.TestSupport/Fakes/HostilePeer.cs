using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>A faulty or hostile server in place of an Asterisk. Each connection is treated in the same way.</summary>
internal sealed class HostilePeer : IDisposable
{
    private const string Greeting = "Asterisk Call Manager/11.0.0\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Conversation _conversation;

    private HostilePeer(Conversation conversation)
    {
        _conversation = conversation;
        _listener.Start();
        _ = AcceptAsync();
    }

    private delegate Task Conversation(NetworkStream stream, CancellationToken cancellation);

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Number of connections so far.</summary>
    public int Visits { get; private set; }

    /// <summary>Creates one peer of each kind.</summary>
    public static IReadOnlyDictionary<string, Func<HostilePeer>> Kinds { get; } = new Dictionary<string, Func<HostilePeer>>
    {
        ["it never greets"] = () => new((_, cancellation) => Task.Delay(Timeout.Infinite, cancellation)),
        ["its greeting has no end"] = () => new((stream, cancellation) => RantAsync(stream, "x", cancellation)),
        ["it answers nothing"] = () => new((stream, cancellation) => ServeAsync(stream, (_, _) => null, null, cancellation)),
        ["it answers with another ActionID"] = () =>
            new((stream, cancellation) => ServeAsync(stream, (_, id) => Success($"{id}0"), null, cancellation)),
        ["a line of it has no end"] = () => new((stream, cancellation) => ServeAsync(stream, LogIn, "Event: x", cancellation)),
        ["a message of it has no end"] = () =>
            new((stream, cancellation) => ServeAsync(stream, LogIn, "Event: ContactStatus\r\n", cancellation)),
        ["a list of it has no end"] = () => new((stream, cancellation) => ServeAsync(stream, EndlessList, null, cancellation)),
        ["it trickles"] = () => new(TrickleAsync),
    };

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Visits++;
            _ = TalkAsync(client);
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await _conversation(client.GetStream(), _stop.Token);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The client has disconnected, or the test has ended.
            }
        }
    }

    /// <summary>Answers each action, and continues by itself after a moment without an action.</summary>
    private static async Task ServeAsync(NetworkStream stream, Func<string, string, string?> answer, string? endless,
        CancellationToken cancellation)
    {
        await SayAsync(stream, Greeting, cancellation);
        using var lines = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        var (name, id) = ("", "");
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("Action: ", StringComparison.Ordinal))
                name = line[8..];
            else if (line.StartsWith("ActionID: ", StringComparison.Ordinal))
                id = line[10..];
            else if (line.Length == 0)
            {
                if (answer(name, id) is { } words)
                    await SayAsync(stream, words, cancellation);
                if (endless is not null && name == "Login")
                    await RantAsync(stream, endless, cancellation);
                if (name == "PJSIPShowContacts" && answer == EndlessList)
                    await ListAsync(stream, id, cancellation);
            }
        }
    }

    private static string Success(string id) => $"Response: Success\r\nActionID: {id}\r\nChallenge: 1\r\n\r\n";

    private static string? LogIn(string action, string id) => Success(id);

    private static string? EndlessList(string action, string id) => action switch
    {
        "PJSIPShowContacts" => $"Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\n",
        "Filter" => Success(id) + "Event: FullyBooted\r\n\r\n",
        _ when action.EndsWith("List", StringComparison.Ordinal) =>
            $"Response: Success\r\nActionID: {id}\r\n\r\nEvent: {action}Complete\r\nActionID: {id}\r\nEventList: Complete\r\n\r\n",
        _ => Success(id),
    };

    private static async Task ListAsync(NetworkStream stream, string id, CancellationToken cancellation)
    {
        for (var i = 0; ; i++)
            await SayAsync(stream,
                $"Event: ContactList\r\nActionID: {id}\r\nEndpoint: 1001\r\nUri: "
                + $"sip:1001@192.0.2.1:{i % 60000 + 1};x={i % 20}\r\nStatus: NonQualified\r\n\r\n", cancellation);
    }

    private static async Task TrickleAsync(NetworkStream stream, CancellationToken cancellation)
    {
        await SayAsync(stream, Greeting, cancellation);
        for (; ; await Task.Delay(100, cancellation))
            await SayAsync(stream, "x", cancellation);
    }

    private static async Task RantAsync(NetworkStream stream, string what, CancellationToken cancellation)
    {
        var much = string.Concat(Enumerable.Repeat(what, 10_000));
        while (true)
            await SayAsync(stream, much, cancellation);
    }

    private static async Task SayAsync(NetworkStream stream, string words, CancellationToken cancellation) =>
        await stream.WriteAsync(Encoding.Latin1.GetBytes(words), cancellation);
}
