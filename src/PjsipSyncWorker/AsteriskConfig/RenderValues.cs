using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Npgsql;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>The values of the templates' keys, for one node of this installation.</summary>
internal sealed partial class RenderValues
{
    /// <summary>Stands for any secret, where none is configured here (<c>--check</c>). No file contains it.</summary>
    public static readonly string Anything = Guid.NewGuid().ToString();

    /// <summary>Longest node name in characters. It is part of an application_name, which PostgreSQL truncates at 63 bytes.</summary>
    private const int LongestNodeName = 50;

    private readonly Dictionary<string, TemplateValue> _values = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<string> _remainingSteps = [];
    private readonly WorkerSettings _settings;

    /// <param name="nodeName">A name in Asterisk:Nodes; may be null where there are fewer than two nodes.</param>
    /// <param name="isCheck">Whether the values are compared with existing files; then no random secret is made.</param>
    /// <exception cref="SettingsException">A needed setting is not configured.</exception>
    public RenderValues(WorkerSettings settings, string? nodeName, bool isCheck)
    {
        _settings = settings;
        var node = Node(nodeName);
        SetNode(node, isCheck);
        SetDatabase(node, isCheck);
        SetSip();
        SetMedia();
        SetOtherNodes(node);
        SetDialplan();
        if (_problems.Count > 0)
            throw new SettingsException(_problems);
    }

    /// <summary>The values by their key.</summary>
    public IReadOnlyDictionary<string, TemplateValue> ByKey => _values;

    /// <summary>What a person must still do, one line each.</summary>
    public IReadOnlyList<string> RemainingSteps => _remainingSteps;

    /// <summary>Whether secure WebSockets are configured, which Asterisk's web server provides.</summary>
    public bool NeedsHttp => !_values["CertificateFile"].IsEmpty;

    /// <summary>Whether something about media is configured. Otherwise the rtp.conf of the distribution is right.</summary>
    public bool NeedsRtp => !_values["RtpStart"].IsEmpty || !_values["StunServer"].IsEmpty || !_values["TurnServer"].IsEmpty;

    private RenderSettings Render => _settings.Asterisk.Render;

    private NodeSettings? Node(string? name)
    {
        var nodes = _settings.Asterisk.Nodes;
        if (name is null && nodes.Count < 2)
            return nodes.Count == 0 ? null : nodes[0];
        return nodes.FirstOrDefault(node => node.Name == name) ?? throw new SettingsException(
            [$"--node {name ?? "NAME"}: which of Asterisk:Nodes? They are: {string.Join(", ", nodes.Select(node => node.Name))}"]);
    }

    private void SetNode(NodeSettings? node, bool isCheck)
    {
        var name = node?.Name ?? "pbx1";
        var systemName = Render.SystemNames.GetValueOrDefault(name) ?? name;
        Set("SystemName", systemName, $"Asterisk:Render:SystemNames:{name}");
        if (!PlainName().IsMatch(systemName))
        {
            _problems.Add($"Asterisk:Render:SystemNames:{name} is needed, of letters, digits, dot, dash and underscore: "
                + $"\"{systemName}\" cannot be Asterisk's systemname");
        }

        var user = node?.Username ?? "pjsip-sync";
        Set("AmiUser", user, "Asterisk:Nodes:Username");
        if (!PlainName().IsMatch(user) || user.Equals("general", StringComparison.OrdinalIgnoreCase))
        {
            _problems.Add($"Asterisk:Nodes:Username \"{user}\" cannot be a user of manager.conf: "
                + "letters, digits, dot, dash and underscore, and not general");
        }
        Set("AmiSecret", node?.Secret ?? (isCheck ? Anything : NewSecret()), "Asterisk:Nodes:Secret");
        if (node is null)
        {
            _remainingSteps.Add("Asterisk:Nodes is empty. manager.conf has the user pjsip-sync with a new random secret: "
                + "put both into Asterisk:Nodes, or there is no status of phones");
        }
        Set("Node", name, "Asterisk:Nodes:Name");
        if (!PlainName().IsMatch(name) || name.Length > LongestNodeName)
        {
            _problems.Add($"Asterisk:Nodes:Name \"{name}\" cannot stand in odbc.ini: "
                + $"letters, digits, dot, dash and underscore, {LongestNodeName} at most");
        }
        SetManager(node, name);
    }

    /// <summary>The addresses and ports that the manager interface listens on.</summary>
    private void SetManager(NodeSettings? node, string name)
    {
        var host = node?.Host ?? "127.0.0.1";
        var isLocal = IsThisMachine(host);
        var isV6 = host.Contains(':', StringComparison.Ordinal);
        var port = node?.Port ?? 5038;
        var local = isV6 ? "::1" : "127.0.0.1";
        var listen = isLocal ? local : isV6 ? "::" : "0.0.0.0";
        Set("AmiAddress", node is { Tls: true } ? local : listen, "Asterisk:Nodes:Host");
        // With TLS, the plain port is for this machine only, and needs another number.
        Set("AmiPort", Text(node is not { Tls: true } ? port : port == 5038 ? 5037 : 5038), "Asterisk:Nodes:Port");
        Set("AmiTlsBind", node is { Tls: true } ? At(listen, port) : "", "Asterisk:Nodes:Port");
        if (node is { Tls: true } && Render.CertificateFile is null)
            _problems.Add("Asterisk:Render:CertificateFile and PrivateKeyFile are needed, because this node's Tls is true");
        Set("AmiPermit", Render.AmiPermit ?? (isV6 ? "::1/128" : "127.0.0.1/255.255.255.255"), "Asterisk:Render:AmiPermit");
        if (!isLocal && Render.AmiPermit is null)
        {
            _problems.Add($"Asterisk:Render:AmiPermit is needed, because {name} is another machine ({host}): "
                + "the address from which the worker comes, such as 192.0.2.7/32");
        }
    }

    private void SetDatabase(NodeSettings? node, bool isCheck)
    {
        const string origin = "ConnectionStrings:Postgres";
        var connection = new NpgsqlConnectionStringBuilder(_settings.ConnectionString);
        ReportUnknownNodes("DatabaseHosts", Render.DatabaseHosts.Keys);
        var ownHost = node is null ? null : Render.DatabaseHosts.GetValueOrDefault(node.Name);
        var host = ownHost ?? Render.DatabaseHost ?? connection.Host ?? "";
        if (host.Length == 0 || host.Contains(',', StringComparison.Ordinal))
            _problems.Add("Asterisk:Render:DatabaseHost is needed: the one server that Asterisk reads");
        else if (node is not null && !IsThisMachine(node.Host) && IsThisMachine(host))
        {
            _problems.Add($"Asterisk:Render:DatabaseHosts:{node.Name} is needed, because {node.Name} is another machine ({node.Host}) and "
                + $"cannot reach the database at {host}: the address of the database's machine, such as 192.0.2.7");
        }
        Set("DatabaseHost", host, ownHost is not null ? $"Asterisk:Render:DatabaseHosts:{node!.Name}"
            : Render.DatabaseHost is null ? $"Host in {origin}" : "Asterisk:Render:DatabaseHost");
        Set("DatabasePort", Text(Render.DatabasePort ?? connection.Port), origin);
        Set("DatabaseName", connection.Database ?? connection.Username ?? "", $"Database in {origin}");
        Set("DatabaseSslMode", connection.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca",
            SslMode.VerifyFull => "verify-full",
            var mode => mode.ToString().ToLowerInvariant(),
        }, origin);
        Set("RealtimeSchema", _settings.Realtime.Schema, "Realtime:Schema");
        Set("AnyRealtimeSchema", _settings.Realtime.Schema.Length == 0 ? "yes" : "", "Realtime:Schema");
        Set("DatabaseUser", Render.DatabaseUser, "Asterisk:Render:DatabaseUser");
        Set("DatabaseConnections", Text(Render.DatabaseConnections), "Asterisk:Render:DatabaseConnections");
        Set("DatabasePassword", Render.DatabasePassword ?? (isCheck ? Anything : ""), "Asterisk:Render:DatabasePassword");
        if (Render.DatabasePassword is null)
        {
            _remainingSteps.Add(host.StartsWith('/')
                ? $"res_odbc.conf has no password: right if PostgreSQL knows {Render.DatabaseUser} by its socket (peer), "
                    + "else set Asterisk:Render:DatabasePassword"
                : $"res_odbc.conf has no password for the role {Render.DatabaseUser}: "
                    + "set Asterisk:Render:DatabasePassword, or put it into res_odbc_custom.conf");
        }
    }

    /// <summary>Reports the names in a map of Asterisk:Render that no node has.</summary>
    private void ReportUnknownNodes(string key, IEnumerable<string> names)
    {
        var known = _settings.Asterisk.Nodes.Select(node => node.Name).ToList();
        _problems.AddRange(names.Except(known).Select(name =>
            $"Asterisk:Render:{key}:{name} is the name of no node of Asterisk:Nodes; they are: {string.Join(", ", known)}"));
    }

    private void Set(string key, string value, string setting) => _values[key] = new TemplateValue([value], setting);

    private void SetList(string key, IReadOnlyList<string> values, string setting) => _values[key] = new TemplateValue(values, setting);

    /// <summary>Whether a host is a socket's folder or a loopback address.</summary>
    private static bool IsThisMachine(string host) =>
        host is "localhost" or ['/' or '@', ..] || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    private static string At(string address, int port) =>
        address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{Text(port)}" : $"{address}:{Text(port)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[A-Za-z0-9._-]+\z")]
    private static partial Regex PlainName();
}
