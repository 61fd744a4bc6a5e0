using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.TestSupport;

/// <summary>Free loopback ports, each given once in a run.</summary>
internal static class Ports
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    public static int Next()
    {
        while (true)
        {
            // Below the range from which the system takes ports for outgoing connections.
            var port = Random.Shared.Next(10_000, 30_000);
            using var tcp = new TcpListener(IPAddress.Any, port);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                tcp.Start();
                udp.Bind(new IPEndPoint(IPAddress.Any, port));
            }
            catch (SocketException)
            {
                continue;
            }
            if (Given.TryAdd(port, true))
                return port;
        }
    }
}
