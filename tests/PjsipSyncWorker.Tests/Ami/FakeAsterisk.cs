using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PjsipSyncWorker.Tests.Ami;

/// <summary>A manager interface that does what a real one cannot be made to do: the script answers each action as it likes.</summary>
internal sealed class FakeAsterisk : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();

    public FakeAsterisk(Func<IReadOnlyDictionary<string, string>, string?> script, string banner = "Asterisk Call Manager/11.0.0\r\n")
    {
        _listener.Start();
        _ = ServeAsync(script, banner);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public List<IReadOnlyDictionary<string, string>> Actions { get; } = [];

    /// <summary>A script that lets anybody in, and leaves the rest to another.</summary>
    public static Func<IReadOnlyDictionary<string, string>, string?> Welcome(Func<IReadOnlyDictionary<string, string>, string?> then) => action => action["Action"] switch
    {
        "Challenge" => Reply(action, "Challenge: 12345"),
        "Login" => Reply(action, "Message: Authentication accepted") + "Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n",
        "Filter" => Reply(action),
        _ => then(action),
    };

    public static string Reply(IReadOnlyDictionary<string, string> action, params string[] lines) =>
        $"Response: Success\r\nActionID: {action["ActionID"]}\r\n{string.Concat(lines.Select(line => line + "\r\n"))}\r\n";

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Dispose();
        _closing.Dispose();
    }

    private async Task ServeAsync(Func<IReadOnlyDictionary<string, string>, string?> script, string banner)
    {
        using var client = await _listener.AcceptTcpClientAsync(_closing.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(banner), _closing.Token);
        using var reader = new StreamReader(stream);
        var action = new Dictionary<string, string>();
        while (await reader.ReadLineAsync(_closing.Token) is { } line)
        {
            if (line.Length > 0)
            {
                action[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..];
                continue;
            }
            Actions.Add(action);
            if (script(action) is not { } answer)
                return;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), _closing.Token);
            action = [];
        }
    }
}
