using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Tests.Realtime;

/// <summary>Options of the ps_* tables whose column takes more than Asterisk does. The values were tried with Asterisk 22.</summary>
public sealed class OptionRulesTests
{
    [Theory]
    [InlineData("ps_endpoints.allow", "alaw,nosuch", "holds nosuch, which Asterisk does not know")]
    [InlineData("ps_endpoints.allow", "PCMA,PCMU", "holds PCMA, which Asterisk calls alaw")]
    [InlineData("ps_endpoints.allow", "ulaw,pcmu", "holds pcmu, which Asterisk calls ulaw")]
    [InlineData("ps_endpoints.allow", "G711", "which Asterisk calls alaw or ulaw")]
    [InlineData("ps_endpoints.allow", "ALAW", "which Asterisk calls alaw")]
    [InlineData("ps_endpoints.allow", "g729:soon", "packet length")]
    [InlineData("ps_endpoints.allow", ",", "list of codecs")]
    [InlineData("ps_endpoints.disallow", "everything", "does not know")]
    [InlineData("ps_endpoints.permit", "nonsense", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.permit", "192.0.2.0/33", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.deny", "300.1.2.3/24", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.deny", "1", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.contact_permit", "192.0.2.0/24,zz", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.contact_deny", "!", "such as 192.0.2.0/24")]
    [InlineData("ps_endpoints.set_var", "NOEQUALS", "must be NAME=VALUE")]
    [InlineData("ps_endpoints.set_var", "=x", "must be NAME=VALUE")]
    [InlineData("ps_endpoints.set_var", "A=1\nB", "must be NAME=VALUE")]
    [InlineData("ps_endpoints.identify_by", "nonsense", "username, auth_username, ip, header, request_uri")]
    [InlineData("ps_endpoints.tos_audio", "zz", "ef, cs0 to cs7")]
    [InlineData("ps_endpoints.tos_video", "256", "0 to 255")]
    [InlineData("ps_endpoints.tos_video", "af44", "af11 to af43")]
    [InlineData("ps_endpoints.cos_audio", "8", "from 0 to 7")]
    [InlineData("ps_endpoints.from_user", "a b", "user part")]
    [InlineData("ps_endpoints.dtls_verify", "perhaps", "fingerprint")]
    [InlineData("ps_endpoints.dtls_rekey", "soon", "whole number, 0 or more")]
    [InlineData("ps_endpoints.dtls_cert_file", "asterisk.pem", "full path")]
    [InlineData("ps_endpoints.follow_redirect_methods", "invite", "must be message")]
    [InlineData("ps_endpoints.codec_prefs_incoming_offer", "prefer: pending, operation: union", "operation is one of intersect")]
    [InlineData("ps_endpoints.codec_prefs_outgoing_offer", "a b", "prefer: pending")]
    [InlineData("ps_endpoints.timers_min_se", "89", "90 or more")]
    [InlineData("ps_endpoints.rtp_timeout", "-1", "0 or more")]
    [InlineData("ps_auths.md5_cred", "zz", "32 hexadecimal")]
    [InlineData("ps_auths.password_digest", "SHA-256:abc", "SHA-256 or SHA-512-256 with 64")]
    [InlineData("ps_auths.supported_algorithms_uas", "SHA-1", "MD5, SHA-256, SHA-512-256")]
    [InlineData("ps_aors.contact", "door station", "SIP URI")]
    [InlineData("ps_aors.contact", "192.0.2.7", "SIP URI")]
    [InlineData("ps_aors.contact", "sip:", "SIP URI")]
    [InlineData("ps_aors.qualify_frequency", "86401", "from 0 to 86400")]
    [InlineData("ps_aors.maximum_expiration", "-1", "0 or more")]
    public void Value_that_Asterisk_refuses_is_rejected_with_the_valid_ones(string column, string value, string because)
    {
        Assert.False(Column(column).TryAccept(value, out _, out var problem));
        Assert.Contains(because, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ps_endpoints.allow", "ulaw, alaw|g729:20,!h264", "ulaw,alaw,g729:20,!h264")]
    [InlineData("ps_endpoints.allow", "!all,opus", "!all,opus")]
    [InlineData("ps_endpoints.disallow", "all", "all")]
    [InlineData("ps_endpoints.permit", "192.0.2.7", "192.0.2.7/32")]
    [InlineData("ps_endpoints.permit", "192.0.2.0/24, !192.0.2.9, 2001:db8::/32", "192.0.2.0/24,!192.0.2.9/32,2001:db8::/32")]
    [InlineData("ps_endpoints.deny", "0.0.0.0/0.0.0.0", "0.0.0.0/0.0.0.0")]
    [InlineData("ps_endpoints.set_var", "TENANT=acme,CDR(accountcode)=7", "TENANT=acme,CDR(accountcode)=7")]
    [InlineData("ps_endpoints.set_var", "TENANT=a;b\nCDR(accountcode)=7", "TENANT=a^3Bb;CDR(accountcode)=7")]
    [InlineData("ps_endpoints.identify_by", "AUTH_USERNAME, ip", "auth_username,ip")]
    [InlineData("ps_endpoints.tos_audio", "EF", "ef")]
    [InlineData("ps_endpoints.tos_audio", "184", "184")]
    [InlineData("ps_endpoints.dtls_verify", "Fingerprint", "fingerprint")]
    [InlineData("ps_endpoints.dtls_cert_file", "/etc/asterisk/keys/a.pem", "/etc/asterisk/keys/a.pem")]
    [InlineData("ps_endpoints.codec_prefs_outgoing_answer", "prefer:pending,operation : union", "prefer: pending, operation: union")]
    [InlineData("ps_endpoints.rtp_timeout", " 30 ", "30")]
    [InlineData("ps_auths.md5_cred", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcdef")]
    [InlineData("ps_aors.contact", "sip:door@192.0.2.7:5060;transport=tcp, sip:[2001:db8::1]",
        "sip:door@192.0.2.7:5060^3Btransport=tcp,sip:[2001:db8::1]")]
    [InlineData("ps_endpoints.outbound_proxy", "sip:proxy.example.net;lr", "sip:proxy.example.net^3Blr")]
    [InlineData("ps_endpoints.from_domain", "sip.example.net", "sip.example.net")]
    [InlineData("ps_endpoints.media_address", "2001:db8::7", "2001:db8::7")]
    [InlineData("ps_endpoints.accountcode", " 7 ", "^207^20")]
    [InlineData("ps_endpoints.accountcode", "", "")]
    public void Value_that_Asterisk_accepts_is_stored_as_it_reads_it(string column, string value, string stored)
    {
        Assert.True(Column(column).TryAccept(value, out var accepted, out var problem), problem);
        Assert.Equal(stored, accepted);
    }

    [Fact]
    public void Codec_known_to_a_followed_Asterisk_is_accepted_for_any_release()
    {
        Assert.False(Column("ps_endpoints.allow").TryAccept("alaw,lc3", out _, out _));
        Assert.True(new RealtimeColumn(0, RealtimeTable.Endpoint, "allow", "t", ColumnKind.Text, null, 200, Codecs: ["lc3"])
            .TryAccept("alaw,lc3", out var accepted, out var problem), problem);
        Assert.Equal("alaw,lc3", accepted);
    }

    /// <summary>A column of Asterisk's own type.</summary>
    private static RealtimeColumn Column(string display)
    {
        var table = RealtimeTable.FromName(display.Split('.')[0]);
        var name = display.Split('.')[1];
        var whole = name is "cos_audio" or "timers_min_se" or "rtp_timeout" or "qualify_frequency" or "maximum_expiration";
        return new RealtimeColumn(0, table, name, "t", whole ? ColumnKind.Whole : ColumnKind.Text, null, whole ? null : 255);
    }
}
