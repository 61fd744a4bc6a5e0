using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>Stands between the worker and a server, and does to their conversation what a bad network does.</summary>
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

    /// <summary>Every piece waits so long, in both directions.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Largest piece that is passed on at once; a small one with a delay is a slow line.</summary>
    public int Piece { get; set; } = 16 * 1024;

    /// <summary>Nobody is let in, nor anybody who is there passed on.</summary>
    public bool Refusing { get; set; }

    /// <summary>Whoever comes is let in and never hears a word.</summary>
    public bool Silent { get; set; }

    /// <summary>Every connection that is there now goes silent for ever; new ones work.</summary>
    /// <param name="only">The connection that reaches the server from this port; all of them when it is left out.</param>
    public void StallCurrent(int? only = null)
    {
        foreach (var pair in _pairs.Keys.Where(pair => only is null || pair.ServerSide == only))
            pair.Stalled = true;
    }

    /// <summary>
    /// Every connection that is there now ends after so many more bytes from the server, in the middle of a message or not.
    /// </summary>
    public void CutCurrentAfter(int bytes)
    {
        foreach (var pair in _pairs.Keys)
            pair.Left = bytes;
    }

    /// <summary>Every connection that is there now is closed.</summary>
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

        /// <summary>The port from which the server is reached.</summary>
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
                // The other side is gone.
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
