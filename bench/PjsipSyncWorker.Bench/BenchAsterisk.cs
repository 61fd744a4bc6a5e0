using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PjsipSyncWorker.Bench;

/// <summary>As much of Asterisk's manager interface as a worker asks for, so that events come as fast as a socket takes them.</summary>
internal sealed class BenchAsterisk : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource<NetworkStream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _speaking = new(1);

    public BenchAsterisk()
    {
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    /// <summary>The contacts that PJSIPShowContacts lists, as ContactList events without their head.</summary>
    public Func<IEnumerable<string>> Contacts { get; set; } = () => [];

    /// <summary>Ends when a worker has asked for contacts.</summary>
    public Task Followed => _followed.Task;

    public string[] WorkerSettings =>
    [
        "Asterisk__Nodes__0__Name=bench", $"Asterisk__Nodes__0__Port={((IPEndPoint)_listener.LocalEndpoint).Port}",
        "Asterisk__Nodes__0__Secret=any",
        "Asterisk__SnapshotInterval=00:10:00", "Asterisk__RefreshesPerSecond=10000",
    ];

    public async Task SayAsync(ReadOnlyMemory<byte> text) => await SayAsync(await _stream.Task, text);

    private async Task SayAsync(NetworkStream stream, ReadOnlyMemory<byte> text)
    {
        await _speaking.WaitAsync();
        try
        {
            await stream.WriteAsync(text);
        }
        finally
        {
            _speaking.Release();
        }
    }

    public static string ContactStatus(int number, string status) =>
        $"Event: ContactStatus\r\nPrivilege: system,all\r\nURI: sip:{number}@198.51.100.7:5060\r\nContactStatus: "
            + $"{status}\r\nAOR: {number}\r\nEndpointName: {number}\r\nRoundtripUsec: 1234\r\n\r\n";

    public static string Contact(int number, string status) =>
        $"ObjectName: {number};@0\r\nEndpoint: {number}\r\nUri: sip:{number}@198.51.100.7:5060\r\nViaAddr: "
            + $"10.0.0.9\r\nUserAgent: Phone 1.0\r\nExpirationTime: 4102444800\r\nStatus: {status}\r\nRoundtripUsec: 1234\r\n";

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        if (_stream.Task.IsCompletedSuccessfully)
            await (await _stream.Task).DisposeAsync();
        _speaking.Dispose();
    }

    /// <summary>The first connection hears what is said here; a second one, for commands, is answered only.</summary>
    private async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = TalkAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var talking = client;
        var stream = client.GetStream();
        _stream.TrySetResult(stream);
        using var lines = new StreamReader(stream);
        var (name, id) = ("", "");
        try
        {
            await SayAsync(stream, "Asterisk Call Manager/11.0.0\r\n"u8.ToArray());
            while (await lines.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("Action: ", StringComparison.Ordinal))
                    name = line[8..];
                else if (line.StartsWith("ActionID: ", StringComparison.Ordinal))
                    id = line[10..];
                else if (line.Length == 0)
                    await SayAsync(stream, Encoding.UTF8.GetBytes(Answer(name, $"ActionID: {id}\r\n")));
            }
        }
        catch (IOException)
        {
            // The worker was ended.
        }
    }

    private string Answer(string name, string id)
    {
        var ok = $"Response: Success\r\n{id}";
        switch (name)
        {
            case "Challenge":
                return $"{ok}Challenge: 1\r\n\r\n";
            case "Login":
                return $"{ok}\r\nEvent: FullyBooted\r\nStatus: Fully Booted\r\n\r\n";
            case "CoreStatus":
                return $"{ok}CoreStartupDate: 2026-11-23\r\nCoreStartupTime: 20:00:00\r\n\r\n";
            case "CoreSettings":
                return $"{ok}AsteriskVersion: 22.0.0\r\nSystemName: \r\n\r\n";
            case "Command":
                return $"{ok}Message: Command output follows\r\nOutput: Synchronizing AOR\r\n\r\n";
            case "PJSIPShowContacts":
                _followed.TrySetResult();
                var contacts = Contacts().ToList();
                return contacts.Count == 0 ? $"Response: Error\r\n{id}Message: No Contacts found\r\n\r\n"
                    : List(contacts.Select(contact => $"Event: ContactList\r\n{id}{contact}\r\n"));
            case "DeviceStateList" or "PresenceStateList" or "PJSIPShowEndpoint" or "PJSIPShowEndpoints":
                return List([]);
            default:
                return $"{ok}\r\n";
        }

        string List(IEnumerable<string> items) =>
            $"{ok}EventList: start\r\n\r\n{string.Concat(items)}Event: {name}Complete\r\n{id}EventList: Complete\r\n\r\n";
    }
}
