namespace PjsipSyncWorker.Import;

/// <summary>The options of chan_sip, and what PJSIP calls them.</summary>
internal static class SipOptions
{
    /// <summary>Options that have another name and the same values.</summary>
    public static readonly Dictionary<string, string> SameValue = new(StringComparer.Ordinal)
    {
        ["context"] = "context", ["language"] = "language", ["accountcode"] = "accountcode", ["callgroup"] = "call_group",
        ["pickupgroup"] = "pickup_group", ["namedcallgroup"] = "named_call_group", ["namedpickupgroup"] = "named_pickup_group",
        ["busylevel"] = "device_state_busy_at", ["fromuser"] = "from_user", ["fromdomain"] = "from_domain", ["mwifrom"] = "mwi_from_user",
        ["tos_audio"] = "tos_audio", ["tos_video"] = "tos_video", ["cos_audio"] = "cos_audio", ["cos_video"] = "cos_video",
        ["sdpowner"] = "sdp_owner", ["sdpsession"] = "sdp_session", ["tonezone"] = "tone_zone", ["subscribecontext"] = "subscribe_context",
        ["subminexpiry"] = "sub_min_expiry", ["rtp_engine"] = "rtp_engine", ["mohsuggest"] = "moh_suggest", ["cid_tag"] = "callerid_tag",
        ["session-minse"] = "timers_min_se", ["session-expires"] = "timers_sess_expires", ["rtptimeout"] = "rtp_timeout",
        ["rtpholdtimeout"] = "rtp_timeout_hold", ["rtpkeepalive"] = "rtp_keepalive", ["vmexten"] = "voicemail_extension",
        ["unsolicited_mailbox"] = "incoming_mwi_mailbox", ["callingpres"] = "callerid_privacy", ["recordonfeature"] = "record_on_feature",
        ["recordofffeature"] = "record_off_feature", ["messagecontext"] = "message_context", ["dtlsverify"] = "dtls_verify",
        ["dtlsrekey"] = "dtls_rekey", ["dtlscertfile"] = "dtls_cert_file", ["dtlsprivatekey"] = "dtls_private_key",
        ["dtlscipher"] = "dtls_cipher", ["dtlscafile"] = "dtls_ca_file", ["dtlscapath"] = "dtls_ca_path", ["dtlssetup"] = "dtls_setup",
        ["dtlsfingerprint"] = "dtls_fingerprint", ["acl"] = "acl", ["contactacl"] = "contact_acl",
    };

    /// <summary>Options that are yes or no and have another name.</summary>
    public static readonly Dictionary<string, string> YesOrNo = new(StringComparer.Ordinal)
    {
        ["icesupport"] = "ice_support", ["autoframing"] = "use_ptime", ["trustrpid"] = "trust_id_inbound",
        ["send_diversion"] = "send_diversion", ["avpf"] = "use_avpf", ["force_avp"] = "force_avp", ["allowtransfer"] = "allow_transfer",
        ["allowsubscribe"] = "allow_subscribe", ["allowoverlap"] = "allow_overlap", ["usereqphone"] = "user_eq_phone",
        ["g726nonstandard"] = "g726_non_standard", ["preferred_codec_only"] = "preferred_codec_only", ["rtcp_mux"] = "rtcp_mux",
        ["dtlsautogeneratecert"] = "dtls_auto_generate_cert",
    };

    /// <summary>Options that <see cref="SipTranslation"/> reads in another way, or that mean nothing for a phone of PJSIP.</summary>
    private static readonly HashSet<string> Understood =
    [
        "type", "host", "port", "secret", "md5secret", "remotesecret", "defaultuser", "name", "nat", "dtmfmode", "directmedia", "qualify",
        "qualifyfreq", "allow", "disallow", "callerid", "cid_name", "cid_number", "mailbox", "subscribemwi", "transport", "session-timers",
        "encryption", "encryption_taglen", "dtlsenable", "permit", "deny", "contactpermit", "contactdeny", "setvar", "musicclass",
        "progressinband", "sendrpid", "videosupport", "t38pt_udptl", "faxdetect", "maxexpiry", "minexpiry", "defaultexpiry", "supportpath",
        "insecure", "outboundproxy", "callcounter", "call-limit", "description", "hasvoicemail", "hassip", "hasiax", "hasexten", "regexten",
        "register", "registersip", "regserver", "ipaddr", "fullcontact", "lastms", "useragent", "sipdriver", "account", "parkinglot",
        "defaultip", "callbackextension", "auth", "rtpmap", "dial", "sip_settings", "directrtpsetup", "session-refresher",
    ];

    /// <summary>Codecs that chan_sip offers only with <c>videosupport</c>.</summary>
    public static readonly string[] VideoCodecs = ["h261", "h263", "h263p", "h264", "h265", "mpeg4", "vp8", "vp9"];

    /// <summary>Returns whether something becomes of an option, or nothing needs to.</summary>
    public static bool IsKnown(string name) => SameValue.ContainsKey(name) || YesOrNo.ContainsKey(name) || Understood.Contains(name);
}
