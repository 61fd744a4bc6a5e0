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
    /// <summary>Reads the whole configuration.</summary>
    /// <exception cref="SettingsException">There are problems; it has all of them, one line each.</exception>
    public static WorkerSettings Read(IConfiguration configuration) => Read(configuration, new SettingsReading(configuration));

    /// <summary>Reads the whole configuration, and tells what is in force.</summary>
    /// <exception cref="SettingsException">There are problems; it has all of them, one line each.</exception>
    internal static WorkerSettings Read(IConfiguration configuration, SettingsReading reading)
    {
        var root = new StrictSection(configuration, "", reading);
        var settings = new WorkerSettings
        {
            ConnectionString = ReadConnection(root.Section("ConnectionStrings")),
            Source = ReadSource(root.Section("Source")),
            Realtime = ReadRealtime(root.Section("Realtime"), reading),
            Asterisk = ReadAsterisk(root.Section("Asterisk")),
            Sync = ReadSync(root.Section("Sync")),
            Metrics = ReadMetrics(root.Section("Metrics")),
        };
        LoggingRules.Check(configuration, reading);
        UnknownSections.Check(configuration, reading);
        return reading.Problems.Count == 0 ? settings : throw new SettingsException(reading.Problems);
    }

    private static string ReadConnection(StrictSection connections)
    {
        var connectionString = connections.Read(new ConnectionSettings()).Postgres;
        try
        {
            if (ConnectionUrl.IsUrl(connectionString))
                return ConnectionUrl.ToConnectionString(connectionString);
            var host = new NpgsqlConnectionStringBuilder(connectionString).Host;
            if (string.IsNullOrWhiteSpace(host ?? Environment.GetEnvironmentVariable("PGHOST")))
                connections.Problem(
                    "Postgres", "is without a Host: name the server, or the folder of its socket, such as Host=/run/postgresql");
            else if (host is not null && (host.IndexOfAny([' ', '=', '?']) >= 0 || host.IndexOf('@', 1) > 0))
                connections.Problem("Postgres", "is wrong, since its Host is no host name: the keys are separated by semicolons, as in "
                    + new ConnectionSettings().Postgres);
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

    private static RealtimeSettings ReadRealtime(StrictSection realtime, SettingsReading reading)
    {
        var defaults = realtime.Section("Defaults").Read(new OptionSettings()).ToOptionSet();
        reading.RecordDefaults("Realtime:Defaults", OptionSet.SafeDefaults.Except(defaults));
        var profiles = new Dictionary<string, OptionSet>(OptionSet.BuiltInProfiles, StringComparer.Ordinal);
        foreach (var profile in realtime.Section("Profiles").Sections())
            profiles[profile.Name] = profile.Read(new OptionSettings()).ToOptionSet();
        foreach (var (name, options) in OptionSet.BuiltInProfiles.Where(profile => profiles[profile.Key] == profile.Value))
            reading.RecordDefaults($"Realtime:Profiles:{name}", options);
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
                section.MissingSecret("Secret", "is missing: it is the secret of this user in Asterisk's manager.conf");
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
