using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Import;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Tests.Import;

/// <summary>Which endpoints are phones, and what is said of the others.</summary>
public sealed class PjsipPhonesTests
{
    private const string Phone = """
        [t](!)
        type = endpoint
        allow = alaw
        [1](t)
        auth = a1
        aors = 1
        [a1]
        type = auth
        username = 1
        password = x
        [1]
        type = aor
        max_contacts = 1

        """;

    [Fact]
    public void An_endpoint_with_an_auth_and_an_aor_of_its_name_is_a_phone()
    {
        var phone = Assert.Single(Find(Phone, out var inventory));

        Assert.Equal(("1", "x", "the text line 4"), (phone.Number, phone.Password, phone.Origin));
        Assert.Equal(["t"], phone.Templates);
        Assert.Equal(["aor.max_contacts=1", "endpoint.allow=alaw"],
            phone.Options.Select(option => $"{option.Key.Table.Section}.{option.Key.Name}={option.Value}").Order());
        Assert.Empty(phone.Remarks.Concat(inventory.Notes).Concat(inventory.Problems));
    }

    [Theory]
    [InlineData("username = 1", "username = anna", "logs in as the user anna")]
    [InlineData("auth = a1", "auth = a1,a2", "has 2 auths (a1, a2)")]
    [InlineData("auth = a1", "auth = a2", "has the auth a2, which is not there")]
    [InlineData("aors = 1", "aors = 1,2", "has 2 AORs (1, 2)")]
    [InlineData("aors = 1", "aors = 2", "has the AOR 2, which is not there")]
    [InlineData("aors = 1", "", "has no AOR")]
    [InlineData("max_contacts = 1", "", "cannot register: max_contacts of the AOR 1 is 0")]
    [InlineData("aors = 1", "aors = 3\n[3]\ntype = aor\nmax_contacts = 1", "registers as 3")]
    public void What_a_row_cannot_say_is_refused(string from, string to, string reason)
    {
        Assert.Empty(Find(Phone.Replace(from, to, StringComparison.Ordinal), out var inventory));
        Assert.StartsWith(reason, Assert.Single(inventory.Refused).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auth = a1", "", "has no auth")]
    [InlineData("auth = a1", "outbound_auth = a1", "is a carrier: it has outbound_auth and no auth")]
    [InlineData("[a1]", "[i]\ntype = identify\nendpoint = 1\nmatch = 192.0.2.1\n[r]\ntype = registration\nendpoint = 1\n[a1]",
        "is a carrier: it has a registration")]
    [InlineData("auth = a1", "[i]\ntype = identify\nendpoint = 1\n[1](+)", "is told by its address")]
    public void What_is_no_phone_stays(string from, string to, string reason)
    {
        Assert.Empty(Find(Phone.Replace(from, to, StringComparison.Ordinal), out var inventory));
        Assert.StartsWith(reason, Assert.Single(inventory.Staying).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_phone_with_a_fixed_contact_may_have_an_aor_of_another_name()
    {
        var phone = Assert.Single(Find(Phone.Replace("aors = 1", "aors = d\n[d]\ntype = aor\ncontact = sip:1@192.0.2.1",
            StringComparison.Ordinal), out _));
        Assert.Equal("0", phone.Options[(RealtimeTable.Aor, "max_contacts")]);
    }

    [Fact]
    public void Two_endpoints_of_one_name_are_a_problem_because_asterisk_reads_none()
    {
        Find(Phone + "[1](t)", out var inventory);
        Assert.Contains("another endpoint 1", Assert.Single(inventory.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_that_is_given_twice_has_its_last_value_and_a_list_has_all()
    {
        var phone = Assert.Single(Find(Phone.Replace("aors = 1",
            "aors = 1\ncontext = a\nCONTEXT = b\nset_var = A=1\nset_var = B=2\npermit = 192.0.2.0/24\npermit = 198.51.100.0/24\n@note = x",
            StringComparison.Ordinal), out _));

        Assert.Equal("b", phone.Options[(RealtimeTable.Endpoint, "context")]);
        Assert.Equal("A=1\nB=2", phone.Options[(RealtimeTable.Endpoint, "set_var")]);
        Assert.Equal("192.0.2.0/24,198.51.100.0/24", phone.Options[(RealtimeTable.Endpoint, "permit")]);
        Assert.DoesNotContain((RealtimeTable.Endpoint, "@note"), phone.Options.Keys);
    }

    [Fact]
    public void A_digest_counts_only_with_its_auth_type()
    {
        var digest = $"md5_cred = {new string('a', 32)}";
        Assert.DoesNotContain((RealtimeTable.Auth, "md5_cred"), Assert.Single(Find(
            Phone.Replace("password = x", $"password = x\n{digest}", StringComparison.Ordinal), out _)).Options.Keys);

        var phone = Assert.Single(Find(Phone.Replace("password = x", $"auth_type = md5\n{digest}", StringComparison.Ordinal), out _));
        Assert.Null(phone.Password);
        Assert.Contains((RealtimeTable.Auth, "md5_cred"), phone.Options.Keys);
    }

    [Theory]
    [InlineData("allow=ulaw|allow=alaw", "ulaw,alaw")]
    [InlineData("disallow=all|allow=alaw,ulaw", "alaw,ulaw")]
    [InlineData("allow=ulaw|disallow=all|allow=g722", "g722")]
    [InlineData("allow=!all,g722,alaw", "g722,alaw")]
    [InlineData("allow=ulaw,alaw,!ulaw", "alaw")]
    [InlineData("allow=all|disallow=g729", "all,!g729")]
    [InlineData("allow=all|disallow=g729|allow=g729", "all")]
    [InlineData("allow=ulaw:20,alaw|disallow=ulaw", "alaw")]
    [InlineData("disallow=all", "")]
    public void Codecs_are_what_the_lines_leave(string lines, string codecs)
    {
        Assert.Equal(codecs, CodecList.From(lines.Split('|')
            .Select(line => new ConfEntry(line[..line.IndexOf('=', StringComparison.Ordinal)], line[(line.IndexOf('=',
                StringComparison.Ordinal) + 1)..]))));
    }

    [Theory]
    [InlineData("\"Anna\" <1001>", "Anna", "1001")]
    [InlineData("Anna <1001>", "Anna", "1001")]
    [InlineData("Anna", "Anna", null)]
    [InlineData("1001", null, "1001")]
    [InlineData("\"1001\"", "1001", null)]
    [InlineData("<+49 30 1234-0>", null, "+493012340")]
    [InlineData("\"A \\\"B\\\" C\" <1>", "A \"B\" C", "1")]
    [InlineData(null, null, null)]
    public void A_caller_id_is_read_as_asterisk_reads_it(string? text, string? name, string? number)
    {
        Assert.Equal(new CallerIdText(name, number), CallerIdText.Parse(text));
    }

    private static List<ImportedPhone> Find(string text, out PjsipInventory inventory)
    {
        inventory = new PjsipInventory("test");
        PjsipConfSource.Add(ConfReader.ReadText(text, isIni: false), inventory);
        return PjsipPhones.Find(inventory);
    }
}
