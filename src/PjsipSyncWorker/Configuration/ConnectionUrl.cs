using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Reads the URL of a database, as libpq, frameworks and hosting providers write it (<c>DATABASE_URL</c>):
/// <c>postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?sslmode=require</c>. Npgsql itself reads only <c>Host=…;Database=…</c>.
/// </summary>
/// <remarks>
/// No message has a part of the URL except a scheme or the name of a parameter, because any other part may hold the password.
/// </remarks>
internal static partial class ConnectionUrl
{
    private static readonly string[] Schemes = ["postgres", "postgresql", "pgsql"];

    /// <summary>
    /// Parameters of other clients that mean nothing here. <c>schema</c> (Prisma) is the schema of the application's own models, and the
    /// worker names each table with its schema. The worker always uses the primary of several hosts.
    /// </summary>
    private static readonly string[] Ignored =
    [
        "schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "target_session_attrs",
        "client_encoding", "charset", "encoding", "pool", "conn_max_age", "serverVersion", "fallback_application_name",
    ];

    private static readonly Dictionary<string, Action<NpgsqlConnectionStringBuilder, string>> Parameters = new(StringComparer.Ordinal)
    {
        ["host"] = (connection, value) => connection.Host = value,
        ["port"] = (connection, value) => connection.Port = Port(value),
        ["dbname"] = (connection, value) => connection.Database = value,
        ["user"] = (connection, value) => connection.Username = value,
        ["password"] = (connection, value) => connection.Password = value,
        ["passfile"] = (connection, value) => connection.Passfile = value,
        ["application_name"] = (connection, value) => connection.ApplicationName = value,
        ["connect_timeout"] = (connection, value) => connection.Timeout = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture),
        ["options"] = (connection, value) => connection.Options = value,
        ["sslmode"] = (connection, value) => connection.SslMode = Mode(value),
        ["sslrootcert"] = (connection, value) => connection.RootCertificate = value,
        ["sslcert"] = (connection, value) => connection.SslCertificate = value,
        ["sslkey"] = (connection, value) => connection.SslKey = value,
        ["sslpassword"] = (connection, value) => connection.SslPassword = value,
    };

    /// <summary>Returns whether a text is meant as a URL: it begins with a scheme and <c>://</c>.</summary>
    public static bool IsUrl(string text) => SchemePattern().IsMatch(text);

    /// <summary>Returns the connection string that means the same.</summary>
    /// <exception cref="FormatException">The URL cannot be read; the message says why, and follows the name of the setting.</exception>
    public static string ToConnectionString(string url)
    {
        var scheme = url[..url.IndexOf("://", StringComparison.Ordinal)];
        if (!Schemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))
            throw new FormatException($"is a URL of {scheme}://: the worker needs PostgreSQL, as postgres://USER:PASSWORD@HOST/DATABASE");
        var rest = url[(scheme.Length + 3)..];
        var query = "";
        var end = rest.IndexOfAny(['/', '?']);
        var (authority, path) = end < 0 ? (rest, "") : (rest[..end], rest[end..]);
        if (path.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0)
            (path, query) = (path[..mark], path[(mark + 1)..]);
        if (path.Contains('@', StringComparison.Ordinal) || (query.Contains('@', StringComparison.Ordinal) && !authority.Contains('@')))
        {
            throw new FormatException("is a URL whose user or password has a character that must be percent-encoded: "
                + "/ is %2F, ? is %3F, @ is %40, : is %3A and % is %25");
        }
        var connection = new NpgsqlConnectionStringBuilder();
        SetAuthority(connection, authority);
        if (path.Length > 1)
            connection.Database = Decode(path[1..]);
        SetParameters(connection, query);
        // As libpq does: without a host, the socket of this machine.
        if (string.IsNullOrEmpty(connection.Host))
            connection.Host = "/run/postgresql";
        return connection.ConnectionString;
    }

    private static void SetAuthority(NpgsqlConnectionStringBuilder connection, string authority)
    {
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            var user = authority[..at].Split(':', 2);
            if (user[0].Length > 0)
                connection.Username = Decode(user[0]);
            if (user.Length == 2)
                connection.Password = Decode(user[1]);
        }
        var hosts = authority[(at + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (hosts.Length == 1)
        {
            var (host, port) = SplitHost(hosts[0]);
            connection.Host = Decode(host.Trim('[', ']'));
            if (port.Length > 0)
                connection.Port = Port(port);
        }
        else if (hosts.Length > 1)
        {
            foreach (var (_, port) in hosts.Select(SplitHost))
                _ = port.Length == 0 ? 0 : Port(port);
            connection.Host = string.Join(',', hosts);
        }
    }

    private static (string Host, string Port) SplitHost(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon < 0 || text.EndsWith(']') ? (text, "") : (text[..colon], text[(colon + 1)..]);
    }

    private static void SetParameters(NpgsqlConnectionStringBuilder connection, string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var (name, value) = (Decode(parts[0]), parts.Length == 2 ? Decode(parts[1]) : "");
            if (Ignored.Contains(name, StringComparer.Ordinal))
                continue;
            if (!Parameters.TryGetValue(name, out var set))
            {
                throw new FormatException($"is a URL with the parameter {(PlainPattern().IsMatch(name) ? name : "(unreadable)")}, "
                    + $"which is not known; the parameters are: {string.Join(", ", Parameters.Keys)}");
            }
            try
            {
                set(connection, value);
            }
            catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
            {
                throw new FormatException(name == "sslmode"
                    ? "is a URL with a wrong sslmode: it must be disable, allow, prefer, require, verify-ca or verify-full"
                    : $"is a URL with a value of {name} that cannot be used");
            }
        }
    }

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? port
            : throw new FormatException("is a URL with a wrong port: it must be a number from 1 to 65535, after the host and a colon");

    private static SslMode Mode(string text) => text switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" or "no-verify" => SslMode.Require, // no-verify: node-postgres
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw new FormatException(),
    };

    private static string Decode(string text) => BadPercentPattern().IsMatch(text)
        ? throw new FormatException("is a URL with a % that is not followed by two hexadecimal digits: a % itself is written %25")
        : Uri.UnescapeDataString(text);

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]*://")]
    private static partial Regex SchemePattern();

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})")]
    private static partial Regex BadPercentPattern();

    [GeneratedRegex(@"^[A-Za-z_]{1,30}\z")]
    private static partial Regex PlainPattern();
}
