using System.Buffers;
using System.Globalization;
using System.Net;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>
/// The parts of a contact's URI that say where a phone is (RFC 3261, 19.1), as AMI gives it in ContactStatus (<c>URI</c>) and ContactList
/// (<c>Uri</c>). With <c>rewrite_contact=yes</c> the host is the address Asterisk saw.
/// </summary>
/// <param name="Host">Host as written, an IPv6 address without brackets and scope id.</param>
/// <param name="Address">The host as an address, IPv4 where it is mapped into IPv6; null when the host is a name.</param>
/// <param name="Port">The port, 1 to 65535; where none is written the transport's default (5060, TLS 5061, WebSocket 80 and 443).</param>
/// <param name="Transport">The transport in lower case; where none is written <c>udp</c>, or <c>tls</c> for sips.</param>
public readonly record struct ContactUri(string Host, IPAddress? Address, int Port, string Transport)
{
    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
    private static readonly SearchValues<char> Ipv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~");

    /// <summary>Reads a sip or sips URI, in angle brackets or not; false, never an exception, for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ContactUri uri)
    {
        uri = default;
        if (!TryUnwrap(text.Trim(), out var rest) || !TryTakeScheme(ref rest, out var secure))
        {
            return false;
        }

        // In a URI every other '@' is escaped; a user may hold ';' and '?', so it goes first.
        rest = rest[(rest.IndexOf('@') + 1)..];
        var end = rest.IndexOfAny(';', '?');
        var hostPort = end < 0 ? rest : rest[..end];
        if (!TrySplitHostPort(hostPort, out var host, out var address, out var port))
        {
            return false;
        }

        var transport = TransportOf(end < 0 ? default : rest[end..]) ?? (secure ? "tls" : "udp");
        uri = new ContactUri(host, address, port ?? DefaultPort(transport, secure), transport);
        return true;
    }

    private static bool TryUnwrap(ReadOnlySpan<char> text, out ReadOnlySpan<char> inner)
    {
        inner = text;
        if (text is not ['<', ..])
        {
            return true;
        }

        var end = text.IndexOf('>');
        inner = end < 0 ? default : text[1..end];
        return end >= 0;
    }

    private static bool TryTakeScheme(ref ReadOnlySpan<char> rest, out bool secure)
    {
        secure = rest.StartsWith("sips:", StringComparison.OrdinalIgnoreCase);
        if (!secure && !rest.StartsWith("sip:", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        rest = rest[(secure ? 5 : 4)..];
        return true;
    }

    private static bool TrySplitHostPort(ReadOnlySpan<char> text, out string host, out IPAddress? address, out int? port)
    {
        (host, address, port) = ("", null, null);
        var bracketed = text is ['[', ..];
        var hostEnd = bracketed ? text.IndexOf(']') : text.IndexOf(':');
        if (bracketed && hostEnd < 0)
        {
            return false;
        }

        var name = bracketed ? text[1..hostEnd] : hostEnd < 0 ? text : text[..hostEnd];
        var rest = bracketed ? text[(hostEnd + 1)..] : hostEnd < 0 ? default : text[hostEnd..];
        return (bracketed ? TryIpv6(name, out host, out address) : TryNameOrIpv4(name, out host, out address)) && TryPort(rest, out port);
    }

    private static bool TryIpv6(ReadOnlySpan<char> text, out string host, out IPAddress? address)
    {
        var scope = text.IndexOf('%');
        var bare = scope < 0 ? text : text[..scope];
        (host, address) = ("", null);
        if (bare.ContainsAnyExcept(Ipv6Characters) || !bare.Contains(':') || !IPAddress.TryParse(bare, out address))
        {
            return false;
        }

        host = bare.ToString();
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return true;
    }

    private static bool TryNameOrIpv4(ReadOnlySpan<char> text, out string host, out IPAddress? address)
    {
        (host, address) = ("", null);
        if (text.IsEmpty || text[0] is '.' or '-' || text.ContainsAnyExcept(HostCharacters))
        {
            return false;
        }

        address = Ipv4(text);
        // A name's last label starts with a letter, so what ends in a number and is no address is neither (RFC 3261, toplabel).
        var last = text[(text.LastIndexOf('.') + 1)..];
        if (address is null && last.Length > 0 && char.IsAsciiDigit(last[0]))
        {
            return false;
        }

        host = text.ToString();
        return true;
    }

    /// <summary>
    /// Four decimal numbers. IPAddress.Parse would also take <c>1</c>, <c>0x7f.1</c>, and <c>010</c> as octal, which SIP does not know.
    /// </summary>
    private static IPAddress? Ipv4(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = 0;
        foreach (var part in text.Split('.'))
        {
            if (count == 4 || text[part].Length is 0 or > 3
                || !byte.TryParse(text[part], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[count]))
            {
                return null;
            }

            count++;
        }

        return count == 4 ? new IPAddress(bytes) : null;
    }

    private static bool TryPort(ReadOnlySpan<char> text, out int? port)
    {
        port = null;
        if (text.IsEmpty)
        {
            return true;
        }

        if (text[0] != ':' || text.Length > 6
            || !ushort.TryParse(text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            return false;
        }

        port = number;
        return true;
    }

    private static string? TransportOf(ReadOnlySpan<char> parameters)
    {
        var headers = parameters.IndexOf('?');
        parameters = headers < 0 ? parameters : parameters[..headers];
        foreach (var range in parameters.Split(';'))
        {
            var parameter = parameters[range];
            if (parameter.StartsWith("transport=", StringComparison.OrdinalIgnoreCase))
            {
                var value = parameter["transport=".Length..];
                return value.IsEmpty || value.ContainsAnyExcept(TokenCharacters) ? null : value.ToString().ToLowerInvariant();
            }
        }

        return null;
    }

    private static int DefaultPort(string transport, bool secure) => transport switch
    {
        "ws" => 80,
        "wss" => 443,
        "tls" => 5061,
        _ => secure ? 5061 : 5060,
    };
}
