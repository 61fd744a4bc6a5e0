using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>The rules of <see cref="OptionRules"/>: what Asterisk takes as a value of a certain kind. All are pure.</summary>
internal static class ValueRules
{
    /// <summary>Returns the items of a list with commas between, without blanks and empty items.</summary>
    public static string[] Items(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Takes whole numbers from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static OptionRule WholeNumber(int least, int most) => (string value, out string accepted, out string problem) =>
    {
        accepted = value.Trim();
        problem = "";
        return long.TryParse(accepted, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most
            || Refuse(
                most == int.MaxValue ? $"must be a whole number, {least} or more" : $"must be a whole number from {least} to {most}",
                out problem);
    };

    /// <summary>Takes one of the words, in lower or upper case.</summary>
    public static OptionRule OneOf(params string[] words) => (string value, out string accepted, out string problem) =>
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return words.Contains(accepted, StringComparer.Ordinal) || Refuse($"must be one of {string.Join(", ", words)}", out problem);
    };

    /// <summary>Takes a list of some of the words, and corrects their case.</summary>
    public static OptionRule ListOf(params string[] words) => (string value, out string accepted, out string problem) =>
    {
        problem = "";
        var items = Items(value)
            .Select(item => words.FirstOrDefault(word => word.Equals(item, StringComparison.OrdinalIgnoreCase))).ToArray();
        accepted = string.Join(',', items);
        return items.Length > 0 && items.All(item => item is not null)
            || Refuse(words.Length == 1 ? $"must be {words[0]}" : $"must be a list of {string.Join(", ", words)}", out problem);
    };

    /// <summary>Takes a list of codecs.</summary>
    public static OptionRule Codecs(IReadOnlyList<string> others) => (string value, out string accepted, out string problem) =>
    {
        problem = "";
        var items = Items(value.Replace('|', ','));
        accepted = string.Join(',', items);
        foreach (var item in items)
        {
            if (CodecNames.Problem(item, others) is { } bad)
                return Refuse(bad, out problem);
        }
        return accepted.Length > 0 || Refuse("must be a list of codecs such as ulaw,alaw, or all", out problem);
    };

    /// <summary>
    /// Takes a list of networks, with <c>!</c> before an exception. An address without a mask gets the one of a single host, because
    /// Asterisk demands a mask.
    /// </summary>
    public static bool Addresses(string value, out string accepted, out string problem)
    {
        problem = "";
        var networks = new List<string>();
        foreach (var item in Items(value))
        {
            var except = item.StartsWith('!') ? "!" : "";
            if (Network(item[except.Length..]) is not { } network)
            {
                accepted = value;
                return Refuse(
                    "must be a list of addresses with their masks, such as 192.0.2.0/24 or 192.0.2.7/255.255.255.255", out problem);
            }
            networks.Add(except + network);
        }
        accepted = string.Join(',', networks);
        return networks.Count > 0 || Refuse("must hold an address with its mask, such as 192.0.2.0/24", out problem);
    }

    private static string? Network(string text)
    {
        var (address, mask) = text.Split('/') switch
        {
            [var alone] => (alone, null),
            [var first, var second] => (first, second),
            _ => ("", null),
        };
        // IPAddress.TryParse also accepts 1 and 0x7f000001. A person means four numbers.
        if (!IPAddress.TryParse(address, out var ip) || ip.AddressFamily == AddressFamily.InterNetwork && address.Split('.').Length != 4)
            return null;
        var bits = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (mask is null)
            return $"{ip}/{bits}";
        if (int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            return length <= bits ? $"{ip}/{length}" : null;
        return bits == 32 && mask.Split('.').Length == 4 && IPAddress.TryParse(mask, out var dotted) ? $"{ip}/{dotted}" : null;
    }

    /// <summary>Takes variables, NAME=VALUE, one a line.</summary>
    public static bool Variables(string value, out string accepted, out string problem)
    {
        problem = "";
        accepted = value;
        var variables = value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var variable in variables)
        {
            if (variable.IndexOf('=', StringComparison.Ordinal) <= 0)
                return Refuse("must be NAME=VALUE, or a list of such texts", out problem);
        }
        accepted = string.Join('\n', variables);
        return variables.Length > 0 || Refuse("must be NAME=VALUE, or a list of such texts", out problem);
    }

    /// <summary>Takes a name of a DSCP class, or a number.</summary>
    public static bool TypeOfService(string value, out string accepted, out string problem)
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return byte.TryParse(accepted, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || accepted is "ef" or "cs0" or "cs1" or "cs2" or "cs3" or "cs4" or "cs5" or "cs6" or "cs7"
            || accepted is ['a', 'f', >= '1' and <= '4', >= '1' and <= '3']
            || Refuse("must be ef, cs0 to cs7, af11 to af43, or a number from 0 to 255", out problem);
    }

    /// <summary>Takes the user part of a SIP URI.</summary>
    public static bool UserPart(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.All(c => char.IsAsciiLetterOrDigit(c) || "-._~%!$&'()*+,;=:".Contains(c, StringComparison.Ordinal))
            || Refuse("must be the user part of a SIP URI: letters, digits and -._~%!$&'()*+,;=:", out problem);
    }

    /// <summary>Takes an absolute path. Whether the file exists is not checked, because Asterisk may run on another machine.</summary>
    public static bool AbsolutePath(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.StartsWith('/')
            || Refuse("must be the full path of a file on the server of Asterisk, such as /etc/asterisk/keys/asterisk.pem", out problem);
    }

    /// <summary>Takes a list of preferences, each given once.</summary>
    public static OptionRule CodecPreferences(string[] operations) => (string value, out string accepted, out string problem) =>
    {
        problem = "";
        var parts = new List<string>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in Items(value.ToLowerInvariant()))
        {
            var (name, setting) = item.Split(':', StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : ("", "");
            string[] allowed = name switch
            {
                "prefer" => ["pending", "configured"],
                "operation" => operations,
                "keep" => ["all", "first"],
                "transcode" => ["allow", "prevent"],
                _ => [],
            };
            if (!allowed.Contains(setting, StringComparer.Ordinal) || !given.Add(name))
            {
                parts.Clear();
                break;
            }
            parts.Add($"{name}: {setting}");
        }
        accepted = string.Join(", ", parts);
        return parts.Count > 0
            || Refuse(
                "must be such as prefer: pending, operation: intersect, keep: all, transcode: allow; "
                + $"operation is one of {string.Join(", ", operations)}", out problem);
    };

    /// <summary>Takes an MD5 digest.</summary>
    public static bool Md5Credential(string value, out string accepted, out string problem)
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return IsHex(accepted, 32) || Refuse("must be the 32 hexadecimal digits of md5(number:realm:password)", out problem);
    }

    /// <summary>Takes a list of digests with their algorithms.</summary>
    public static bool PasswordDigests(string value, out string accepted, out string problem)
    {
        problem = "";
        var digests = new List<string>();
        foreach (var item in Items(value))
        {
            var (algorithm, digest) = item.Split(':', StringSplitOptions.TrimEntries) is [var left, var right]
                ? (left.ToUpperInvariant(), right.ToLowerInvariant())
                : ("", "");
            if (!IsHex(digest, algorithm switch { "MD5" => 32, "SHA-256" or "SHA-512-256" => 64, _ => -1 }))
            {
                digests.Clear();
                break;
            }
            digests.Add($"{algorithm}:{digest}");
        }
        accepted = string.Join(',', digests);
        return digests.Count > 0
            || Refuse(
                "must be ALGORITHM:DIGEST, of MD5 with 32 hexadecimal digits, SHA-256 or SHA-512-256 with 64, with commas between",
                out problem);
    }

    private static bool IsHex(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigit);

    /// <summary>Takes a list of SIP URIs.</summary>
    public static bool ContactUris(string value, out string accepted, out string problem)
    {
        problem = "";
        accepted = string.Join(',', Items(value));
        return accepted.Length > 0 && Items(value).All(IsSipUri)
            || Refuse("must be a SIP URI such as sip:192.0.2.7:5060, or several with commas between", out problem);
    }

    /// <summary>Takes one SIP URI.</summary>
    public static bool SipUri(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return IsSipUri(accepted) || Refuse("must be a SIP URI such as sip:192.0.2.7:5060;lr", out problem);
    }

    /// <summary>Takes an address or a host name.</summary>
    public static bool Host(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.Length > 0 && accepted.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']')
            || Refuse("must be an address or the name of a host", out problem);
    }

    private static bool IsSipUri(string text)
    {
        var rest = text.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? text[4..]
            : text.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) ? text[5..]
            : "";
        var user = rest.LastIndexOf('@');
        var end = rest.IndexOfAny([';', '?'], user + 1);
        var host = rest[(user + 1)..(end < 0 ? rest.Length : end)];
        // pjproject takes no host of more than 255 characters and no URI of more than 512.
        return host.Length is > 0 and <= 255 && text.Length <= 512
            && text.All(c => c is > ' ' and < '\x7f' and not ('<' or '>' or '"'))
            && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']');
    }
}
