using System.Globalization;
using System.Text;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Import;

namespace PjsipSyncWorker.Tests.Import;

/// <summary>sip.conf, and what FreePBX writes.</summary>
public sealed class ForeignSourceTests
{
    [Theory]
    [InlineData("nat=no", "force_rport=no rewrite_contact=no rtp_symmetric=no")]
    [InlineData("nat=yes", "force_rport=yes rewrite_contact=yes rtp_symmetric=yes")]
    [InlineData("", "force_rport=yes rewrite_contact=yes rtp_symmetric=no direct_media=yes dtmf_mode=rfc4733 timers=yes")]
    [InlineData("nat=auto_comedia", "force_rport=no rtp_symmetric=yes")]
    [InlineData("canreinvite=nonat", "direct_media=yes disable_direct_media_on_nat=yes")]
    [InlineData("directmedia=no", "direct_media=no")]
    [InlineData("dtmfmode=shortinfo", "dtmf_mode=info")]
    [InlineData("encryption=yes", "media_encryption=sdes")]
    [InlineData("encryption=yes\ndtlsenable=yes", "media_encryption=dtls")]
    [InlineData("session-timers=originate", "timers=always")]
    [InlineData("sendrpid=pai", "send_pai=yes")]
    [InlineData("mailbox=9,8@x", "mailboxes=9@default,8@x")]
    [InlineData("subscribemwi=yes\nmailbox=9", "aor.mailboxes=9@default")]
    [InlineData("qualify=yes", "aor.qualify_frequency=60 aor.qualify_timeout=2")]
    [InlineData("qualify=3500\nqualifyfreq=20", "aor.qualify_frequency=20 aor.qualify_timeout=3.5")]
    [InlineData("t38pt_udptl=yes,fec,maxdatagram=400", "t38_udptl=yes t38_udptl_ec=fec t38_udptl_maxdatagram=400")]
    [InlineData("musicclass=jazz", "set_var=CHANNEL(musicclass)=jazz")]
    [InlineData("outboundproxy=192.0.2.1", "outbound_proxy=sip:192.0.2.1;lr")]
    [InlineData("fullname=A \"B\"\ncid_number=7", "callerid=\"A \\\"B\\\"\" <7>")]
    [InlineData("md5secret=abc", "auth.auth_type=md5 auth.md5_cred=abc auth.realm=asterisk")]
    [InlineData("", "auth.username=1 auth.password=x aor.max_contacts=1 aor.remove_existing=yes")]
    public void An_option_of_chan_sip_becomes_what_pjsip_calls_it(string options, string expected)
    {
        var made = Objects(Sip($"[1]\ntype=friend\nhost=dynamic\nsecret=x\n{options}"));
        foreach (var option in expected.Split(' ').Aggregate(new List<string>(), Join))
            Assert.Contains(option, made);

        // A value may hold a space: it belongs to the option before.
        static List<string> Join(List<string> words, string word)
        {
            if (word.Contains('=', StringComparison.Ordinal) || words.Count == 0)
                words.Add(word);
            else
                words[^1] += $" {word}";
            return words;
        }
    }

    [Fact]
    public void General_has_the_defaults_of_all_peers_and_codecs_continue_there()
    {
        var made = Objects(Sip("[general]\nnat=no\nlanguage=de\ncontext=x\ndisallow=all\nallow=alaw,h264\nsecret=no\n"
            + "[1]\ntype=friend\nsecret=x\nallow=g722"));
        Assert.Contains("force_rport=no", made);
        Assert.Contains("language=de", made);
        Assert.Contains("context=x", made);
        Assert.Contains("allow=alaw,g722", made);
        Assert.Contains("auth.password=x", made);
    }

    [Theory]
    [InlineData("type=user\nsecret=x", "is a user")]
    [InlineData("type=peer\nhost=carrier\nsecret=x", "is a carrier: [general] registers at it")]
    [InlineData("type=peer\nhost=192.0.2.1\nsecret=x\ninsecure=port,invite", "is a carrier: it has a fixed host")]
    [InlineData("type=peer\nhost=192.0.2.1", "is told by its address")]
    [InlineData("type=friend\nhost=dynamic", "has no secret")]
    [InlineData("type=peer\nsecret=x\ncallbackextension=1", "is a carrier: it has callbackextension")]
    public void A_peer_that_is_no_phone_stays(string options, string reason)
    {
        var inventory = Sip($"[general]\nregister => user:pass@carrier:5060/1\n[1]\n{options}");
        Assert.Empty(inventory.Endpoints);
        Assert.StartsWith(reason, Assert.Single(inventory.Staying).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_pjsip_does_not_have_is_said_once_for_each_option()
    {
        var inventory = Sip("[1]\ntype=friend\nsecret=x\nhost=192.0.2.1\nport=5070\ncall-limit=2\nfoo=1\nfoo=2");
        Assert.Equal(["fixed address", "call-limit", "foo"], inventory.Endpoints["1"].Remarks.Select(remark =>
            new[] { "fixed address", "call-limit", "foo" }.Single(word => remark.Contains(word, StringComparison.Ordinal))));
        Assert.Contains("aor.contact=sip:1@192.0.2.1:5070", Objects(inventory));
    }

    [Fact]
    public void A_dump_is_read_with_escapes_comments_and_statements_within_texts()
    {
        const string text = """
            /*!40101 SET NAMES utf8 */;
            -- INSERT INTO `a` VALUES ('comment');
            CREATE TABLE IF NOT EXISTS `a` (`x` varchar(9) DEFAULT '(,', `y` decimal(5,2), PRIMARY KEY (`x`,`y`)) ENGINE=InnoDB;
            INSERT INTO `other` VALUES ('INSERT INTO `a` VALUES (1,2);');
            INSERT IGNORE INTO `a` VALUES ('it''s \'\\ \n',NULL),('',-1.5),(_binary 'b','2');
            INSERT INTO a (`y`) VALUES (7);
            """;
        var rows = MysqlDump.Read(text, new Dictionary<string, List<string>> { ["a"] = ["x", "y"] })["a"];

        Assert.Equal(["it's '\\ \n|NULL", "|-1.5", "b|2", "?|7"], rows.Select(row =>
            $"{(row.TryGetValue("x", out var x) ? x : "?")}|{row["y"] ?? "NULL"}"));
    }

    [Theory]
    [InlineData("INSERT INTO `a` VALUES ('1',2),('3'", "not complete")]
    [InlineData("INSERT INTO `a` VALUES ('1", "not complete")]
    [InlineData("INSERT INTO `a` VALUES (1,2,3);", "3 values")]
    public void A_dump_that_is_cut_off_or_of_another_kind_is_refused(string text, string problem)
    {
        var error = Assert.Throws<ImportException>(() =>
            MysqlDump.Read(text, new Dictionary<string, List<string>> { ["a"] = ["x", "y"] }));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dump_of_ten_megabytes_is_read_in_seconds()
    {
        var text = new StringBuilder("INSERT INTO `b` VALUES ");
        for (var i = 0; i < 200_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"({i},'{new string('x', 40)}'),");
        text.Append("(0,'');INSERT INTO `a` VALUES (1,2);");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        Assert.Single(MysqlDump.Read(text.ToString(), new Dictionary<string, List<string>> { ["a"] = ["x", "y"] })["a"]);
        Assert.True(text.Length > 10_000_000);
        Assert.False(limit.IsCancellationRequested);
    }

    [Fact]
    public void A_csv_file_has_quotes_and_line_breaks_in_its_fields()
    {
        var rows = CsvText.Read("a,\"b\"\r\n1,\"x \"\"y\"\", z\"\r\n\r\n2,\"two\nlines\"\n3").ToList();
        Assert.Equal(["1|x \"y\", z", "2|two\nlines", "3|"], rows.Select(row => $"{row["A"]}|{row["b"]}"));
        Assert.Throws<ImportException>(() => CsvText.Read("a\n\"b").ToList());
    }

    private static PjsipInventory Sip(string text)
    {
        var inventory = new PjsipInventory("test");
        SipConfSource.Add(ConfReader.ReadText(text, isIni: false), inventory);
        return inventory;
    }

    /// <summary>Returns the options of the only phone: those of the endpoint alone, the others with their type.</summary>
    private static List<string> Objects(PjsipInventory inventory) =>
    [
        .. Assert.Single(inventory.Endpoints).Value.Options.Select(option => $"{option.Key}={option.Value}"),
        .. Assert.Single(inventory.Auths).Value.Options.Select(option => $"auth.{option.Key}={option.Value}"),
        .. Assert.Single(inventory.Aors).Value.Options.Select(option => $"aor.{option.Key}={option.Value}"),
    ];
}
