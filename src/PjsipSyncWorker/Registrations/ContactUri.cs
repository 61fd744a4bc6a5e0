using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.Registrations;

/// <summary>The address in a contact's URI: with <c>rewrite_contact=yes</c> its host is where Asterisk saw the phone.</summary>
/// <param name="Address">Null when the host is a name.</param>
/// <param name="Transport">Lower-case: udp, tcp, tls, ws, wss; udp when the URI does not say, tls for sips.</param>
public sealed record ContactUri(string Host, IPAddress? Address, int? Port, string Transport)
{
    /// <summary>Reads a SIP or SIPS URI (RFC 3261, 19.1.1), in angle brackets or not; never throws.</summary>
    public static bool TryParse(string? text, out ContactUri uri)
    {
        uri = null!;
        var rest = text.AsSpan().Trim();
        if (rest.Length > 2 && rest[0] == '<' && rest[^1] == '>')
            rest = rest[1..^1];
        var secure = rest.StartsWith("sips:", StringComparison.OrdinalIgnoreCase);
        if (!secure && !rest.StartsWith("sip:", StringComparison.OrdinalIgnoreCase))
            return false;
        rest = rest[(secure ? 5 : 4)..];
        // The user part may hold ; and ?, never an unescaped @.
        rest = rest[(rest.IndexOf('@') + 1)..];

        var hostEnd = rest.Length > 0 && rest[0] == '[' ? rest.IndexOf(']') + 1 : IndexOfAny(rest, ":;?>");
        if (hostEnd <= 0)
            return false;
        var host = rest[..hostEnd].ToString();
        rest = rest[hostEnd..];
        int? port = null;
        if (rest.Length > 0 && rest[0] == ':')
        {
            var end = IndexOfAny(rest[1..], ";?>") + 1;
            if (!ushort.TryParse(rest[1..end], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
                return false;
            port = number;
            rest = rest[end..];
        }
        if (rest.Length > 0 && rest[0] is not (';' or '?'))
            return false;
        var name = host.Trim('[', ']');
        if (name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            return false;
        uri = new ContactUri(name, Parse(name), port, Parameter(rest, "transport") ?? (secure ? "tls" : "udp"));
        return true;
    }

    private static IPAddress? Parse(string host)
    {
        var scope = host.IndexOf('%', StringComparison.Ordinal);
        if (!IPAddress.TryParse(scope < 0 ? host : host[..scope], out var address))
            return null;
        // "1001" alone is an address to .NET, not to SIP.
        if (address.AddressFamily == AddressFamily.InterNetwork && host.Count(c => c == '.') != 3)
            return null;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private static string? Parameter(ReadOnlySpan<char> rest, string name)
    {
        var headers = rest.IndexOf('?');
        foreach (var range in (headers < 0 ? rest : rest[..headers]).Split(';'))
        {
            var parameter = rest[range];
            var equals = parameter.IndexOf('=');
            if (equals > 0 && parameter[..equals].Equals(name, StringComparison.OrdinalIgnoreCase))
                return parameter[(equals + 1)..].ToString().ToLowerInvariant();
        }
        return null;
    }

    private static int IndexOfAny(ReadOnlySpan<char> text, string marks) => text.IndexOfAny(marks) is var index and >= 0 ? index : text.Length;
}
