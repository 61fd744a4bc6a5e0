using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ami-tls-").FullName;
    private readonly X509Certificate2 _authority = Authority("CN=our authority");
    private readonly LogLines _log = new();

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_certificate_of_the_given_authority_is_trusted()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        await using var connection = await ConnectAsync(asterisk, Pem(_authority), "pbx.example");
        Assert.Equal("11.0.0", connection.ProtocolVersion);
    }

    [Fact]
    public async Task An_address_can_stand_in_the_certificate()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        await using var connection = await ConnectAsync(asterisk, Pem(_authority), host: null);
        Assert.Equal("11.0.0", connection.ProtocolVersion);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused()
    {
        using var other = Authority("CN=another authority");
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(asterisk, Pem(other), "pbx.example"));
        Assert.Contains("not trusted", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_authority_the_systems_store_decides()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(asterisk, caFile: null, "pbx.example"));
        Assert.Contains("not trusted", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(asterisk, Pem(_authority), "other.example"));
        Assert.Contains("not for other.example", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Untrusted_certificate_is_accepted_only_on_request_with_a_warning()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        await using var connection = await ConnectAsync(asterisk, caFile: null, "other.example", allowUntrusted: true);
        Assert.Contains(_log.Lines, line => line.StartsWith("3002", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_without_TLS_is_refused_and_not_spoken_to_in_the_clear()
    {
        await using var asterisk = new FakeAmi();
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(asterisk, Pem(_authority), "pbx.example"));
        Assert.Contains("is this the TLS port?", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(asterisk.Received);
    }

    [Fact]
    public async Task A_file_of_authorities_that_cannot_be_used_is_named()
    {
        await using var asterisk = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        var missing = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(asterisk, Path.Combine(_folder, "none.pem"),
            null));
        Assert.Contains("none.pem cannot be read", missing.Message, StringComparison.Ordinal);

        var empty = Path.Combine(_folder, "empty.pem");
        await File.WriteAllTextAsync(empty, "", TestContext.Current.CancellationToken);
        await using var second = new FakeAmi { Certificate = ServerCertificate("pbx.example") };
        var refusal = await Assert.ThrowsAsync<AmiConnectionException>(() => ConnectAsync(second, empty, null));
        Assert.Contains("holds no certificate", refusal.Message, StringComparison.Ordinal);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private X509Certificate2 ServerCertificate(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(_authority, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddMinutes(30),
            [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }

    private string Pem(X509Certificate2 certificate)
    {
        var file = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }

    private Task<AmiConnection> ConnectAsync(FakeAmi asterisk, string? caFile, string? host, bool allowUntrusted = false) =>
        Eventually.Ends(AmiConnection.ConnectAsync(
            new AmiOptions
            {
                Host = "127.0.0.1", Port = asterisk.Port, Username = "tester", Secret = FakeAmi.Secret,
                Tls = true, TlsCaFile = caFile, TlsHost = host, TlsAllowUntrusted = allowUntrusted,
            },
            new EventLog(), _log, new FakeTimeProvider(), TestContext.Current.CancellationToken));
}
