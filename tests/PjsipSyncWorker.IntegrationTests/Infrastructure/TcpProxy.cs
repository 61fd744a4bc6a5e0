using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>Stands between the worker and a server, and can fall silent without closing anything.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentBag<Pair> _pairs = [];
    private readonly int _target;

    public TcpProxy(int target, int? port = null)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, port ?? Ports.Next());
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Every connection that is there now goes silent for ever; new ones work.</summary>
    public void StallCurrent()
    {
        foreach (var pair in _pairs)
            pair.Stalled = true;
    }

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Dispose();
        foreach (var pair in _pairs)
            pair.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_closing.Token);
            var pair = new Pair(client, new TcpClient());
            _pairs.Add(pair);
            _ = pair.RunAsync(_target, _closing.Token);
        }
    }

    private sealed class Pair(TcpClient client, TcpClient server) : IDisposable
    {
        public volatile bool Stalled;

        public async Task RunAsync(int target, CancellationToken cancellation)
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, target, cancellation);
                await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), cancellation), CopyAsync(server.GetStream(), client.GetStream(), cancellation));
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
            {
                // The other side is gone.
            }
            if (!Stalled)
                Dispose();
        }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }

        private async Task CopyAsync(NetworkStream from, NetworkStream to, CancellationToken cancellation)
        {
            var buffer = new byte[16 * 1024];
            int count;
            while ((count = await from.ReadAsync(buffer, cancellation)) > 0)
            {
                if (Stalled)
                    await Task.Delay(Timeout.Infinite, cancellation);
                await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }
        }
    }
}
