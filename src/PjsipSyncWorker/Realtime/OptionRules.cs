using static PjsipSyncWorker.Realtime.ValueRules;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Checks one value as Asterisk does when it loads the row. Asterisk drops the whole endpoint for one option that it does not understand,
/// so that such a value must be refused before it is written.
/// </summary>
/// <param name="value">The value as a person wrote it.</param>
/// <param name="accepted">The value as Asterisk takes it; undefined when it is refused.</param>
/// <param name="problem">What would be right; empty when the value is accepted. Never repeats the value of a secret.</param>
/// <returns>Whether Asterisk takes the value.</returns>
internal delegate bool OptionRule(string value, out string accepted, out string problem);

/// <summary>
/// The options whose column takes values that Asterisk 22 refuses, each with its rule. Source: the handlers in
/// res/res_pjsip/pjsip_configuration.c, config_auth.c, location.c, and a sweep of nonsense through every column (OptionSweepTests).
/// </summary>
internal static class OptionRules
{
    private static readonly string[] CodecOperations = ["intersect", "union", "only_preferred", "only_nonpreferred"];

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
        [(RealtimeTable.Endpoint, "cos_audio")] = WholeNumber(0, 7),
        [(RealtimeTable.Endpoint, "cos_video")] = WholeNumber(0, 7),
        // The words of ast_parse_caller_presentation (main/callerid.c). Some labels of the column's type are other words.
        [(RealtimeTable.Endpoint, "callerid_privacy")] = OneOf(
            "allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen", "allowed",
            "prohib_not_screened", "prohib_passed_screen", "prohib_failed_screen", "prohib", "unavailable"),
        [(RealtimeTable.Endpoint, "from_user")] = UserPart,
        [(RealtimeTable.Endpoint, "dtls_verify")] = OneOf("yes", "no", "fingerprint", "certificate"),
        [(RealtimeTable.Endpoint, "dtls_rekey")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "dtls_cert_file")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_private_key")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_ca_file")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "dtls_ca_path")] = AbsolutePath,
        [(RealtimeTable.Endpoint, "follow_redirect_methods")] = ListOf("message"),
        [(RealtimeTable.Endpoint, "codec_prefs_incoming_offer")] = CodecPreferences(["intersect", "only_preferred", "only_nonpreferred"]),
        [(RealtimeTable.Endpoint, "codec_prefs_outgoing_offer")] = CodecPreferences(CodecOperations),
        [(RealtimeTable.Endpoint, "codec_prefs_incoming_answer")] = CodecPreferences(CodecOperations),
        [(RealtimeTable.Endpoint, "codec_prefs_outgoing_answer")] = CodecPreferences(CodecOperations),
        [(RealtimeTable.Endpoint, "timers_min_se")] = WholeNumber(90, int.MaxValue),
        [(RealtimeTable.Endpoint, "timers_sess_expires")] = WholeNumber(90, int.MaxValue),
        [(RealtimeTable.Endpoint, "device_state_busy_at")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "t38_udptl_maxdatagram")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "sub_min_expiry")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_keepalive")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_timeout")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_timeout_hold")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "fax_detect_timeout")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "max_audio_streams")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "max_video_streams")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Endpoint, "rtp_port_start")] = WholeNumber(0, 65535),
        [(RealtimeTable.Endpoint, "rtp_port_end")] = WholeNumber(0, 65535),
        [(RealtimeTable.Endpoint, "outbound_proxy")] = SipUri,
        [(RealtimeTable.Endpoint, "from_domain")] = Host,
        [(RealtimeTable.Endpoint, "media_address")] = Host,
        [(RealtimeTable.Endpoint, "external_media_address")] = Host,
        [(RealtimeTable.Aor, "outbound_proxy")] = SipUri,
        // google_oauth is a label of the column, and needs a pjproject with OAuth.
        [(RealtimeTable.Auth, "auth_type")] = OneOf("userpass", "md5", "digest"),
        [(RealtimeTable.Auth, "nonce_lifetime")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Auth, "md5_cred")] = Md5Credential,
        [(RealtimeTable.Auth, "password_digest")] = PasswordDigests,
        [(RealtimeTable.Auth, "supported_algorithms_uas")] = ListOf("MD5", "SHA-256", "SHA-512-256"),
        [(RealtimeTable.Auth, "supported_algorithms_uac")] = ListOf("MD5", "SHA-256", "SHA-512-256"),
        [(RealtimeTable.Aor, "contact")] = ContactUris,
        [(RealtimeTable.Aor, "qualify_frequency")] = WholeNumber(0, 86400),
        [(RealtimeTable.Aor, "default_expiration")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Aor, "minimum_expiration")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Aor, "maximum_expiration")] = WholeNumber(0, int.MaxValue),
        [(RealtimeTable.Aor, "max_contacts")] = WholeNumber(0, int.MaxValue),
    };

    /// <summary>Returns whether an option may be given several times. Its value then has one line for each.</summary>
    public static bool MayRepeat(string column) => column == "set_var";

    /// <summary>Returns the rule of an option; null when Asterisk takes every value that the column takes.</summary>
    /// <param name="codecs">Codecs that some Asterisk here knows in addition to those of <see cref="CodecNames"/>.</param>
    public static OptionRule? For(RealtimeTable table, string column, IReadOnlyList<string> codecs) =>
        table == RealtimeTable.Endpoint && column is ("allow" or "disallow") ? Codecs(codecs) : Rules.GetValueOrDefault((table, column));

    /// <summary>Returns the algorithms of an accepted <c>password_digest</c>, in its order.</summary>
    public static IEnumerable<string> AlgorithmsOf(string passwordDigest) =>
        Items(passwordDigest).Select(item => item[..item.IndexOf(':', StringComparison.Ordinal)]);
}
