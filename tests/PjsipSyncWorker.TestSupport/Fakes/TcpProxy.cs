using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>A proxy between the worker and a server that simulates network faults.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<Pair, bool> _pairs = [];
    private readonly int _target;

    public TcpProxy(int target, int? port = null)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, port ?? Ports.Next());
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Delay of each piece, in both directions.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Largest piece that is passed on at once, in bytes. A small piece with a delay simulates a slow line.</summary>
    public int Piece { get; set; } = 16 * 1024;

    /// <summary>Refuses new connections and passes on no data of the others.</summary>
    public bool Refusing { get; set; }

    /// <summary>Accepts new connections and never sends them data.</summary>
    public bool Silent { get; set; }

    /// <summary>Silences every current connection for ever. New connections work.</summary>
    /// <param name="only">Only the connection that reaches the server from this port; null: all.</param>
    public void StallCurrent(int? only = null)
    {
        foreach (var pair in _pairs.Keys.Where(pair => only is null || pair.ServerSide == only))
            pair.Stalled = true;
    }

    /// <summary>
    /// Ends each current connection after so many more bytes from the server, even in the middle of a message.
    /// </summary>
    public void CutCurrentAfter(int bytes)
    {
        foreach (var pair in _pairs.Keys)
            pair.Left = bytes;
    }

    /// <summary>Closes every current connection.</summary>
    public void CloseCurrent()
    {
        foreach (var pair in _pairs.Keys)
            pair.Dispose();
    }

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Dispose();
        CloseCurrent();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_closing.Token);
            if (Refusing)
            {
                client.Dispose();
                continue;
            }
            var pair = new Pair(this, client, new TcpClient()) { Stalled = Silent };
            _pairs[pair] = true;
            if (!Silent)
                _ = pair.RunAsync(_closing.Token);
        }
    }

    private sealed class Pair(TcpProxy proxy, TcpClient client, TcpClient server) : IDisposable
    {
        public volatile bool Stalled;

        public volatile int Left = int.MaxValue;

        /// <summary>The local port of the connection to the server.</summary>
        public int? ServerSide => (server.Client?.LocalEndPoint as IPEndPoint)?.Port;

        public async Task RunAsync(CancellationToken cancellation)
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, proxy._target, cancellation);
                await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), false, cancellation),
                    CopyAsync(server.GetStream(), client.GetStream(), true, cancellation));
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side has disconnected.
            }
            if (Stalled)
                return;
            Dispose();
            proxy._pairs.TryRemove(this, out _);
        }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }

        private async Task CopyAsync(NetworkStream from, NetworkStream to, bool fromServer, CancellationToken cancellation)
        {
            var buffer = new byte[16 * 1024];
            int count;
            while (Left > 0 && (count = await from.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, proxy.Piece)), cancellation)) > 0)
            {
                if (Stalled)
                    await Task.Delay(Timeout.Infinite, cancellation);
                if (proxy.Delay > TimeSpan.Zero)
                    await Task.Delay(proxy.Delay, cancellation);
                if (fromServer && Left < int.MaxValue)
                {
                    count = Math.Min(count, Left);
                    Left -= count;
                }
                await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }
        }
    }
}
