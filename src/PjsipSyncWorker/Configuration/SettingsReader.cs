using System.Text;
using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Configuration;

/// <summary>Reads <see cref="WorkerSettings"/> from .NET configuration: files, environment, systemd credentials.</summary>
public static class SettingsReader
{
    /// <summary>The file read when no other is named.</summary>
    public const string DefaultFile = "/etc/pjsip-sync-worker/appsettings.json";

    /// <summary>The sections that are ours; others (Logging) belong to the host.</summary>
    private static readonly string[] OurSections = ["ConnectionStrings", "Source", "Realtime", "Asterisk", "Sync", "Metrics"];

    /// <summary>
    /// Layers, later ones first in rank: built-in defaults, <see cref="DefaultFile"/>, <paramref name="file"/>,
    /// environment (<c>Section__Key</c>), systemd credentials (one file per key in <c>$CREDENTIALS_DIRECTORY</c>).
    /// </summary>
    /// <exception cref="SettingsException">A file that was asked for is missing or is not JSON.</exception>
    public static IConfigurationRoot Load(string? file)
    {
        var builder = new ConfigurationBuilder();
        try
        {
            builder.AddJsonFile(DefaultFile, optional: true);
            if (file is not null)
                builder.AddJsonFile(Path.GetFullPath(file), optional: false);
            builder.AddEnvironmentVariables();
            if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } credentials)
                builder.AddInMemoryCollection(ReadCredentials(credentials));
            return builder.Build();
        }
        catch (Exception e) when (e is FileNotFoundException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // The outer one names the file, the innermost the fault and its line.
            throw new SettingsException([e.InnerException is null ? e.Message : $"{e.Message} {e.GetBaseException().Message}"]);
        }
    }

    /// <summary>Reads and validates our sections.</summary>
    /// <exception cref="SettingsException">With every problem found, one line each.</exception>
    public static WorkerSettings Read(IConfiguration configuration) => Read(configuration, onKey: null);

    /// <param name="onKey">Told of every key that is read.</param>
    internal static WorkerSettings Read(IConfiguration configuration, Action<SettingKey>? onKey)
    {
        var problems = new List<string>();
        var root = new StrictSection(configuration, "", problems, onKey);

        var connections = root.Section("ConnectionStrings");
        var connectionString = connections.Text("Postgres", "Host=/run/postgresql;Database=pbx;Username=pjsip_sync");
        try
        {
            _ = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            // The exception may repeat parts of the string, and the string holds a password.
            problems.Add("ConnectionStrings:Postgres is not a connection string such as Host=/run/postgresql;Database=pbx;Username=pjsip_sync");
        }

        var settings = new WorkerSettings(
            connectionString,
            ReadSource(root.Section("Source")),
            ReadRealtime(root.Section("Realtime")),
            ReadAsterisk(root.Section("Asterisk")),
            ReadSync(root.Section("Sync")),
            ReadMetrics(root.Section("Metrics")));
        connections.NothingElse();
        foreach (var stray in configuration.GetChildren().Where(child => LooksLikeOurs(child.Key)))
            problems.Add($"{stray.Key} is not known; the sections are: {string.Join(", ", OurSections)}");
        return problems.Count == 0 ? settings : throw new SettingsException(problems);
    }

    // The environment holds a great many keys that are nobody's mistake; a section that differs by a letter or two is one.
    private static bool LooksLikeOurs(string key) =>
        !OurSections.Contains(key, StringComparer.OrdinalIgnoreCase)
        && OurSections.Any(ours => ours.Length > 4 && (key + "s").Equals(ours, StringComparison.OrdinalIgnoreCase)
            || (ours + "s").Equals(key, StringComparison.OrdinalIgnoreCase));

    private static SourceSettings ReadSource(StrictSection source)
    {
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in source.Section("Columns").Texts())
        {
            if (string.IsNullOrWhiteSpace(value))
                source.Problem($"Columns:{key}", "must be a column or an SQL expression");
            else
                columns[SnakeCase(key)] = value;
        }
        var settings = new SourceSettings(Qualified(source.Text("Table", "public.extensions")), columns, source.Text("Active", ""),
            source.OptionalText("StatusTable") is { } statusTable ? Qualified(statusTable) : "");
        source.NothingElse();
        return settings;
    }

    /// <summary>A table without a schema is one of public, whatever somebody's search_path is.</summary>
    private static string Qualified(string table)
    {
        var quoted = false;
        foreach (var c in table)
        {
            quoted ^= c == '"';
            if (c == '.' && !quoted)
                return table;
        }
        return $"public.{table}";
    }

    private static RealtimeSettings ReadRealtime(StrictSection realtime)
    {
        var schema = realtime.Text("Schema", "public");
        var defaults = ReadOptions(realtime.Section("Defaults"));
        var profiles = BuiltInProfiles();
        foreach (var profile in realtime.Section("Profiles").Sections())
            profiles[profile.Name] = ReadOptions(profile);
        realtime.NothingElse();
        return new RealtimeSettings(schema, Layer(SafeDefaults, defaults), profiles);
    }

    /// <summary>Short names for what everybody sets, and sections for any other option of the three tables.</summary>
    private static OptionSet ReadOptions(StrictSection section)
    {
        var endpoint = section.Section("Endpoint").Texts();
        var auth = section.Section("Auth").Texts();
        var aor = section.Section("Aor").Texts();
        foreach (var (name, column) in new[] { (ShortOptions.Context, "context"), (ShortOptions.Codecs, "allow"), (ShortOptions.Transport, "transport") })
            if (section.OptionalText(name) is { } value)
                endpoint[column] = value;
        foreach (var (name, column, most) in new[] { (ShortOptions.MaxContacts, "max_contacts", 1000), (ShortOptions.QualifyFrequency, "qualify_frequency", 86400) })
            if (section.OptionalNumber(name, 0, most) is { } number)
                aor[column] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        section.NothingElse();
        return new OptionSet(endpoint, auth, aor);
    }

    /// <summary>Options under which a phone behind a NAT works and a stale contact does not linger.</summary>
    private static OptionSet SafeDefaults { get; } = new(
        new Dictionary<string, string?>
        {
            ["context"] = "internal",
            ["disallow"] = "all",
            ["allow"] = "ulaw,alaw",
            ["direct_media"] = "no",
            ["rewrite_contact"] = "yes",
            ["force_rport"] = "yes",
            ["rtp_symmetric"] = "yes",
        },
        new Dictionary<string, string?>(),
        new Dictionary<string, string?>
        {
            ["max_contacts"] = "5",
            ["qualify_frequency"] = "60",
            ["remove_existing"] = "yes",
            ["remove_unavailable"] = "yes",
        });

    private static Dictionary<string, OptionSet> BuiltInProfiles() => new(StringComparer.Ordinal)
    {
        ["webrtc"] = new(
            new Dictionary<string, string?>
            {
                ["webrtc"] = "yes",
                ["dtls_auto_generate_cert"] = "yes",
                ["allow"] = "opus,ulaw,alaw",
            },
            new Dictionary<string, string?>(),
            new Dictionary<string, string?>()),
        ["deskphone"] = new(
            new Dictionary<string, string?> { ["allow"] = "g722,alaw,ulaw", ["dtmf_mode"] = "rfc4733" },
            new Dictionary<string, string?>(),
            new Dictionary<string, string?> { ["max_contacts"] = "1" }),
    };

    private static OptionSet Layer(OptionSet lower, OptionSet upper)
    {
        return new OptionSet(Over(lower.Endpoint, upper.Endpoint), Over(lower.Auth, upper.Auth), Over(lower.Aor, upper.Aor));

        static Dictionary<string, string?> Over(IReadOnlyDictionary<string, string?> lower, IReadOnlyDictionary<string, string?> upper)
        {
            var both = new Dictionary<string, string?>(lower, StringComparer.Ordinal);
            foreach (var (key, value) in upper)
                both[key] = value;
            return both;
        }
    }

    private static AsteriskSettings ReadAsterisk(StrictSection asterisk)
    {
        var nodes = new List<NodeSettings>();
        foreach (var node in asterisk.Sections("Nodes"))
        {
            var settings = new NodeSettings(
                node.Text("Name", $"node{nodes.Count + 1}"),
                node.Text("Host", "127.0.0.1"),
                node.Number("Port", 5038, 1, 65535),
                node.Text("Username", "pjsip-sync"),
                node.Text("Secret", ""),
                node.Switch("Tls", false),
                node.OptionalText("TlsCaFile"),
                node.OptionalText("TlsHost"),
                node.Switch("TlsAllowUntrusted", false));
            node.NothingElse();
            if (nodes.Any(other => other.Name == settings.Name))
                node.Problem("Name", $"\"{settings.Name}\" is another node's too: contacts are kept by node name, so each needs its own");
            if (settings.Secret.Length == 0)
                node.Problem("Secret", "is missing: it is the secret of this user in Asterisk's manager.conf");
            nodes.Add(settings);
        }
        var result = new AsteriskSettings(
            nodes,
            asterisk.Duration("SnapshotInterval", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            asterisk.Duration("StaleAfter", TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            asterisk.Duration("ForgetAfter", TimeSpan.FromDays(7), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
            asterisk.Switch("UnreachableIsOffline", true),
            asterisk.Number("RefreshesPerSecond", 500, 1, 10_000),
            RenderReader.Read(asterisk.Section("Render")));
        asterisk.NothingElse();
        return result;
    }

    private static SyncSettings ReadSync(StrictSection sync)
    {
        var removal = sync.Section("MaxRemoval");
        var settings = new SyncSettings(
            sync.Number("BatchSize", 5000, 1, 100_000),
            sync.Duration("PollInterval", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            sync.Duration("ReconcileInterval", TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            sync.Switch("Adopt", false),
            removal.Share("Share", 0.2),
            removal.Number("Count", 20, 0, int.MaxValue));
        removal.NothingElse();
        sync.NothingElse();
        return settings;
    }

    private static MetricsSettings ReadMetrics(StrictSection metrics)
    {
        var settings = new MetricsSettings(
            metrics.Text("Host", "localhost"), metrics.Number("Port", 9464, 1, 65535), metrics.Switch("Enabled", true));
        metrics.NothingElse();
        // The listener would end the process over these.
        if (settings.Host is not "*" && Uri.CheckHostName(settings.Host) is UriHostNameType.Unknown)
            metrics.Problem("Host", "must be a name or an address of this machine, or * for all");
        return settings;
    }

    private static Dictionary<string, string?> ReadCredentials(string directory) =>
        Directory.EnumerateFiles(directory).ToDictionary(
            file => Path.GetFileName(file).Replace("__", ":", StringComparison.Ordinal),
            file => (string?)File.ReadAllText(file).TrimEnd('\r', '\n'));

    private static string SnakeCase(string pascal)
    {
        var snake = new StringBuilder();
        foreach (var c in pascal)
        {
            if (char.IsUpper(c) && snake.Length > 0 && snake[^1] != '_')
                snake.Append('_');
            snake.Append(char.ToLowerInvariant(c));
        }
        return snake.ToString();
    }
}

/// <summary>The configuration cannot be used; each problem says what to do.</summary>
public sealed class SettingsException(IReadOnlyList<string> problems) : Exception
{
    /// <summary>One line each.</summary>
    public IReadOnlyList<string> Problems { get; } = [.. problems.Select(UntrustedText.Escape)];

    public override string Message => string.Join('\n', Problems);
}
