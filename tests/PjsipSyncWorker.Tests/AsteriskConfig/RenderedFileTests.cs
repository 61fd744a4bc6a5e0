using CsCheck;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

public sealed class RenderedFileTests
{
    [Theory]
    [InlineData("manager.conf", "Asterisk:Nodes:0:Secret")]
    [InlineData("manager.conf", "Asterisk:Nodes:0:Username")]
    [InlineData("asterisk.conf", "Asterisk:Render:SystemNames:pbx1")]
    [InlineData("res_odbc.conf", "Asterisk:Render:DatabaseUser")]
    [InlineData("res_odbc.conf", "Asterisk:Render:DatabasePassword")]
    [InlineData("odbc.ini", "Asterisk:Render:DatabaseHost")]
    [InlineData("odbc.ini", "Realtime:Schema")]
    [InlineData("pjsip.conf", "Asterisk:Render:SipAddress")]
    [InlineData("pjsip.conf", "Asterisk:Render:CertificateFile")]
    [InlineData("extensions.conf", "Asterisk:Render:DidPrefix")]
    [InlineData("extensions.conf", "Asterisk:Render:CarrierEndpoint")]
    [InlineData("extensions.conf", "Asterisk:Render:EmergencyNumbers:0")]
    [InlineData("extensions.conf", "Asterisk:Render:CountryCode")]
    [InlineData("extensions.conf", "Asterisk:Render:InternationalPrefix")]
    [InlineData("extensions.conf", "Asterisk:Render:NationalPrefix")]
    [InlineData("extensions.conf", "Asterisk:Render:AreaCode")]
    [InlineData("pjsip.conf", "Asterisk:Render:ExternalAddress")]
    [InlineData("pjsip.conf", "Asterisk:Render:LocalNetworks:0")]
    [InlineData("rtp.conf", "Asterisk:Render:StunServer")]
    [InlineData("rtp.conf", "Asterisk:Render:TurnUser")]
    [InlineData("rtp.conf", "Asterisk:Render:TurnPassword")]
    public void No_value_can_add_change_or_hide_a_line(string file, string setting)
    {
        (string, string)[] complete =
        [
            .. Rendering.Complete, ("Asterisk:Render:AreaCode", "30"), ("Asterisk:Render:ExternalAddress", "192.0.2.1"),
            ("Asterisk:Render:LocalNetworks:0", "10.0.0.0/8"), ("Asterisk:Render:StunServer", "stun.example:3478"),
            ("Asterisk:Render:TurnServer", "turn.example:3478"), ("Asterisk:Render:TurnUser", "x"), ("Asterisk:Render:TurnPassword", "x"),
        ];
        var shape = Shape(Rendering.Read(file, complete));
        // The shortest is one character: an empty one takes its block out, as it should.
        Gen.OneOf(Gen.String[Gen.Char, 1, 20], Gen.String[Gen.Char[";[]()!+=>#{}$&,\"'\\ \n\r\t-aZ0/.%"], 1, 12],
            Gen.String[Gen.Char["0123456789+"], 1, 6])
            .Select(text => setting.EndsWith("File", StringComparison.Ordinal) ? "/" + text : text)
            .Sample(text =>
            {
                ConfFile read;
                try
                {
                    read = Rendering.Read(file, [.. complete, (setting, text)]);
                }
                catch (SettingsException)
                {
                    // Refused: with a message, and nothing is written.
                    return;
                }
                Assert.Equal(shape.Count, Shape(read).Count);
                Assert.Equal(setting.EndsWith(":Username",
                    StringComparison.Ordinal) ? shape.Select(line => line.Replace("pjsip-sync", text,
                    StringComparison.Ordinal)) : shape, Shape(read));
                // And is read back as itself.
                Assert.Contains(read.Sections, section => section.Name == text
                    || section.Entries.Exists(entry => entry.Value.Contains(text, StringComparison.Ordinal)));
            });
    }

    [Theory]
    [InlineData("a\nsecret = b")]
    [InlineData("a\rb")]
    [InlineData(" hunter2")]
    public void Value_that_breaks_a_line_is_refused_and_not_repeated(string secret)
    {
        var error = Assert.Throws<SettingsException>(() => Rendering.Files([.. Rendering.Complete, ("Asterisk:Nodes:0:Secret", secret)]));

        Assert.StartsWith("Asterisk:Nodes:Secret must not", Assert.Single(error.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "set search_path to asterisk, public;")]
    [InlineData("telephony", "set search_path to \"telephony\";")]
    public void Asterisk_searches_both_schemas_unless_one_is_configured(string schema, string expected) =>
        Assert.StartsWith(expected, Rendering.Read("odbc.ini", [.. Rendering.Complete, ("Realtime:Schema", schema)])
            .Find("asterisk")!.Values("ConnSettings").Single(), StringComparison.Ordinal);

    [Fact]
    public void A_semicolon_in_a_secret_is_no_comment()
    {
        Assert.Contains("secret = a\\;b\\;--c\n",
            Rendering.Text("manager.conf", [.. Rendering.Complete, ("Asterisk:Nodes:0:Secret", "a;b;--c")]), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_the_templates_is_left_in_any_file()
    {
        foreach (var files in new[] { Rendering.Files(), Rendering.Files(Rendering.Complete) })
            Assert.All(files, file => Assert.DoesNotContain("{{", file.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_node_the_secret_is_new_each_time()
    {
        static string Secret() => Rendering.Read("manager.conf").Find("pjsip-sync")!.Values("secret").Single();

        Assert.Equal(48, Secret().Length);
        Assert.NotEqual(Secret(), Secret());
    }

    [Fact]
    public void Without_a_password_none_is_made_up_and_a_person_is_told()
    {
        var values = new RenderValues(Rendering.Settings(("ConnectionStrings:Postgres",
            "Host=db.example;Username=pjsip_sync;Password=hunter2")), null, isCheck: false);

        Assert.Contains("password =\n", Template.Fill(Template.Load("res_odbc.conf"), isIni: false, values.ByKey)
            .Replace("= \n", "=\n", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(values.RemainingSteps,
            line => line.StartsWith("res_odbc.conf has no password for the role asterisk: set Asterisk:Render:", StringComparison.Ordinal));
        Assert.All(RenderedFile.All(values), file => Assert.DoesNotContain("hunter2", file.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void One_node_keeps_contacts_in_realtime_and_several_in_astdb()
    {
        Assert.Contains("contact = realtime,ps_contacts", Rendering.Text("sorcery.conf"), StringComparison.Ordinal);
        var two = Rendering.Settings(("Asterisk:Nodes:0:Secret", "x"), ("Asterisk:Nodes:1:Secret", "x"));
        Assert.Contains(RenderedFile.All(new RenderValues(two, "node2", isCheck: false)),
            file => file.Text.Contains("contact = astdb,registrar", StringComparison.Ordinal));
        Assert.Contains("They are: node1, node2",
            Assert.Throws<SettingsException>(() => new RenderValues(two, null, isCheck: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_on_another_machine_gets_the_address_of_the_database_and_never_a_socket()
    {
        (string, string)[] two =
        [
            ("ConnectionStrings:Postgres", "Host=/run/postgresql;Database=pbx;Username=pjsip_sync"), ("Asterisk:Nodes:0:Secret", "x"),
            ("Asterisk:Nodes:1:Secret", "x"), ("Asterisk:Nodes:1:Host", "192.0.2.5"), ("Asterisk:Render:AmiPermit", "192.0.2.7/32"),
        ];

        Assert.Equal("Asterisk:Render:DatabaseHosts:node2 is needed, because node2 is another machine (192.0.2.5) and cannot reach the "
            + "database at /run/postgresql: the address of the database's machine, such as 192.0.2.7", Problem("node2", two));
        Assert.Contains("cannot reach the database at 127.0.0.1", Problem("node2", [.. two, ("Asterisk:Render:DatabaseHost", "127.0.0.1")]),
            StringComparison.Ordinal);
        (string, string)[] named = [.. two, ("Asterisk:Render:DatabaseHosts:node2", "192.0.2.7")];
        Assert.Equal(("/run/postgresql", "192.0.2.7"), (ServerOf("node1", named), ServerOf("node2", named)));
        Assert.Equal("192.0.2.8", ServerOf("node2", [.. two, ("Asterisk:Render:DatabaseHost", "192.0.2.8")]));
        Assert.Equal("Asterisk:Render:DatabaseHosts:pbx9 is the name of no node of Asterisk:Nodes; they are: node1, node2",
            Problem("node1", [.. two, ("Asterisk:Render:DatabaseHosts:pbx9", "192.0.2.7")]));

        static string Problem(string node, (string, string)[] settings) => Assert.Single(
            Assert.Throws<SettingsException>(() => new RenderValues(Rendering.Settings(settings), node, isCheck: false)).Problems);
        static string ServerOf(string node, (string, string)[] settings) => ConfReader.ReadText(
            RenderedFile.All(new RenderValues(Rendering.Settings(settings), node, isCheck: false))
                .Single(file => file.Name == "odbc.ini").Text, isIni: true).Find("asterisk")!.Values("Servername").Single();
    }

    [Fact]
    public void Behind_a_nat_each_transport_says_the_external_address_and_the_local_networks()
    {
        (string, string)[] nat = [.. Rendering.Complete, ("Asterisk:Render:ExternalAddress", "pbx.example.net")];
        var pjsip = Rendering.Read("pjsip.conf", [.. nat, ("Asterisk:Render:ExternalSipPort", "5099")]);

        foreach (var (name, port) in new[] { ("udp", "5099"), ("tcp", "5099"), ("tls", "5061"), ("wss", null) })
        {
            var transport = pjsip.Find($"transport-{name}")!;
            Assert.Equal(["pbx.example.net", "pbx.example.net"],
                [.. transport.Values("external_signaling_address"), .. transport.Values("external_media_address")]);
            Assert.Equal(port is null ? [] : [port], transport.Values("external_signaling_port"));
            Assert.Equal(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], transport.Values("local_net"));
        }
        pjsip = Rendering.Read("pjsip.conf", [.. nat, ("Asterisk:Render:Transports:0", "udp"),
            ("Asterisk:Render:ExternalMediaAddress", "192.0.2.9"), ("Asterisk:Render:LocalNetworks:0", "192.168.7.0/24")]);
        Assert.Null(pjsip.Find("transport-tcp"));
        Assert.Equal(["192.0.2.9", "192.168.7.0/24"],
            [.. pjsip.Find("transport-udp")!.Values("external_media_address"), .. pjsip.Find("transport-udp")!.Values("local_net")]);
        Assert.DoesNotContain("external_", Rendering.Text("pjsip.conf", Rendering.Complete), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_node_calls_each_other_at_its_address()
    {
        (string, string)[] three =
        [
            ("Asterisk:Nodes:0:Secret", "x"), ("Asterisk:Nodes:1:Secret", "x"), ("Asterisk:Nodes:2:Secret", "x"),
            ("Asterisk:Render:SipHosts:node1", "192.0.2.1"), ("Asterisk:Render:SipHosts:node2", "192.0.2.2:5070"),
        ];
        Assert.Contains("Asterisk:Render:SipHosts:node3 is needed",
            Assert.Throws<SettingsException>(() => Node1(three)).Message, StringComparison.Ordinal);

        var pjsip = Node1([.. three, ("Asterisk:Render:SipHosts:node3", "[2001:db8::3]:5071")]);
        Assert.Null(pjsip.Find("node-node1"));
        Assert.Equal(["sip:192.0.2.2:5070", "192.0.2.2"], Values("node-node2"));
        Assert.Equal(["sip:[2001:db8::3]:5071", "2001:db8::3"], Values("node-node3"));

        string[] Values(string section) => [.. pjsip.Find(section)!.Values("contact"), .. pjsip.Find(section)!.Values("match")];
        static ConfFile Node1((string, string)[] settings) => ConfReader.ReadText(
            RenderedFile.All(new RenderValues(Rendering.Settings(settings), "node1", isCheck: false))
                .Single(file => file.Name == "pjsip.conf").Text, isIni: false).Joined();
    }

    [Fact]
    public void Ports_of_media_and_servers_for_browsers_make_an_rtp_conf_of_our_own()
    {
        Assert.DoesNotContain(Rendering.Files(Rendering.Complete), file => file.Name == "rtp.conf");
        var general = Rendering.Read("rtp.conf", ("Asterisk:Render:RtpPorts", "16384-16999")).Find("general")!;
        Assert.Equal(["rtpstart=16384", "rtpend=16999"], general.Entries.Select(entry => $"{entry.Key}={entry.Value}"));
        var file = Rendering.Files(("Asterisk:Render:TurnServer", "turn.example:3478"), ("Asterisk:Render:TurnUser", "pbx"),
            ("Asterisk:Render:TurnPassword", "hunter2")).Single(rendered => rendered.Name == "rtp.conf");
        Assert.True(file.IsSecret);
        Assert.Contains("turnpassword = hunter2\n", file.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_manager_listens_to_this_machine_only_unless_the_node_is_another()
    {
        (string, string)[] remote = 
            [("Asterisk:Nodes:0:Secret", "x"), ("Asterisk:Nodes:0:Host", "192.0.2.5"), ("Asterisk:Render:DatabaseHost", "192.0.2.7")];

        Assert.Equal(["127.0.0.1"], Rendering.Read("manager.conf").Find("general")!.Values("bindaddr"));
        Assert.Contains("AmiPermit is needed", Assert.Throws<SettingsException>(() => Rendering.Files(remote)).Message,
            StringComparison.Ordinal);
        var manager = Rendering.Read("manager.conf", [.. remote, ("Asterisk:Render:AmiPermit", "192.0.2.7/32")]);
        Assert.Equal(["0.0.0.0"], manager.Find("general")!.Values("bindaddr"));
        Assert.Equal(["192.0.2.7/32"], manager.Find("pjsip-sync")!.Values("permit"));
    }

    [Fact]
    public void With_tls_the_open_port_of_the_manager_stays_on_this_machine()
    {
        var general = Rendering.Read("manager.conf",
            [.. Rendering.Complete, ("Asterisk:Nodes:0:Host", "192.0.2.5"),
            ("Asterisk:Render:AmiPermit", "192.0.2.7/32"), ("Asterisk:Render:DatabaseHost", "192.0.2.7")]).Find("general")!;

        Assert.Equal(("127.0.0.1", "5037", "0.0.0.0:5038"),
            (general.Values("bindaddr")[0], general.Values("port")[0], general.Values("tlsbindaddr")[0]));
    }

    /// <summary>Sections and keys in their order, without values.</summary>
    private static List<string> Shape(ConfFile file) =>
        [.. file.Sections.SelectMany(section => section.Entries.Select(entry => $"{section.Name}/{entry.Key}"))];
}
