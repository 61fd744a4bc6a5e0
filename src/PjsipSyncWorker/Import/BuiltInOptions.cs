using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>
/// What Asterisk does with an option that nobody gives: res/res_pjsip/pjsip_configuration.c and location.c of Asterisk 22. Only options
/// whose default is the same in every release since 13 are here.
/// </summary>
internal static class BuiltInOptions
{
    private static readonly Dictionary<(RealtimeTable, string), string> Defaults = Parse(
        (RealtimeTable.Endpoint, """
            context=default dtmf_mode=rfc4733 rtp_ipv6=no rtp_symmetric=no ice_support=no use_ptime=no force_rport=yes rewrite_contact=no
            moh_suggest=default 100rel=yes timers=yes timers_min_se=90 timers_sess_expires=1800 bind_rtp_to_media_address=no
            direct_media=yes direct_media_method=invite connected_line_method=invite direct_media_glare_mitigation=none
            disable_direct_media_on_nat=no callerid_privacy=allowed_not_screened trust_id_inbound=no trust_id_outbound=no send_pai=no
            send_rpid=no rpid_immediate=no send_diversion=yes aggregate_mwi=yes mwi_subscribe_replaces_unsolicited=no
            media_encryption=no use_avpf=no force_avp=no media_use_received_transport=no rtp_keepalive=0 rtp_timeout=0 rtp_timeout_hold=0
            one_touch_recording=no inband_progress=no device_state_busy_at=0 t38_udptl=no t38_udptl_ec=none t38_udptl_maxdatagram=0
            fax_detect=no fax_detect_timeout=0 t38_udptl_nat=no t38_udptl_ipv6=no record_on_feature=automixmon
            record_off_feature=automixmon allow_transfer=yes user_eq_phone=no moh_passthrough=no sdp_owner=- sdp_session=Asterisk
            tos_audio=0 tos_video=0 cos_audio=0 cos_video=0 allow_subscribe=yes sub_min_expiry=0 rtp_engine=asterisk dtls_verify=no
            dtls_rekey=0 srtp_tag_32=no media_encryption_optimistic=no g726_non_standard=no redirect_method=user
            preferred_codec_only=no asymmetric_rtp_codec=no rtcp_mux=no allow_overlap=yes refer_blind_progress=yes
            notify_early_inuse_ringing=no max_audio_streams=1 max_video_streams=1 bundle=no webrtc=no follow_early_media_fork=yes
            accept_multiple_sdp_answers=no suppress_q850_reason_headers=no ignore_183_without_sdp=no trust_connected_line=yes
            send_connected_line=yes dtls_auto_generate_cert=no
            """),
        (RealtimeTable.Aor, """
            minimum_expiration=60 maximum_expiration=7200 default_expiration=3600 qualify_frequency=0 qualify_timeout=3
            qualify_2xx_only=no authenticate_qualify=no max_contacts=0 remove_existing=no remove_unavailable=no support_path=no
            """));

    /// <summary>
    /// Returns what counts for an option: its value, or Asterisk's own when there is none. Yes is always <c>yes</c>. Null when there is no
    /// value and Asterisk's own is not known.
    /// </summary>
    /// <param name="value">As the database gives it back; null or empty when the option is not given.</param>
    public static string? InForce(RealtimeColumn column, string? value)
    {
        if (string.IsNullOrEmpty(value))
            return Defaults.GetValueOrDefault((column.Table, column.Name));
        if (column.Kind is not (ColumnKind.Label or ColumnKind.Boolean))
            return value;
        return value switch { "true" or "on" or "1" => "yes", "false" or "off" or "0" => "no", _ => value };
    }

    private static Dictionary<(RealtimeTable, string), string> Parse(params (RealtimeTable Table, string Text)[] tables) =>
        tables.SelectMany(table => table.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)).Select(pair => ((table.Table, pair[0]), pair[1])))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
}
