using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PjsipSyncWorker.Ami;

/// <summary>Checks the certificate of an Asterisk, and keeps the reason of a refusal.</summary>
internal sealed class AmiCertificateCheck(AmiOptions options)
{
    private readonly string _host = options.TlsHost ?? options.Host;

    /// <summary>Why the certificate was refused; null when it was not.</summary>
    public string? Refusal { get; private set; }

    /// <exception cref="AmiConnectionException">The file of authorities cannot be used.</exception>
    public SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = _host,
        CertificateChainPolicy = options.TlsCaFile is null ? null : TrustOnly(options.TlsCaFile),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck, // a private authority has no responder to ask
        RemoteCertificateValidationCallback = (_, _, chain, errors) => Accept(chain, errors),
    };

    private static X509ChainPolicy TrustOnly(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AmiConnectionException($"TlsCaFile {file} cannot be read", exception);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw new AmiConnectionException($"TlsCaFile {file} holds no certificate");
    }

    private bool Accept(X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || options.TlsAllowUntrusted)
        {
            return true;
        }

        Refusal = errors switch
        {
            _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) => "the server shows no certificate",
            _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => $"its certificate is not for {_host} (TlsHost)",
            _ => "its certificate is not trusted ("
                + $"{string.Join(", ", chain?.ChainStatus.Select(status => status.Status.ToString()) ?? [])})",
        };
        return false;
    }
}
