using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

public sealed class ConfCheckTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly IReadOnlyList<RenderedFile> _needed = Rendering.Files(Rendering.Complete);

    public ConfCheckTests()
    {
        Directory.CreateDirectory(_directory.Path);
        foreach (var file in _needed)
            File.WriteAllText(_directory.File(file.Name), file.Text);
    }

    [Fact]
    public void Rendered_files_have_no_findings() => Assert.Empty(Check());

    [Fact]
    public void Exactly_the_missing_or_changed_lines_are_named()
    {
        var tried = 0;
        foreach (var file in _needed)
        {
            var lines = file.Text.Split('\n');
            var needed = ConfCheck.WithoutDefaults(file.Text).Split('\n').ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < lines.Length; i++)
            {
                if (lines[i] is "" or [';', ..] or ['#', ..] or ['[', ..] || !needed.Contains(lines[i]))
                    continue;
                tried++;
                foreach (var replacement in new string?[] { null, lines[i] + "x" })
                {
                    File.WriteAllLines(_directory.File(file.Name), lines.Select((line, at) => at == i ? replacement : line)
                        .OfType<string>());
                    var findings = Check();
                    Assert.True(findings.Count == 1 && findings[0].File == file.Name,
                        $"{file.Name}: {lines[i]} -> {replacement}: {string.Join(" | ", findings)}");
                    Assert.Contains(lines[i].Split('=')[0].Trim(), findings[0].Text, StringComparison.Ordinal);
                }
            }
            File.WriteAllText(_directory.File(file.Name), file.Text);
        }
        Assert.InRange(tried, 100, 1000);
    }

    [Fact]
    public void Every_file_and_every_section_that_is_missing_is_named()
    {
        foreach (var file in _needed)
        {
            File.Delete(_directory.File(file.Name));
            Assert.Equal([$"{file.Name}: the file is missing"], Check().Select(finding => finding.ToString()));
            foreach (var section in ConfReader.ReadText(file.Text, file.IsIni).Sections)
            {
                File.WriteAllText(_directory.File(file.Name),
                    file.Text.Replace($"[{section.Name}]", "[another]", StringComparison.Ordinal));
                // In pjsip.conf a section may have any name.
                Assert.Equal(file.Name == "pjsip.conf" ? [] : [$"{file.Name} [{section.Name}]: the section is missing"], Check()
                    .Select(finding => finding.ToString()));
            }
            File.WriteAllText(_directory.File(file.Name), file.Text);
        }
    }

    [Fact]
    public void Values_that_are_said_to_be_defaults_may_be_others()
    {
        Edit("pjsip.conf", "bind = 0.0.0.0:5060", "bind = 192.0.2.1:5080");
        Edit("extensions.conf", "RING_SECONDS = 30", "RING_SECONDS = 20");
        Edit("voicemail.conf", "maxsecs = 180", "maxsecs = 600");
        Edit("modules.conf", "noload = chan_dahdi.so", "");
        Edit("res_odbc.conf", "max_connections = 8", "max_connections = 40");

        Assert.Empty(Check());
    }

    [Fact]
    public void Custom_files_may_add_and_change_and_what_they_take_away_is_named()
    {
        foreach (var file in _needed.Where(file => !file.IsIni))
            Assert.Contains($"\n#tryinclude {file.Name[..^".conf".Length]}_custom.conf\n", file.Text, StringComparison.Ordinal);
        File.WriteAllText(_directory.File("pjsip_custom.conf"), """
            [transport-udp](+)
            bind = 192.0.2.1:5070
            local_net = 10.0.0.0/8
            [carrier]
            type = endpoint
            """);
        File.WriteAllText(_directory.File("extensions_custom.conf"), """
            [globals](+)
            RING_SECONDS = 5
            [internal](+)
            exten => 500,1,Answer()
            """);
        File.WriteAllText(_directory.File("res_odbc_custom.conf"), "[asterisk](+)\nmax_connections = 50\n");
        Assert.Empty(Check());

        File.WriteAllText(_directory.File("sorcery_custom.conf"), "[res_pjsip](+)\nendpoint = realtime,ps_endpoints\n");
        File.WriteAllText(_directory.File("asterisk_custom.conf"), "[options](+)\nsystemname = other\n");
        Assert.Equal(["asterisk.conf [options]: systemname is pbx1 and other, needed is pbx1"],
            Check().Select(finding => finding.ToString()));
    }

    [Fact]
    public void Further_local_networks_are_accepted_and_a_missing_one_is_named()
    {
        var needed = Rendering.Files([.. Rendering.Complete, ("Asterisk:Render:ExternalAddress", "pbx.example.net"),
            ("Asterisk:Render:LocalNetworks:0", "10.0.0.0/8"), ("Asterisk:Render:LocalNetworks:1", "fd00::/8")]);
        foreach (var file in needed)
            File.WriteAllText(_directory.File(file.Name), file.Text);
        File.WriteAllText(_directory.File("pjsip_custom.conf"), "[transport-udp](+)\nlocal_net = 192.168.0.0/16\n");
        Assert.Empty(ConfCheck.Run(_directory.Path, needed));

        Edit("pjsip.conf", "local_net = 10.0.0.0/8\n", "");
        Assert.Equal(
            ["local_net is fd00::/8 and 192.168.0.0/16, needed is 10.0.0.0/8 and fd00::/8",
                "local_net is fd00::/8, needed is 10.0.0.0/8 and fd00::/8"],
            ConfCheck.Run(_directory.Path, needed).Where(finding => finding.Section is "transport-udp" or "transport-wss")
                .Select(finding => finding.Text));
    }

    [Fact]
    public void What_an_operator_has_besides_is_nobodys_business()
    {
        Edit("manager.conf", "deny = ::/0", "deny = ::/0\npermit = 192.0.2.8/32");
        Edit("extensions.conf", "[plain-number]", "[mine]\nexten => 1,1,NoOp()\n[plain-number]");
        Edit("extensions.conf", "; *43", "exten => *44,1,Answer()\n; *43");
        Edit("pjsip.conf", "[transport-udp]", "[udp-main]");
        File.AppendAllText(_directory.File("pjsip.conf"), "[trunk]\ntype = endpoint\n");
        File.AppendAllText(_directory.File("odbc.ini"), "[other]\nDriver = x\n");
        File.WriteAllText(_directory.File("queues.conf"), "#include nothing\n");

        Assert.Empty(Check());
    }

    [Fact]
    public void Templates_includes_and_comments_are_read_as_asterisk_reads_them()
    {
        File.WriteAllText(_directory.File("manager.conf"), """
            #include "manager_general.conf"
            ;-- [pjsip-sync]
            secret = not this
            --;
            [rights](!) ; for all
            read => system,call
            write=system, reporting , command
            [pjsip-sync](rights)
            secret = the-ami ;-- in between --;-secret
            deny = 0.0.0.0/0.0.0.0
            deny = ::/0
            [pjsip-sync](+)
            permit = 127.0.0.1/255.255.255.255
            #tryinclude absent/*.conf
            """.Replace("the-ami ;-- in between --;-secret", "the-ami;-- in between --;-secret", StringComparison.Ordinal));
        File.WriteAllText(_directory.File("manager_general.conf"),
            _needed.Single(file => file.Name == "manager.conf").Text.Split("; The worker")[0]);

        Assert.Empty(Check());

        File.Delete(_directory.File("manager_general.conf"));
        Assert.Contains("manager.conf: #include manager_general.conf is not there, and Asterisk reads none of this file", Check()
            .Select(finding => finding.ToString()));
    }

    [Fact]
    public void Includes_that_lead_in_a_circle_end()
    {
        File.AppendAllText(_directory.File("pjsip.conf"), "#include more.conf\n#include more.conf\n");
        File.WriteAllText(_directory.File("more.conf"), "#include pjsip.conf\n#include more.conf\n");

        Assert.Equal(["pjsip.conf: #include more.conf leads in a circle", "pjsip.conf: #include pjsip.conf leads in a circle"],
            Check().Select(finding => finding.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Unreadable_file_is_named_and_the_others_are_still_compared()
    {
        File.AppendAllText(_directory.File("manager.conf"), "#include pjsip.d\n#include *.d/broken.conf\n");
        Edit("sorcery.conf", "auth = realtime,ps_auths", "");
        Directory.CreateDirectory(_directory.File("pjsip.d"));
        File.Delete(_directory.File("pjsip.conf"));
        File.CreateSymbolicLink(_directory.File("pjsip.conf"), _directory.File("pjsip.conf"));

        var findings = Check();

        Assert.Contains(
            findings, finding => finding.ToString() == "manager.conf: #include pjsip.d is not there, and Asterisk reads none of this file");
        Assert.Contains(findings, finding => finding.File == "pjsip.conf");
        Assert.Contains(findings, finding => finding.ToString()
            .StartsWith("sorcery.conf [res_pjsip]: auth = realtime,ps_auths is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_module_that_is_kept_out_is_named() // as Debian's own modules.conf does
    {
        Edit("modules.conf", "[modules]", "[modules]\nnoload => res_config_odbc.so");

        Assert.Equal(["modules.conf [modules]: noload = res_config_odbc.so keeps out what is needed"], Check()
            .Select(finding => finding.ToString()));
    }

    [Fact]
    public void Unixodbc_s_files_are_looked_for_beside_the_directory()
    {
        File.Move(_directory.File("odbc.ini"), Path.Combine(_directory.Parent, "odbc.ini"));
        Assert.Empty(Check());
        Assert.Empty(ConfCheck.Run(_directory.Parent, _needed));

        File.WriteAllText(Path.Combine(_directory.Parent, "odbc.ini"), "[pbx]\n");
        Assert.Equal(["odbc.ini [asterisk]: the section is missing"], Check().Select(finding => finding.ToString()));
    }

    [Fact]
    public void A_secret_that_differs_is_said_and_not_shown()
    {
        Edit("manager.conf", "the-ami-secret", "some-other-secret");
        Edit("res_odbc.conf", "the-db-password", "some-other-password");

        Assert.Equal(["manager.conf [pjsip-sync]: secret is another one", "res_odbc.conf [asterisk]: password is another one"], Check()
            .Select(finding => finding.ToString()));
    }

    [Fact]
    public void A_secret_that_is_not_configured_here_may_be_any_but_must_be_there()
    {
        var values = RenderedFile.All(new RenderValues(Rendering.Settings(), null, isCheck: true));
        foreach (var file in Rendering.Files())
            File.WriteAllText(_directory.File(file.Name), file.Text);
        Assert.Empty(ConfCheck.Run(_directory.Path, values));

        File.WriteAllText(_directory.File("manager.conf"),
            string.Join('\n', Rendering.Text("manager.conf").Split('\n')
            .Select(line => line.StartsWith("secret", StringComparison.Ordinal) ? "secret =" : line)));
        Assert.Equal(["manager.conf [pjsip-sync]: secret is another one"], ConfCheck.Run(_directory.Path, values)
            .Select(finding => finding.ToString()));
    }

    public void Dispose() => _directory.Dispose();

    private List<ConfDifference> Check() => ConfCheck.Run(_directory.Path, _needed);

    private void Edit(string file, string from, string to)
    {
        var text = File.ReadAllText(_directory.File(file));
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(_directory.File(file), text.Replace(from, to, StringComparison.Ordinal));
    }
}
