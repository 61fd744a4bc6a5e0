using CsCheck;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Tests.Realtime;

public sealed class MapperTests
{
    private readonly RealtimeSchema _realtimeSchema = RealtimeSchemas.Asterisk();

    [Theory]
    [InlineData("anonymous", "the endpoint to which Asterisk gives the calls of everybody it does not know")]
    [InlineData("h", "to which Asterisk sends calls of its own")]
    [InlineData("fax", "to which Asterisk sends calls of its own")]
    public void A_name_that_asterisk_uses_itself_is_no_number(string number, string reason)
    {
        Assert.False(new Mapper(_realtimeSchema, Realtime()).TryMap(new Extension("1", number, true, "secret"), out _, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_extension_becomes_three_rows()
    {
        var row = Map(new Extension("7", "1001", true, "secret", DisplayName: "Anna", VoicemailEnabled: "true", Codecs: "{opus,alaw}",
            MaxContacts: "3", Transport: "transport-tls"));

        Assert.Equal("1001", row["ps_endpoints.aors"]);
        Assert.Equal("1001", row["ps_endpoints.auth"]);
        Assert.Equal("internal", row["ps_endpoints.context"]);
        Assert.Equal("all", row["ps_endpoints.disallow"]);
        Assert.Equal("opus,alaw", row["ps_endpoints.allow"]);
        Assert.Equal("\"Anna\" <1001>", row["ps_endpoints.callerid"]);
        Assert.Equal("1001@default", row["ps_endpoints.mailboxes"]);
        Assert.Equal("transport-tls", row["ps_endpoints.transport"]);
        Assert.Equal("userpass", row["ps_auths.auth_type"]);
        Assert.Equal("1001", row["ps_auths.username"]);
        Assert.Equal("secret", row["ps_auths.password"]);
        Assert.Equal("3", row["ps_aors.max_contacts"]);
        Assert.Equal("yes", row["ps_aors.remove_existing"]);
    }

    [Theory]
    [InlineData("a;b^c", "a^3Bb^5Ec")]
    [InlineData("^3B", "^5E3B")]
    [InlineData("\"\\ '%$", "\"\\ '%$")]
    [InlineData(" two words ", "^20two words^20")]
    [InlineData("  ", "^20^20")]
    public void Text_is_encoded_for_realtime(string password, string stored) =>
        Assert.Equal(stored, Map(new Extension("1", "1001", true, password))["ps_auths.password"]);

    [Fact]
    public void Value_decoded_by_realtime_equals_the_written_one() => Gen.String[Gen.Char[' ', '~'], 0, 60].Sample(text =>
    {
        var stored = RealtimeEncoding.Encode(text);
        return !stored.Contains(';', StringComparison.Ordinal) && Decode(stored) == text;
    });

    [Theory]
    [InlineData("+4930123")]
    [InlineData("alice")]
    [InlineData("t1-1001")]
    [InlineData("*97")]
    [InlineData("o'brien(2)=x$?")]
    public void Such_a_number_is_fine(string number) =>
        Assert.Equal(number, Map(new Extension("1", number, true, "x"))["ps_auths.username"]);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("10 01", "a space")]
    [InlineData("a/b", "/")]
    [InlineData("a;b", ";")]
    [InlineData("a@b", "@")]
    [InlineData("a\nb", "a line break")]
    [InlineData("a\u0007", "a control character")]
    [InlineData("ümlaut", "outside ASCII")]
    [InlineData("a(b", "a ( without its )")]
    [InlineData("a)b(", "a ( without its )")]
    [InlineData("12345678901234567890123456789012345678901", "longer than the 40")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "longer than the 79 characters that Asterisk can dial")]
    public void Such_a_number_is_refused(string number, string because) =>
        Assert.Contains(because, Refused(new Extension("1", number, true, "x")), StringComparison.Ordinal);

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("$2y$10$abcdefghijklmnopqrstuuOWW.QcvFyMtjDcTGOyEC2dFf9kXx0aG", "hash")]
    [InlineData("$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$aGFzaA", "hash")]
    [InlineData("$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.", "hash")]
    [InlineData("two\nlines", "control character")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234567890123456789012", "80 characters")]
    public void Such_a_password_is_refused_and_not_repeated(string? password, string because)
    {
        var problem = Refused(new Extension("1", "1001", true, password));

        Assert.Contains(because, problem, StringComparison.Ordinal);
        if (password?.Length > 3)
            Assert.DoesNotContain(password, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$2y$short")]
    [InlineData("$1$abc")]
    [InlineData("{SHA}")]
    [InlineData("$6$")]
    public void A_password_that_only_begins_like_a_hash_is_fine(string password) =>
        Assert.Equal(password, Map(new Extension("1", "1001", true, password))["ps_auths.password"]);

    [Fact]
    public void A_hash_for_digest_stands_in_for_the_password()
    {
        var row = Map(new Extension("1", "1001", true, null, Settings: """{"auth":{"md5_cred":"0123456789abcdef0123456789abcdef","realm":"asterisk"}}"""));

        Assert.Equal("md5", row["ps_auths.auth_type"]);
        Assert.False(row.ContainsKey("ps_auths.password"));
    }

    [Fact]
    public void Only_the_algorithms_that_have_a_digest_are_offered()
    {
        var digest = new string('a', 64);
        var row = Map(new Extension("1", "1001", true, null, Settings: $$$"""{"auth":{"password_digest":"sha-256:{{{digest}}}"}}"""));

        Assert.Equal($"SHA-256:{digest}", row["ps_auths.password_digest"]);
        Assert.Equal("SHA-256", row["ps_auths.supported_algorithms_uas"]);
        Assert.Equal("SHA-256", row["ps_auths.supported_algorithms_uac"]);
    }

    [Fact]
    public void A_list_of_variables_is_several_variables() => Assert.Equal("TENANT=acme;CDR(accountcode)=7,8",
        Map(new Extension("1", "1001", true, "x", Settings: """{"endpoint":{"set_var":["TENANT=acme","CDR(accountcode)=7,8"]}}"""))["ps_endpoints.set_var"]);

    [Fact]
    public void No_phone_registers_at_a_door_station_that_has_a_fixed_address() => Assert.Equal("0",
        Map(new Extension("1", "1001", true, "x", Settings: """{"aor":{"max_contacts":0,"contact":"sip:192.0.2.7"}}"""))["ps_aors.max_contacts"]);

    [Fact]
    public void Quotes_and_backslashes_of_a_name_are_escaped() =>
        Assert.Equal("""
            "A \"b\" \\ c" <99>
            """, Map(new Extension("1", "1001", true, "x", CallerIdName: "A \"b\" \\ c", CallerIdNumber: "99"))["ps_endpoints.callerid"]);

    [Theory]
    [InlineData("t1-1001", null, "<t1-1001>", "CALLERID(num)=t1-1001")]
    [InlineData("acme.1001", null, "<acme.1001>", "CALLERID(num)=acme.1001")]
    [InlineData("10-01", null, "<10-01>", "CALLERID(num)=10-01")]
    [InlineData("1001", "+49 (30) 1234-0", "<+493012340>", null)]
    [InlineData("1001", "t1-1002", "<t1-1002>", "CALLERID(num)=t1-1002")]
    [InlineData("t1-1001", "1001", "<1001>", null)]
    [InlineData("a_b~c", null, "<a_b~c>", null)]
    public void The_number_that_is_called_back_is_written_as_it_arrives(string number, string? callerIdNumber, string callerId,
        string? variable)
    {
        var row = Map(new Extension("1", number, true, "x", CallerIdNumber: callerIdNumber));

        Assert.Equal(callerId, row["ps_endpoints.callerid"]);
        Assert.Equal(variable, row.GetValueOrDefault("ps_endpoints.set_var"));
    }

    [Theory]
    [InlineData("""{"aor":{"mailboxes":"1001@default"}}""", "yes")]
    [InlineData("""{"aor":{"mailboxes":"77@office,1001@default"},"endpoint":{"mwi_subscribe_replaces_unsolicited":true}}""", "yes")]
    [InlineData("""{"aor":{"mailboxes":"77@office"}}""", null)]
    [InlineData("{}", null)]
    public void Subscription_to_the_own_mailbox_replaces_unsolicited_messages(string settings, string? replaces) => Assert.Equal(replaces,
        Map(new Extension("1", "1001", true, "x", VoicemailEnabled: "true", Settings: settings))
            .GetValueOrDefault("ps_endpoints.mwi_subscribe_replaces_unsolicited"));

    [Fact]
    public void A_subscription_that_would_end_with_500_is_refused() =>
        Assert.Contains("settings.endpoint.mwi_subscribe_replaces_unsolicited must be yes",
        Refused(new Extension("1", "1001", true, "x", VoicemailEnabled: "true",
            Settings: """{"aor":{"mailboxes":"1001@default"},"endpoint":{"mwi_subscribe_replaces_unsolicited":"no"}}""")), StringComparison.Ordinal);

    [Fact]
    public void Variables_of_its_own_stand_beside_the_number_that_is_called_back()
    {
        Assert.Equal("CALLERID(num)=t1-1001;A=1;B=2",
            Map(new Extension("1", "t1-1001", true, "x", Settings: """{"endpoint":{"set_var":["A=1","B=2"]}}"""))["ps_endpoints.set_var"]);
        Assert.Equal("CALLERID(all)=me",
            Map(new Extension("1", "t1-1001", true, "x", Settings: """{"endpoint":{"set_var":"CALLERID(all)=me"}}"""))["ps_endpoints.set_var"]);
    }

    [Fact]
    public void A_name_is_cut_where_asterisk_cuts_it_and_between_two_characters()
    {
        Assert.Equal(new string('n', 79), CallerId.Cut(new string('n', 80)));
        Assert.Equal(new string('ö', 39), CallerId.Cut(new string('ö', 40)));
    }

    [Theory]
    [InlineData("""{"endpoint":{"webrtc":true,"rtp_timeout":"30"},"aor":{"qualify_timeout":3.0}}""", "webrtc=yes rtp_timeout=30 qualify_timeout=3")]
    [InlineData("""{"endpoint":{"direct_media":null}}""", "direct_media=NULL")]
    [InlineData("""{"endpoint":[],"aor":null}""", "")]
    public void Settings_set_any_other_option(string settings, string expected)
    {
        var row = Map(new Extension("1", "1001", true, "x", Settings: settings));

        foreach (var pair in expected.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = (pair[..pair.IndexOf('=', StringComparison.Ordinal)],
                pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            Assert.Equal(value, row.FirstOrDefault(column => column.Key.EndsWith($".{name}", StringComparison.Ordinal)).Value ?? "NULL");
        }
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[1]", "must be an object")]
    [InlineData("""{"endpint":{}}""", "settings.endpint is not known")]
    [InlineData("""{"endpoint":{"nosuch":1}}""", "no such column")]
    [InlineData("""{"endpoint":{"webrtc":"maybe"}}""", "must be one of")]
    [InlineData("""{"endpoint":{"rtp_timeout":"soon"}}""", "whole number")]
    [InlineData("""{"endpoint":{"context":{"a":1}}}""", "must be a text")]
    [InlineData("""{"auth":{"password":"sesame"}}""", "comes from the column password")]
    [InlineData("""{"aor":{"max_contacts":0}}""", "max_contacts is 0, so that no phone can register")]
    [InlineData("""{"endpoint":{"timers_min_se":1900}}""", "must not be less than timers_min_se")]
    [InlineData("""{"endpoint":{"timers_min_se":120,"timers_sess_expires":100}}""", "must not be less than timers_min_se")]
    [InlineData("""{"endpoint":{"dtls_auto_generate_cert":true,"dtls_cert_file":"/a.pem"}}""", "only one of dtls_auto_generate_cert and dtls_cert_file")]
    [InlineData("""{"endpoint":{"preferred_codec_only":true,"incoming_call_offer_pref":"remote"}}""", "only one of preferred_codec_only and incoming_call_offer_pref")]
    [InlineData("""{"auth":{"md5_cred":"0123456789abcdef0123456789abcdef","supported_algorithms_uas":"SHA-256"}}""", "asks for SHA-256, and password_digest has none")]
    public void Wrong_settings_are_refused_with_a_reason(string settings, string because)
    {
        var problem = Refused(new Extension("1", "1001", true, "x", Settings: settings));

        Assert.Contains(because, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_stands_between_the_defaults_and_the_row()
    {
        var row = Map(new Extension("1", "1001", true, "x", Profile: "webrtc", Context: "sales"));

        Assert.Equal("yes", row["ps_endpoints.webrtc"]);
        Assert.Equal("opus,ulaw,alaw", row["ps_endpoints.allow"]);
        Assert.Equal("sales", row["ps_endpoints.context"]);
        Assert.Contains("profile is not one of deskphone, webrtc", Refused(new Extension("1", "1001", true, "x", Profile: "nosuch")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_that_this_database_has_no_column_for_is_left_out_and_said()
    {
        var mapper = new Mapper(RealtimeSchemas.Asterisk(without: "remove_unavailable"), Realtime());

        Assert.True(mapper.TryMap(new Extension("1", "1001", true, "x"), out _, out _));
        Assert.Contains(mapper.LeftOut, missing => missing.StartsWith("Realtime:Defaults:Aor:remove_unavailable",
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_default_with_a_wrong_value_is_an_error_at_start()
    {
        var error = Assert.Throws<SettingsException>(() => new Mapper(_realtimeSchema, Realtime("Realtime:Defaults:Endpoint:webrtc=perhaps")));
        Assert.Contains("Realtime:Defaults:Endpoint:webrtc must be one of", error.Message, StringComparison.Ordinal);

        error = Assert.Throws<SettingsException>(() => new Mapper(_realtimeSchema, Realtime("Realtime:Defaults:Codecs=PCMA,PCMU")));
        Assert.Contains("holds PCMA, which Asterisk calls alaw", error.Message, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Map(Extension extension)
    {
        Assert.True(new Mapper(_realtimeSchema, Realtime()).TryMap(extension, out var mapped, out var problem), problem);
        var values = new string?[_realtimeSchema.Columns.Count];
        mapped.CopyTo(values);
        return _realtimeSchema.Columns.Where(column => values[column.Index] is not null)
            .ToDictionary(column => column.Display, column => values[column.Index]!);
    }

    private string Refused(Extension extension)
    {
        Assert.False(new Mapper(_realtimeSchema, Realtime()).TryMap(extension, out _, out var problem));
        return problem;
    }

    private static RealtimeSettings Realtime(params string[] settings) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string,
            string?>(setting[..setting.IndexOf('=', StringComparison.Ordinal)],
            setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..])))
        .Build()).Realtime;

    private static string Decode(string stored)
    {
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < stored.Length; i++)
        {
            if (stored[i] == '^')
            {
                text.Append((char)Convert.ToInt32(stored.Substring(i + 1, 2), 16));
                i += 2;
            }
            else
                text.Append(stored[i]);
        }
        return text.ToString();
    }
}
