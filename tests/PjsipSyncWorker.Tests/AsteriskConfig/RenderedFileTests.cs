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
    public void No_value_can_add_change_or_hide_a_line(string file, string setting)
    {
        var shape = Shape(Rendering.Read(file, Rendering.Complete));
        // The shortest is one character: an empty one takes its block out, as it should.
        Gen.OneOf(Gen.String[Gen.Char, 1, 20], Gen.String[Gen.Char[";[]()!+=>#{}$&,\"'\\ \n\r\t-aZ0/.%"], 1, 12],
            Gen.String[Gen.Char["0123456789+"], 1, 6])
            .Select(text => setting.EndsWith("File", StringComparison.Ordinal) ? "/" + text : text)
            .Sample(text =>
            {
                ConfFile read;
                try
                {
                    read = Rendering.Read(file, [.. Rendering.Complete, (setting, text)]);
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
            line => line.StartsWith("res_odbc.conf has no password for the role asterisk: fill it in", StringComparison.Ordinal));
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
    public void The_manager_listens_to_this_machine_only_unless_the_node_is_another()
    {
        (string, string)[] remote = [("Asterisk:Nodes:0:Secret", "x"), ("Asterisk:Nodes:0:Host", "192.0.2.5")];

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
            ("Asterisk:Render:AmiPermit", "192.0.2.7/32")]).Find("general")!;

        Assert.Equal(("127.0.0.1", "5037", "0.0.0.0:5038"),
            (general.Values("bindaddr")[0], general.Values("port")[0], general.Values("tlsbindaddr")[0]));
    }

    /// <summary>Sections and keys in their order, without values.</summary>
    private static List<string> Shape(ConfFile file) =>
        [.. file.Sections.SelectMany(section => section.Entries.Select(entry => $"{section.Name}/{entry.Key}"))];
}
