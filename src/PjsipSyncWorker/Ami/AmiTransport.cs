using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace PjsipSyncWorker.Ami;

/// <summary>Opens the stream: TCP, with TLS where asked for.</summary>
internal static class AmiTransport
{
    /// <exception cref="AmiException">Nobody listens there, or the certificate is not the right one.</exception>
    public static async Task<Stream> OpenAsync(AmiOptions options, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.ConnectTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, limit.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            return options.Tls ? await SecureAsync(stream, options, limit.Token) : stream;
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error switch
            {
                OperationCanceledException when !cancellation.IsCancellationRequested =>
                    new AmiTimeoutException($"{options.Host}:{options.Port} did not answer within {options.ConnectTimeout.TotalSeconds:0} s"),
                SocketException refused => new AmiException($"{options.Host}:{options.Port}: {refused.Message}", refused),
                AuthenticationException or IOException => new AmiException($"TLS with {options.Host}:{options.Port}: {error.Message}", error),
                _ => error,
            };
        }
    }

    private static async Task<Stream> SecureAsync(Stream inner, AmiOptions options, CancellationToken cancellation)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (options.TlsCaFile is { } file)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        var tls = new SslStream(inner);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = options.TlsHost ?? options.Host,
            CertificateChainPolicy = policy,
#pragma warning disable CA5359 // asked for in so many words: TlsAllowUntrusted
            RemoteCertificateValidationCallback = options.TlsAllowUntrusted ? (_, _, _, _) => true : null,
#pragma warning restore CA5359
        }, cancellation);
        return tls;
    }
}
