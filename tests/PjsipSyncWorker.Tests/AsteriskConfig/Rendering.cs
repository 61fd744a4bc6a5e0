using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

/// <summary>Rendered files of a configuration, and a directory for them.</summary>
internal static class Rendering
{
    /// <summary>One node, and a certificate so that every template and block is there.</summary>
    public static readonly (string Key, string Value)[] Complete =
    [
        ("Asterisk:Nodes:0:Name", "pbx1"), ("Asterisk:Nodes:0:Secret", "the-ami-secret"),
        ("Asterisk:Nodes:0:Tls", "true"), ("Asterisk:Render:CertificateFile",
            "/etc/asterisk/server.crt"), ("Asterisk:Render:PrivateKeyFile", "/etc/asterisk/server.key"),
        ("Asterisk:Render:DatabasePassword", "the-db-password"), ("Asterisk:Render:DidPrefix", "+4930123"), ("Asterisk:Render:CountryCode",
            "49"),
    ];

    /// <summary>Of several values of one key the last one counts.</summary>
    public static WorkerSettings Settings(params (string Key, string Value)[] values) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Reverse().DistinctBy(pair => pair.Key)
            .Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value))).Build());

    public static IReadOnlyList<RenderedFile> Files(params (string Key, string Value)[] values) =>
        RenderedFile.All(new RenderValues(Settings(values), null, isCheck: false));

    public static string Text(string file, params (string Key, string Value)[] values) =>
        Files(values).Single(rendered => rendered.Name == file).Text;

    public static ConfFile Read(string file, params (string Key, string Value)[] values) =>
        ConfReader.ReadText(Text(file, values), RenderedFile.IsIniName(file)).Joined();
}

/// <summary>A directory of one test, two levels deep: unixODBC's files are looked for beside it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("pjsip-sync-");

    public string Parent => _parent.FullName;

    public string Path => System.IO.Path.Combine(Parent, "asterisk");

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _parent.Delete(recursive: true);
}
