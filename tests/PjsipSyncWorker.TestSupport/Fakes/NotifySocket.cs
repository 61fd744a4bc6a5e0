using System.Net.Sockets;
using System.Text;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>systemd's side of <c>Type=notify</c>: a socket that receives the notifications of a service.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"notify-{Guid.NewGuid():N}");
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _said = [];

    public NotifySocket()
    {
        _socket.Bind(new UnixDomainSocketEndPoint(_path));
        _ = HearAsync();
    }

    /// <summary>The variable that the environment of the service needs.</summary>
    public string[] Settings => [$"NOTIFY_SOCKET={_path}", "WATCHDOG_USEC=600000"];

    public List<string> Said
    {
        get
        {
            lock (_said)
                return [.. _said];
        }
    }

    public Task HeardAsync(Func<string, bool> what) => Eventually.True(() => Task.FromResult(Said.Any(what)));

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_path);
    }

    private async Task HearAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveAsync(buffer);
                lock (_said)
                    _said.Add(Encoding.UTF8.GetString(buffer, 0, length));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }
}
