using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Translates an extension of FreePBX: what its module core writes into <c>pjsip.endpoint.conf</c>, <c>pjsip.auth.conf</c> and
/// <c>pjsip.aor.conf</c> (FreePBX 16, functions.inc/drivers/PJSip.class.php), or into <c>sip_additional.conf</c>.
/// </summary>
internal static class FreePbxPhone
{
    /// <summary>The keywords that become an option of the endpoint, with the option.</summary>
    private static readonly (string Keyword, string Option)[] EndpointOptions =
    [
        ("context", "context"), ("media_address", "media_address"), ("direct_media", "direct_media"), ("vmexten", "voicemail_extension"),
        ("accountcode", "accountcode"), ("transport", "transport"), ("aggregate_mwi", "aggregate_mwi"),
        ("namedcallgroup", "named_call_group"), ("namedpickupgroup", "named_pickup_group"), ("avpf", "use_avpf"), ("rtcp_mux", "rtcp_mux"),
        ("max_audio_streams", "max_audio_streams"), ("max_video_streams", "max_video_streams"), ("webrtc", "webrtc"), ("bundle", "bundle"),
        ("icesupport", "ice_support"), ("media_use_received_transport", "media_use_received_transport"), ("trustrpid", "trust_id_inbound"),
        ("user_eq_phone", "user_eq_phone"), ("send_connected_line", "send_connected_line"), ("media_encryption", "media_encryption"),
        ("timers", "timers"), ("timers_min_se", "timers_min_se"), ("outbound_proxy", "outbound_proxy"),
        ("media_encryption_optimistic", "media_encryption_optimistic"), ("refer_blind_progress", "refer_blind_progress"),
        ("rtp_timeout", "rtp_timeout"), ("rtp_timeout_hold", "rtp_timeout_hold"), ("rtp_keepalive", "rtp_keepalive"),
        ("message_context", "message_context"), ("rtp_symmetric", "rtp_symmetric"), ("rewrite_contact", "rewrite_contact"),
        ("force_rport", "force_rport"), ("device_state_busy_at", "device_state_busy_at"), ("dtls_verify", "dtls_verify"),
        ("dtls_setup", "dtls_setup"), ("dtls_rekey", "dtls_rekey"), ("dtls_cert_file", "dtls_cert_file"),
        ("dtls_private_key", "dtls_private_key"),
    ];

    /// <summary>What FreePBX writes for each endpoint, whatever the extension says.</summary>
    private static readonly ConfEntry[] Always =
        [new("tos_audio", "ef"), new("tos_video", "af41"), new("cos_audio", "5"), new("cos_video", "4")];

    /// <summary>What FreePBX writes when the extension does not say it.</summary>
    private static readonly ConfEntry[] Otherwise = [new("rtp_symmetric", "yes"), new("rewrite_contact", "no"), new("force_rport", "yes")];

    /// <summary>Adds the objects of an extension.</summary>
    /// <param name="number">The extension.</param>
    /// <param name="tech"><c>pjsip</c> or <c>sip</c>.</param>
    /// <param name="keywords">What FreePBX keeps of it: the rows of its table <c>sip</c>.</param>
    /// <param name="name">Its name for people; null for none.</param>
    /// <param name="mailbox">Its mailbox, such as <c>1001@default</c>; null for none.</param>
    /// <param name="isFixed">Whether the device belongs to the user of the same number, so that its caller id is the user's name.</param>
    public static void Add(
        PjsipInventory inventory, string number, string tech, IReadOnlyDictionary<string, string> keywords, string? name, string? mailbox,
        bool isFixed)
    {
        var caller = isFixed && !string.IsNullOrEmpty(name) && keywords.GetValueOrDefault("force_callerid") != "yes"
            ? $"{name} <{number}>" : keywords.GetValueOrDefault("callerid");
        var values = new Dictionary<string, string>(keywords, StringComparer.OrdinalIgnoreCase)
        {
            ["callerid"] = caller ?? "", ["mailbox"] = mailbox ?? "",
        };
        if (!string.IsNullOrEmpty(name))
            inventory.DisplayNames[number] = name;
        if (tech == "sip")
        {
            var entries = values.Where(pair => pair.Value.Length > 0 && pair.Key is not ("allow" or "disallow")
                    && SipOptions.IsKnown(SipPeer.NameOf(pair.Key)))
                .Select(pair => new ConfEntry(pair.Key, pair.Value)).ToList();
            entries.AddRange(Codecs(values));
            SipTranslation.Add(new SipPeer(number, entries, [], $"extension {number}"), inventory);
            return;
        }
        var user = values.GetValueOrDefault("username") is { Length: > 0 } given ? given : number;
        inventory.Add(Object("auth", $"{number}-auth", Auth(user, values)));
        inventory.Add(Object("aor", number, Aor(values)));
        inventory.Add(Object("endpoint", number, Endpoint(number, values)));
        if (values.GetValueOrDefault("match") is { Length: > 0 } match)
            inventory.Add(Object("identify", $"{number}-identify", [new("endpoint", number), new("match", match)]));

        PjsipObject Object(string type, string id, List<ConfEntry> options) => new(id, type, options, $"extension {number}");
    }

    private static List<ConfEntry> Endpoint(string number, Dictionary<string, string> values)
    {
        var options = new List<ConfEntry> { new("auth", $"{number}-auth"), new("aors", number) };
        options.AddRange(Always);
        options.AddRange(Otherwise);
        foreach (var (keyword, option) in EndpointOptions)
        {
            // FreePBX writes what PHP does not take for empty.
            if (values.GetValueOrDefault(keyword) is { Length: > 0 } value and not "0")
                options.Add(new(option, value));
        }
        options.AddRange(Codecs(values));
        options.Add(new("dtmf_mode", values.GetValueOrDefault("dtmfmode") switch
        {
            "rfc2833" or "rfc4733" => "rfc4733",
            "inband" or "info" or "auto_info" => values["dtmfmode"],
            _ => "auto",
        }));
        if (values["callerid"].Length > 0)
            options.Add(new("callerid", values["callerid"]));
        var isAuto = values.GetValueOrDefault("mwi_subscription") is null or "" or "auto";
        if (values["mailbox"].Length > 0 && (isAuto || values["mwi_subscription"] == "unsolicited"))
            options.Add(new("mailboxes", values["mailbox"]));
        if (values["mailbox"].Length > 0 && isAuto)
            options.Add(new("mwi_subscribe_replaces_unsolicited", "yes"));
        if (values.GetValueOrDefault("sendrpid") is "yes" or "both")
            options.Add(new("send_rpid", "yes"));
        if (values.GetValueOrDefault("sendrpid") is "pai" or "both")
            options.Add(new("send_pai", "yes"));
        if (values.GetValueOrDefault("outbound_auth") == "yes")
            options.Add(new("outbound_auth", $"{number}-auth"));
        return options;
    }

    private static List<ConfEntry> Auth(string user, Dictionary<string, string> values) =>
        values.GetValueOrDefault("md5_cred") is { Length: > 0 } digest
            ? [new("auth_type", "md5"), new("md5_cred", digest), new("username", user)]
            : [new("auth_type", "userpass"), new("password", values.GetValueOrDefault("secret") ?? ""), new("username", user)];

    private static List<ConfEntry> Aor(Dictionary<string, string> values)
    {
        var most = int.TryParse(values.GetValueOrDefault("max_contacts"), out var given) ? Math.Clamp(given, 1, 100) : 1;
        var options = new List<ConfEntry>
        {
            new("max_contacts", $"{most}"),
            new("remove_existing", most == 1 || values.GetValueOrDefault("remove_existing") == "yes" ? "yes" : "no"),
        };
        foreach (var (keyword, option) in new[]
        {
            ("maximum_expiration", "maximum_expiration"), ("minimum_expiration", "minimum_expiration"),
            ("qualifyfreq", "qualify_frequency"),
        })
        {
            if (values.GetValueOrDefault(keyword) is { Length: > 0 } value)
                options.Add(new(option, value));
        }
        if (values["mailbox"].Length > 0 && values.GetValueOrDefault("mwi_subscription") is null or "" or "auto" or "solicited")
            options.Add(new("mailboxes", values["mailbox"]));
        return options;
    }

    /// <summary>Returns the codecs: FreePBX joins them by &amp;.</summary>
    private static IEnumerable<ConfEntry> Codecs(Dictionary<string, string> values)
    {
        foreach (var name in new[] { "disallow", "allow" })
        {
            if (values.GetValueOrDefault(name) is { Length: > 0 } list)
                yield return new ConfEntry(name, list.Replace('&', ','));
        }
    }
}
