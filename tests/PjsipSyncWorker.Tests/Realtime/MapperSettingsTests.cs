using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;
using static PjsipSyncWorker.Tests.Realtime.MapperRig;

namespace PjsipSyncWorker.Tests.Realtime;

/// <summary>Options from the column settings, from a profile and from the defaults.</summary>
public sealed class MapperSettingsTests
{
    [Fact]
    public void A_list_of_variables_is_several_variables() => Assert.Equal("TENANT=acme;CDR(accountcode)=7,8",
        Map(new Extension("1", "1001", true, "x",
            Settings: """{"endpoint":{"set_var":["TENANT=acme","CDR(accountcode)=7,8"]}}"""))["ps_endpoints.set_var"]);

    [Theory]
    [InlineData("""{"endpoint":{"webrtc":true,"rtp_timeout":"30"},"aor":{"qualify_timeout":3.0}}""",
        "webrtc=yes rtp_timeout=30 qualify_timeout=3")]
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
    [InlineData("""{"endpoint":{"dtls_auto_generate_cert":true,"dtls_cert_file":"/a.pem"}}""",
        "only one of dtls_auto_generate_cert and dtls_cert_file")]
    [InlineData("""{"endpoint":{"preferred_codec_only":true,"incoming_call_offer_pref":"remote"}}""",
        "only one of preferred_codec_only and incoming_call_offer_pref")]
    [InlineData("""{"auth":{"md5_cred":"0123456789abcdef0123456789abcdef","supported_algorithms_uas":"SHA-256"}}""",
        "asks for SHA-256, and password_digest has none")]
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
        var mapper = new Mapper(RealtimeSchemas.Asterisk(without: "remove_unavailable"), ReadRealtime());

        Assert.True(mapper.TryMap(new Extension("1", "1001", true, "x"), out _, out _));
        Assert.Contains(mapper.LeftOut, missing => missing.StartsWith("Realtime:Defaults:Aor:remove_unavailable",
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_default_with_a_wrong_value_is_an_error_at_start()
    {
        var error = Assert.Throws<SettingsException>(
            () => new Mapper(Asterisk22, ReadRealtime("Realtime:Defaults:Endpoint:webrtc=perhaps")));
        Assert.Contains("Realtime:Defaults:Endpoint:webrtc must be one of", error.Message, StringComparison.Ordinal);

        error = Assert.Throws<SettingsException>(() => new Mapper(Asterisk22, ReadRealtime("Realtime:Defaults:Codecs=PCMA,PCMU")));
        Assert.Contains("holds PCMA, which Asterisk calls alaw", error.Message, StringComparison.Ordinal);
    }
}
