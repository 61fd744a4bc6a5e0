using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace PjsipSyncWorker.Ami;

/// <summary>Opens the byte stream to Asterisk: TCP, with TLS if the options say so.</summary>
internal static class AmiTransport
{
    public static async Task<Stream> OpenAsync(AmiOptions options, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            KeepAlive(socket);
            await socket.ConnectAsync(options.Host, options.Port, cancellationToken);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new AmiConnectionException($"cannot connect to {options.Host}:{options.Port}: {exception.SocketErrorCode}", exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new NetworkStream(socket, ownsSocket: true);
        return options.Tls ? await SecureAsync(stream, options, cancellationToken) : stream;
    }

    // A Ping cannot find a dead peer while a long action is in flight, because it waits behind that action. The keep-alive can.
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
    }

    private static async Task<Stream> SecureAsync(NetworkStream plain, AmiOptions options, CancellationToken cancellationToken)
    {
        AmiCertificateCheck? check = null;
        SslStream? secure = null;
        try
        {
            check = new AmiCertificateCheck(options);
            secure = new SslStream(plain, leaveInnerStreamOpen: false);
            await secure.AuthenticateAsClientAsync(check.ClientOptions(), cancellationToken);
            return secure;
        }
        catch (Exception exception)
        {
            await (secure as Stream ?? plain).DisposeAsync();
            if (exception is AuthenticationException or IOException and not AmiException)
            {
                throw new AmiConnectionException(
                    $"no TLS with {options.Host}:{options.Port}: {check?.Refusal ?? "the handshake failed; is this the TLS port?"}",
                    exception);
            }

            throw;
        }
    }
}
