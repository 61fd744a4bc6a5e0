using CsCheck;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;
using static PjsipSyncWorker.Tests.Realtime.MapperRig;

namespace PjsipSyncWorker.Tests.Realtime;

/// <summary>The rows that an extension becomes.</summary>
public sealed class MapperTests
{
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

    [Fact]
    public void No_phone_registers_at_a_door_station_that_has_a_fixed_address() => Assert.Equal("0",
        Map(new Extension("1", "1001", true, "x",
            Settings: """{"aor":{"max_contacts":0,"contact":"sip:192.0.2.7"}}"""))["ps_aors.max_contacts"]);

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
            Settings: """{"aor":{"mailboxes":"1001@default"},"endpoint":{"mwi_subscribe_replaces_unsolicited":"no"}}""")),
                StringComparison.Ordinal);

    [Fact]
    public void Variables_of_its_own_stand_beside_the_number_that_is_called_back()
    {
        Assert.Equal("CALLERID(num)=t1-1001;A=1;B=2",
            Map(new Extension("1", "t1-1001", true, "x", Settings: """{"endpoint":{"set_var":["A=1","B=2"]}}"""))["ps_endpoints.set_var"]);
        Assert.Equal("CALLERID(all)=me",
            Map(new Extension("1", "t1-1001", true, "x",
                Settings: """{"endpoint":{"set_var":"CALLERID(all)=me"}}"""))["ps_endpoints.set_var"]);
    }

    [Fact]
    public void A_name_is_cut_where_asterisk_cuts_it_and_between_two_characters()
    {
        Assert.Equal(new string('n', 79), CallerId.Cut(new string('n', 80)));
        Assert.Equal(new string('ö', 39), CallerId.Cut(new string('ö', 40)));
    }

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
