using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>Does the steps of an operator: a role for Asterisk, the rendered files, a trunk.</summary>
/// <param name="role">Asterisk's role, if <c>init --roles</c> created it; null: a role of this test.</param>
internal sealed class RenderedFiles(TestDatabase database, AsteriskServer asterisk, string? role = null) : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"pjsip-sync-render-{Guid.NewGuid():N}");

    public string Role { get; } = role ?? $"asterisk_{Guid.NewGuid():N}"[..20];

    /// <summary>The folder of the rendered files.</summary>
    public string Output => Path.Combine(_folder, "rendered");

    /// <summary>The files that the operator adds.</summary>
    public string Site => Path.Combine(_folder, "site");

    /// <summary>The settings of this node. None is a default, because two tests at a time could not share it.</summary>
    public string[] Settings(int index = 0) =>
    [
        $"Asterisk__Nodes__{index}__Name=pbx{index + 1}", $"Asterisk__Nodes__{index}__Port={asterisk.AmiPort}",
        $"Asterisk__Nodes__{index}__Secret={Secret}",
        "Asterisk__Render__SipAddress=127.0.0.1", $"Asterisk__Render__SipPort={asterisk.SipPort}",
        $"Asterisk__Render__DatabaseUser={Role}", "Asterisk__Render__DatabasePassword=p;w\\x",
        "Asterisk__Render__DidPrefix=+4930123", "Asterisk__Render__CountryCode=49",
        "Asterisk__Render__EmergencyNumbers__0=112", "Asterisk__Render__EmergencyNumbers__1=110",
        // SIPp listens only while it runs a scenario.
        "Realtime__Defaults__QualifyFrequency=0",
    ];

    /// <summary>A password with each character that Asterisk's files could misread.</summary>
    public const string Secret = "s;e;--c\\r\\;e\"t [x] #{$}=>";

    public async Task RenderAsync(params string[] settings)
    {
        await database.ExecuteAsync(role is not null ? $"alter role {Role} password 'p;w\\x'" : $"""
            create role {Role} login password 'p;w\x';
            do $$ begin grant usage on schema asterisk to {Role}; exception when invalid_schema_name then null; end $$;
            grant select on ps_endpoints, ps_auths, ps_aors to {Role};
            grant select, insert, update, delete on ps_contacts to {Role};
            """);
        Directory.CreateDirectory(Site);
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, settings, "render-config", "--output", Output, "--node",
            "pbx1");
        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
        (exitCode, output) = await WorkerProcess.CommandAsync(database, settings, "render-config", "--check", Output, "--node", "pbx1");
        Assert.True(exitCode == 0, output);
    }

    /// <summary>Adds a file of the operator.</summary>
    public Task AddAsync(string file, string text) => File.WriteAllTextAsync(Path.Combine(Site, file), text);

    public Task AddCarrierAsync(SipPhone carrier) => File.WriteAllTextAsync(Path.Combine(Site, "pjsip_carriers.conf"), $"""
        [carrier]
        type = endpoint
        context = from-carrier
        identify_by = ip
        disallow = all
        allow = ulaw
        aors = carrier

        [carrier]
        type = aor
        contact = {carrier.Uri.Replace("carrier@", "", StringComparison.Ordinal)}

        [carrier]
        type = identify
        endpoint = carrier
        match = {carrier.Address}

        """);

    /// <summary>A self-signed certificate for 127.0.0.1 and its key, as PEM files of the server.</summary>
    public async Task<(string Certificate, string Key)> AddCertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Directory.CreateDirectory(Site);
        await File.WriteAllTextAsync(Path.Combine(Site, "server.crt"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(Site, "server.key"), key.ExportPkcs8PrivateKeyPem());
        return (asterisk.ConfigurationPath("server.crt"), asterisk.ConfigurationPath("server.key"));
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }
}
