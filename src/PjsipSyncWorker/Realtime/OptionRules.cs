using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Checks one value as Asterisk will when it loads the row. Asterisk drops the whole endpoint for one option that it does not
/// understand, so what it refuses is refused here, before it is written.
/// </summary>
/// <param name="value">As a person wrote it.</param>
/// <param name="accepted">The same as Asterisk takes it.</param>
/// <param name="problem">With false: what would be right; it never repeats the value of a secret.</param>
internal delegate bool OptionRule(string value, out string accepted, out string problem);

/// <summary>
/// What Asterisk 22 demands of the options whose column takes more than Asterisk does. Source: the handlers in
/// res/res_pjsip/pjsip_configuration.c, config_auth.c, location.c, and a sweep of nonsense through every column (OptionSweepTests).
/// </summary>
internal static class OptionRules
{
    private static readonly Dictionary<(RealtimeTable, string), OptionRule> Rules = new()
    {
        [(RealtimeTable.Endpoint, "permit")] = Addresses,
        [(RealtimeTable.Endpoint, "deny")] = Addresses,
        [(RealtimeTable.Endpoint, "contact_permit")] = Addresses,
        [(RealtimeTable.Endpoint, "contact_deny")] = Addresses,
        [(RealtimeTable.Endpoint, "identify_by")] = ListOf("username", "auth_username", "ip", "header", "request_uri"),
        [(RealtimeTable.Endpoint, "set_var")] = Variables,
        [(RealtimeTable.Endpoint, "tos_audio")] = TypeOfService,
        [(RealtimeTable.Endpoint, "tos_video")] = TypeOfService,
        [(RealtimeTable.Endpoint, "cos_audio")] = Range(0, 7),
        [(RealtimeTable.Endpoint, "cos_video")] = Range(0, 7),
        [(RealtimeTable.Endpoint, "from_user")] = UserPart,
        [(RealtimeTable.Endpoint, "dtls_verify")] = OneOf("yes", "no", "fingerprint", "certificate"),
        [(RealtimeTable.Endpoint, "dtls_rekey")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "dtls_cert_file")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_private_key")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_ca_file")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_ca_path")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "follow_redirect_methods")] = ListOf("message"),
        [(RealtimeTable.Endpoint, "codec_prefs_incoming_offer")] = CodecPreferences(["intersect", "only_preferred", "only_nonpreferred"]),
        [(RealtimeTable.Endpoint, "codec_prefs_outgoing_offer")] = CodecPreferences(["intersect", "union", "only_preferred", "only_nonpreferred"]),
        [(RealtimeTable.Endpoint, "codec_prefs_incoming_answer")] = CodecPreferences(["intersect", "union", "only_preferred", "only_nonpreferred"]),
        [(RealtimeTable.Endpoint, "codec_prefs_outgoing_answer")] = CodecPreferences(["intersect", "union", "only_preferred", "only_nonpreferred"]),
        [(RealtimeTable.Endpoint, "timers_min_se")] = Range(90, int.MaxValue),
        [(RealtimeTable.Endpoint, "timers_sess_expires")] = Range(90, int.MaxValue),
        [(RealtimeTable.Endpoint, "device_state_busy_at")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "t38_udptl_maxdatagram")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "sub_min_expiry")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_keepalive")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_timeout")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_timeout_hold")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "fax_detect_timeout")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "max_audio_streams")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "max_video_streams")] = Range(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_port_start")] = Range(0, 65535),
        [(RealtimeTable.Endpoint, "rtp_port_end")] = Range(0, 65535),
        [(RealtimeTable.Endpoint, "outbound_proxy")] = SipUri,
        [(RealtimeTable.Endpoint, "from_domain")] = Host,
        [(RealtimeTable.Endpoint, "media_address")] = Host,
        [(RealtimeTable.Endpoint, "external_media_address")] = Host,
        [(RealtimeTable.Aor, "outbound_proxy")] = SipUri,
        [(RealtimeTable.Auth, "nonce_lifetime")] = Range(0, int.MaxValue),
        [(RealtimeTable.Auth, "md5_cred")] = Md5Credential,
        [(RealtimeTable.Auth, "password_digest")] = PasswordDigests,
        [(RealtimeTable.Auth, "supported_algorithms_uas")] = ListOf("MD5", "SHA-256", "SHA-512-256"),
        [(RealtimeTable.Auth, "supported_algorithms_uac")] = ListOf("MD5", "SHA-256", "SHA-512-256"),
        [(RealtimeTable.Aor, "contact")] = ContactUris,
        [(RealtimeTable.Aor, "qualify_frequency")] = Range(0, 86400),
        [(RealtimeTable.Aor, "default_expiration")] = Range(0, int.MaxValue),
        [(RealtimeTable.Aor, "minimum_expiration")] = Range(0, int.MaxValue),
        [(RealtimeTable.Aor, "maximum_expiration")] = Range(0, int.MaxValue),
        [(RealtimeTable.Aor, "max_contacts")] = Range(0, int.MaxValue),
    };

    /// <summary>Whether an option may stand more than once in Asterisk; its values come as one a line.</summary>
    public static bool MayRepeat(string column) => column == "set_var";

    /// <summary>The rule of one option; null: Asterisk takes all that the column does.</summary>
    /// <param name="codecs">Names of codecs that some Asterisk here knows beside those of <see cref="CodecNames"/>.</param>
    public static OptionRule? For(RealtimeTable table, string column, IReadOnlyList<string> codecs) =>
        table == RealtimeTable.Endpoint && column is ("allow" or "disallow") ? Codecs(codecs) : Rules.GetValueOrDefault((table, column));

    /// <summary>The algorithms that stand in a password_digest which <see cref="PasswordDigests"/> accepted, in its order.</summary>
    public static IEnumerable<string> AlgorithmsOf(string passwordDigest) =>
        Items(passwordDigest).Select(item => item[..item.IndexOf(':', StringComparison.Ordinal)]);

    private static string[] Items(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static OptionRule Range(int least, int most) => (string value, out string accepted, out string problem) =>
    {
        accepted = value.Trim();
        problem = "";
        return long.TryParse(accepted, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            || Refuse(most == int.MaxValue ? $"must be a whole number, {least} or more" : $"must be a whole number from {least} to {most}", out problem);
    };

    private static OptionRule OneOf(params string[] words) => (string value, out string accepted, out string problem) =>
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return words.Contains(accepted, StringComparer.Ordinal) || Refuse($"must be one of {string.Join(", ", words)}", out problem);
    };

    /// <summary>Some of the words, with commas between; their case is put right.</summary>
    private static OptionRule ListOf(params string[] words) => (string value, out string accepted, out string problem) =>
    {
        problem = "";
        var items = Items(value).Select(item => words.FirstOrDefault(word => word.Equals(item, StringComparison.OrdinalIgnoreCase))).ToArray();
        accepted = string.Join(',', items);
        return items.Length > 0 && items.All(item => item is not null)
            || Refuse(words.Length == 1 ? $"must be {words[0]}" : $"must be a list of {string.Join(", ", words)}", out problem);
    };

    private static OptionRule Codecs(IReadOnlyList<string> others) => (string value, out string accepted, out string problem) =>
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

    /// <summary>Networks with a mask, <c>!</c> before those that are excepted. Asterisk wants a mask; an address alone is itself.</summary>
    private static bool Addresses(string value, out string accepted, out string problem)
    {
        problem = "";
        var networks = new List<string>();
        foreach (var item in Items(value))
        {
            var except = item.StartsWith('!') ? "!" : "";
            if (Network(item[except.Length..]) is not { } network)
            {
                accepted = value;
                return Refuse("must be a list of addresses with their masks, such as 192.0.2.0/24 or 192.0.2.7/255.255.255.255", out problem);
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
        // IPAddress takes 1 and 0x7f000001 for addresses too; people mean four numbers.
        if (!IPAddress.TryParse(address, out var ip) || ip.AddressFamily == AddressFamily.InterNetwork && address.Split('.').Length != 4)
            return null;
        var bits = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (mask is null)
            return $"{ip}/{bits}";
        return int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length <= bits ? $"{ip}/{length}" : null
            : bits == 32 && mask.Split('.').Length == 4 && IPAddress.TryParse(mask, out var dotted) ? $"{ip}/{dotted}" : null;
    }

    /// <summary>One variable a line.</summary>
    private static bool Variables(string value, out string accepted, out string problem)
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

    private static bool TypeOfService(string value, out string accepted, out string problem)
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return byte.TryParse(accepted, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || accepted is "ef" or "cs0" or "cs1" or "cs2" or "cs3" or "cs4" or "cs5" or "cs6" or "cs7"
            || accepted is ['a', 'f', >= '1' and <= '4', >= '1' and <= '3']
            || Refuse("must be ef, cs0 to cs7, af11 to af43, or a number from 0 to 255", out problem);
    }

    private static bool UserPart(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.All(c => char.IsAsciiLetterOrDigit(c) || "-._~%!$&'()*+,;=:".Contains(c, StringComparison.Ordinal))
            || Refuse("must be the user part of a SIP URI: letters, digits and -._~%!$&'()*+,;=:", out problem);
    }

    /// <summary>Whether the file is there only the server knows; this machine may be another one.</summary>
    private static bool AbsolutePath(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.StartsWith('/') || Refuse("must be the full path of a file on the server of Asterisk, such as /etc/asterisk/keys/asterisk.pem", out problem);
    }

    private static OptionRule CodecPreferences(string[] operations) => (string value, out string accepted, out string problem) =>
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
                parts.Clear();
            else
                parts.Add($"{name}: {setting}");
            if (parts.Count == 0)
                break;
        }
        accepted = string.Join(", ", parts);
        return parts.Count > 0
            || Refuse($"must be such as prefer: pending, operation: intersect, keep: all, transcode: allow; operation is one of {string.Join(", ", operations)}", out problem);
    };

    private static bool Md5Credential(string value, out string accepted, out string problem)
    {
        accepted = value.Trim().ToLowerInvariant();
        problem = "";
        return IsHex(accepted, 32) || Refuse("must be the 32 hexadecimal digits of md5(number:realm:password)", out problem);
    }

    private static bool PasswordDigests(string value, out string accepted, out string problem)
    {
        problem = "";
        var digests = new List<string>();
        foreach (var item in Items(value))
        {
            var (algorithm, digest) = item.Split(':', StringSplitOptions.TrimEntries) is [var left, var right] ? (left.ToUpperInvariant(), right.ToLowerInvariant()) : ("", "");
            if (!IsHex(digest, algorithm switch { "MD5" => 32, "SHA-256" or "SHA-512-256" => 64, _ => -1 }))
            {
                digests.Clear();
                break;
            }
            digests.Add($"{algorithm}:{digest}");
        }
        accepted = string.Join(',', digests);
        return digests.Count > 0
            || Refuse("must be ALGORITHM:DIGEST, of MD5 with 32 hexadecimal digits, SHA-256 or SHA-512-256 with 64, with commas between", out problem);
    }

    private static bool IsHex(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigit);

    private static bool ContactUris(string value, out string accepted, out string problem)
    {
        problem = "";
        accepted = string.Join(',', Items(value));
        return accepted.Length > 0 && Items(value).All(IsSipUri)
            || Refuse("must be a SIP URI such as sip:192.0.2.7:5060, or several with commas between", out problem);
    }

    private static bool SipUri(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return IsSipUri(accepted) || Refuse("must be a SIP URI such as sip:192.0.2.7:5060;lr", out problem);
    }

    private static bool Host(string value, out string accepted, out string problem)
    {
        accepted = value.Trim();
        problem = "";
        return accepted.Length > 0 && accepted.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']')
            || Refuse("must be an address or the name of a host", out problem);
    }

    private static bool IsSipUri(string text)
    {
        var rest = text.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? text[4..] : text.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) ? text[5..] : "";
        var user = rest.LastIndexOf('@');
        var end = rest.IndexOfAny([';', '?'], user + 1);
        var host = rest[(user + 1)..(end < 0 ? rest.Length : end)];
        // pjproject takes no host of more than 255 characters and no URI of more than 512.
        return host.Length is > 0 and <= 255 && text.Length <= 512 && text.All(c => c is > ' ' and < '\x7f' and not ('<' or '>' or '"'))
            && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']');
    }
}
