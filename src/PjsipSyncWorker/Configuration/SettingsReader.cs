using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Reads and validates <see cref="WorkerSettings"/>. The records declare keys, defaults and ranges; here are their places in
/// the configuration, and the rules that concern more than one value.
/// </summary>
public static class SettingsReader
{
    /// <summary>The worker's own sections; others, such as Logging, belong to the host.</summary>
    private static readonly string[] OwnSections = ["ConnectionStrings", "Source", "Realtime", "Asterisk", "Sync", "Metrics"];

    /// <summary>Reads the worker's own sections.</summary>
    /// <exception cref="SettingsException">There are problems; it has all of them, one line each.</exception>
    public static WorkerSettings Read(IConfiguration configuration)
    {
        var problems = new List<string>();
        var root = new StrictSection(configuration, "", problems);
        var settings = new WorkerSettings
        {
            ConnectionString = ReadConnection(root.Section("ConnectionStrings")),
            Source = ReadSource(root.Section("Source")),
            Realtime = ReadRealtime(root.Section("Realtime")),
            Asterisk = ReadAsterisk(root.Section("Asterisk")),
            Sync = ReadSync(root.Section("Sync")),
            Metrics = ReadMetrics(root.Section("Metrics")),
        };
        foreach (var stray in configuration.GetChildren().Where(child => IsMisspelled(child.Key)))
            problems.Add($"{stray.Key} is not known; the sections are: {string.Join(", ", OwnSections)}");
        return problems.Count == 0 ? settings : throw new SettingsException(problems);
    }

    /// <summary>
    /// Whether a section differs from one of the worker's own by an "s" at the end. Other unknown sections are no mistake,
    /// because the environment has a great many variables of other programs.
    /// </summary>
    private static bool IsMisspelled(string section) =>
        !OwnSections.Contains(section, StringComparer.OrdinalIgnoreCase)
        && OwnSections.Any(own => own.Length > 4 && (section + "s").Equals(own, StringComparison.OrdinalIgnoreCase)
            || (own + "s").Equals(section, StringComparison.OrdinalIgnoreCase));

    private static string ReadConnection(StrictSection connections)
    {
        var connectionString = connections.Read(new ConnectionSettings()).Postgres;
        try
        {
            if (ConnectionUrl.IsUrl(connectionString))
                return ConnectionUrl.ToConnectionString(connectionString);
            _ = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (FormatException e) when (ConnectionUrl.IsUrl(connectionString))
        {
            connections.Problem("Postgres", e.Message);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            // The exception may repeat parts of the connection string, which holds a password.
            connections.Problem("Postgres",
                $"is not a connection string such as {new ConnectionSettings().Postgres} or postgres://USER:PASSWORD@HOST/DATABASE");
        }
        return connectionString;
    }

    private static SourceSettings ReadSource(StrictSection source)
    {
        var settings = source.Read(new SourceSettings());
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (field, expression) in settings.Columns)
        {
            if (string.IsNullOrWhiteSpace(expression))
                source.Problem($"Columns:{field}", "must be a column or an SQL expression");
            else
                columns[JsonNamingPolicy.SnakeCaseLower.ConvertName(field)] = expression;
        }
        return settings with
        {
            Table = WithSchema(settings.Table),
            Columns = columns,
            StatusTable = settings.StatusTable.Length == 0 ? "" : WithSchema(settings.StatusTable),
        };
    }

    /// <summary>Puts a table without a schema into public, so that its meaning does not depend on a search_path.</summary>
    private static string WithSchema(string table)
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
        var defaults = realtime.Section("Defaults").Read(new OptionSettings()).ToOptionSet();
        var profiles = new Dictionary<string, OptionSet>(OptionSet.BuiltInProfiles, StringComparer.Ordinal);
        foreach (var profile in realtime.Section("Profiles").Sections())
            profiles[profile.Name] = profile.Read(new OptionSettings()).ToOptionSet();
        return realtime.Read(new RealtimeSettings { Defaults = OptionSet.SafeDefaults.OverriddenBy(defaults), Profiles = profiles });
    }

    private static AsteriskSettings ReadAsterisk(StrictSection asterisk)
    {
        var render = asterisk.Section("Render");
        var settings = asterisk.Read(new AsteriskSettings
        {
            Nodes = ReadNodes(asterisk.Sections("Nodes")),
            Render = render.Read(new RenderSettings()),
        });
        RenderRules.Check(render, settings.Render);
        return settings;
    }

    private static List<NodeSettings> ReadNodes(List<StrictSection> sections)
    {
        var nodes = new List<NodeSettings>();
        foreach (var section in sections)
        {
            var node = section.Read(new NodeSettings { Name = $"node{nodes.Count + 1}" });
            if (nodes.Any(other => other.Name == node.Name))
            {
                section.Problem("Name",
                    $"\"{node.Name}\" is also the name of another node: registrations are stored by node name, so each node needs its own");
            }
            if (node.Secret.Length == 0)
                section.Problem("Secret", "is missing: it is the secret of this user in Asterisk's manager.conf");
            nodes.Add(node);
        }
        return nodes;
    }

    private static SyncSettings ReadSync(StrictSection sync) =>
        sync.Read(new SyncSettings { MaxRemoval = sync.Section("MaxRemoval").Read(new RemovalLimitSettings()) });

    private static MetricsSettings ReadMetrics(StrictSection metrics)
    {
        var settings = metrics.Read(new MetricsSettings());
        // HttpListener would end the process with an exception.
        if (settings.Host is not "*" && Uri.CheckHostName(settings.Host) is UriHostNameType.Unknown)
            metrics.Problem("Host", "must be a name or an address of this machine, or * for all");
        return settings;
    }
}
