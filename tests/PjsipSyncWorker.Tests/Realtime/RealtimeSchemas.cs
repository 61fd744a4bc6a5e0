using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Tests.Realtime;

internal static class RealtimeSchemas
{
    private static readonly string[] YesNo = ["0", "1", "off", "on", "false", "true", "no", "yes"];

    /// <summary>A few columns of each kind, as Asterisk's own scripts make them.</summary>
    public static RealtimeSchema Asterisk(params string[] without)
    {
        var columns = new List<RealtimeColumn>();
        Add(RealtimeTable.Endpoint, ColumnKind.Text, 40, "transport", "context", "callerid", "mailboxes", "accountcode");
        Add(RealtimeTable.Endpoint, ColumnKind.Text, 200, "aors", "auth", "disallow", "allow", "set_var", "dtls_cert_file");
        Add(RealtimeTable.Endpoint, ColumnKind.Label, null, "direct_media", "rewrite_contact", "force_rport", "rtp_symmetric", "webrtc",
            "dtls_auto_generate_cert", "preferred_codec_only", "mwi_subscribe_replaces_unsolicited");
        columns.Add(new RealtimeColumn(columns.Count, RealtimeTable.Endpoint, "incoming_call_offer_pref", "t", ColumnKind.Label,
            ["local", "local_first", "remote", "remote_first"], null));
        Add(RealtimeTable.Endpoint, ColumnKind.Whole, null, "rtp_timeout", "timers_min_se", "timers_sess_expires");
        Add(RealtimeTable.Auth, ColumnKind.Text, 40, "username", "md5_cred", "realm");
        Add(RealtimeTable.Auth, ColumnKind.Text, 80, "password");
        Add(RealtimeTable.Auth, ColumnKind.Text, 1024, "password_digest", "supported_algorithms_uas", "supported_algorithms_uac");
        columns.Add(new RealtimeColumn(columns.Count, RealtimeTable.Auth, "auth_type", "t", ColumnKind.Label, ["md5", "userpass"], null));
        Add(RealtimeTable.Aor, ColumnKind.Text, 255, "contact", "mailboxes");
        Add(RealtimeTable.Aor, ColumnKind.Whole, null, "max_contacts", "qualify_frequency");
        Add(RealtimeTable.Aor, ColumnKind.Label, null, "remove_existing", "remove_unavailable");
        Add(RealtimeTable.Aor, ColumnKind.Real, null, "qualify_timeout");
        return new RealtimeSchema("public", columns, 255, canExpireContacts: true);

        void Add(RealtimeTable table, ColumnKind kind, int? length, params string[] names)
        {
            foreach (var name in names.Except(without))
                columns.Add(new RealtimeColumn(columns.Count, table, name, "t", kind, kind == ColumnKind.Label ? YesNo : null, length));
        }
    }
}
