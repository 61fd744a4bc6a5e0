using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.IntegrationTests.Import;

/// <summary>Phones in a pjsip.conf that have every option of the ps_* tables, each phone another value of it.</summary>
internal static class OptionPhones
{
    public const int Count = 4;

    /// <summary>Options that exclude others, need a file, or are compared by other phones.</summary>
    private static readonly string[] Excluded =
    [
        "id", "auth", "aors", "allow", "disallow", "outbound_auth", "auth_type", "username", "password", "contact", "max_contacts",
        "webrtc", "dtls_auto_generate_cert", "preferred_codec_only", "stir_shaken", "md5_cred", "password_digest", "transport",
        "supported_algorithms_uas", "supported_algorithms_uac", "media_encryption",
    ];

    /// <summary>A value for options that take no text at will. An option without one is left out.</summary>
    private static readonly Dictionary<string, string> Values = new(StringComparer.Ordinal)
    {
        ["context"] = "some", ["language"] = "en", ["accountcode"] = "acc", ["tone_zone"] = "de", ["named_call_group"] = "alpha",
        ["named_pickup_group"] = "beta", ["call_group"] = "1-3", ["pickup_group"] = "2", ["from_user"] = "me",
        ["from_domain"] = "example.org",
        ["mwi_from_user"] = "vm", ["moh_suggest"] = "jazz", ["sdp_owner"] = "owner", ["sdp_session"] = "session", ["tos_audio"] = "ef",
        ["tos_video"] = "af41", ["subscribe_context"] = "hints", ["message_context"] = "texts", ["voicemail_extension"] = "*97",
        ["rtp_engine"] = "asterisk", ["callerid_tag"] = "tag", ["record_on_feature"] = "rec", ["record_off_feature"] = "unrec",
        ["contact_user"] = "user", ["incoming_mwi_mailbox"] = "9@x", ["overlap_context"] = "over",
        ["identify_by"] = "auth_username,username",
        ["outbound_proxy"] = "sip:127.0.0.1:5999\\;lr", ["callerid"] = "\"Some; body\" <+49 (30) 12-3>", ["mailboxes"] = "1@a,2@b",
        ["set_var"] = "A=1", ["media_address"] = "127.0.0.1", ["realm"] = "realm", ["timers_min_se"] = "120", ["cos_audio"] = "3",
        ["timers_sess_expires"] = "900", ["cos_video"] = "4", ["device_state_busy_at"] = "2", ["qualify_timeout"] = "2.5",
        ["dtls_setup"] = "actpass", ["nonce_lifetime"] = "40", ["geoloc_incoming_call_profile"] = "<discard_config>",
    };

    /// <summary>Returns the name of one of the phones, from 0.</summary>
    public static string Name(int index) => $"option{index}";

    /// <summary>Returns the sections of all phones, for the columns that the tables of a database have.</summary>
    public static async Task<string> TextAsync(TestDatabase database)
    {
        var columns = (await database.RowsAsync("""
            select c.relname, a.attname, t.typtype = 'e', typname in ('int4', 'int8'),
                   coalesce((select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid), '')
            from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped join pg_type t on t.oid = atttypid
            where c.relnamespace = 'public'::regnamespace and c.relname in ('ps_endpoints', 'ps_auths', 'ps_aors') order by 1, 2
            """)).Select(row => row.Split('|')).Where(row => !Excluded.Contains(row[1])).ToList();
        Assert.True(columns.Count > 100);
        var text = new StringBuilder();
        for (var i = 0; i < Count; i++)
        {
            foreach (var (table, section, first) in new[]
            {
                ("ps_endpoints", "endpoint", $"allow=alaw\nauth={Name(i)}\naors={Name(i)}"),
                ("ps_auths", "auth", $"username={Name(i)}\npassword=x"), ("ps_aors", "aor", "max_contacts=1"),
            })
            {
                text.Append(CultureInfo.InvariantCulture, $"\n[{Name(i)}]\ntype={section}\n{first}\n");
                foreach (var column in columns.Where(column => column[0] == table))
                {
                    if (Value(column[1], column[2] == "True", column[3] == "True", column[4].Split(','), i) is { } value)
                        text.Append(CultureInfo.InvariantCulture, $"{column[1]}={value}\n");
                }
            }
        }
        return text.ToString();
    }

    /// <summary>Returns the value that a phone has of an option; null when it does not give the option.</summary>
    private static string? Value(string name, bool isLabel, bool isNumber, string[] labels, int phone)
    {
        if (isLabel)
        {
            // Of the words for yes and no two are enough. Asterisk takes allowed_passed_screen; its tables have ..._screened.
            var words = labels.Contains("yes") && labels.Contains("off") ? ["yes", "no"]
                : labels.Where(label => !label.Contains("ed_screened", StringComparison.Ordinal)).ToArray();
            return words[phone % words.Length];
        }
        // Every other phone leaves the rest to Asterisk.
        if (phone % 2 == 0)
            return null;
        return Values.TryGetValue(name, out var value) ? value
            : isNumber && !name.StartsWith("rtp_port", StringComparison.Ordinal) ? "7" : null;
    }
}
