using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.Bench;

/// <summary>Free loopback ports, each given once in a run. Each is free for TCP and for UDP.</summary>
internal static class Ports
{
    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        while (true)
        {
            // Below the range from which the system takes ports for outgoing connections, and below that of Asterisk's media.
            var port = Random.Shared.Next(10_000, 20_000);
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
            if (Given.Add(port))
                return port;
        }
    }
}
