using System.Net.WebSockets;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>A real Asterisk from nothing but the files of render-config, over those of Debian.</summary>
public sealed partial class RenderTests(PostgresServer server)
{
    [Fact]
    public async Task Rendered_files_and_roles_suffice_for_calls_lamps_and_voicemail()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, [], "init", "--create-extensions", "--roles");
        Assert.True(exitCode == 0, output);
        await using var ours = database.As("pjsip_sync");
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk, "asterisk");
        await files.RenderAsync(files.Settings());
        await files.AddAsync("extensions_custom.conf", "[globals](+)\nRING_SECONDS = 2\n");
        await files.AddAsync("voicemail_custom.conf", "[general](+)\nformat = ulaw\n");
        await asterisk.StartFromAsync(files.Output, files.Site);
        await using var worker = await WorkerProcess.StartAsync(ours, files.Settings());
        Assert.Empty(ComplaintsOfOurs(await asterisk.ReadAsync("log/messages")));

        // The mailboxes are there without a reload.
        await database.ExecuteAsync("""
            insert into extensions (number, password, display_name, voicemail_enabled, voicemail_mailbox) values
              ('1001', 'one', 'Anna', false, null), ('1002', 'two', 'Bert', true, null), ('1003', 'three', 'Carl', true, '77@office')
            """);
        await Expect.RefreshedAsync(database);
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        var bert = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        var carl = new SipPhone(asterisk, "1003", "three", "127.0.0.13");
        Assert.True(await anna.RegisterAsync());
        Assert.True(await bert.RegisterAsync());
        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12", "1003|offline|NULL");

        (exitCode, output) = await WorkerProcess.CommandAsync(ours, files.Settings(), "verify-config");
        Assert.True(exitCode == 0, output);
        Assert.Contains(" 0 warnings, 0 failed, 0 skipped", output, StringComparison.Ordinal);

        // A lamp for an extension that the dialplan never heard of.
        var lamp = new SipPhone(asterisk, "1001", "one", "127.0.0.15").WatchAsync("1002");
        await Eventually.True(async () => (await asterisk.CliAsync("core show hints")).Contains("1002@internal", StringComparison.Ordinal));
        var answering = bert.AnswerAsync();
        await Eventually.True(() => anna.CallAsync("1002"));
        Assert.True(await answering);
        Assert.True(await lamp is ["terminated", "early" or "confirmed", ..], string.Join(", ", await lamp));

        // Nobody answers, then busy, then no phone at all: each leaves a message in the right mailbox.
        Assert.True(await anna.SpeakAsync("1002", TimeSpan.FromSeconds(17)));
        Assert.Equal(1, await MessagesAsync(asterisk, "default/1002"));
        var busy = bert.BusyAsync();
        Assert.True(await anna.SpeakAsync("1002", TimeSpan.FromSeconds(17)));
        await busy;
        Assert.Equal(2, await MessagesAsync(asterisk, "default/1002"));
        Assert.True(await anna.SpeakAsync("1003", TimeSpan.FromSeconds(17)));
        Assert.Equal(1, await MessagesAsync(asterisk, "office/77"));

        // Each listens to its own, and who has none is told so.
        Assert.True(await carl.CallAsync("*97"));
        Assert.False(await anna.CallAsync("*97"));
        Assert.True(await anna.CallAsync("*43"));
    }

    [Fact]
    public async Task What_the_operator_adds_is_in_force_and_survives_another_rendering()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        string[] settings =
        [
            .. files.Settings(), "Asterisk__Render__ExternalAddress=192.0.2.1", "Asterisk__Render__ExternalSipPort=5099",
            "Asterisk__Render__LocalNetworks__0=127.0.0.0/8", "Asterisk__Render__RtpPorts=21000-21099",
            "Asterisk__Render__RingSeconds=7", "Asterisk__Render__DatabaseConnections=5",
        ];
        await files.RenderAsync(settings);
        (string File, string Text)[] custom =
        [
            ("pjsip_custom.conf", "[transport-udp](+)\nlocal_net = 10.0.0.0/8\n[door]\ntype = endpoint\naors = door\n"
                + "[door]\ntype = aor\ncontact = sip:127.0.0.77\n"),
            ("extensions_custom.conf", "[internal](+)\nexten => 500,1,Answer()\n[mine]\nexten => 1,1,NoOp()\n"),
            ("res_odbc_custom.conf", "[asterisk](+)\nmax_connections = 6\n"),
            ("manager_custom.conf", "[panel]\nsecret = x\nread = call\n"),
            ("modules_custom.conf", "[modules](+)\nnoload = app_adsiprog.so\n"),
        ];
        foreach (var (file, text) in custom)
            await File.WriteAllTextAsync(Path.Combine(files.Output, file), text);

        var (exitCode, output) = await WorkerProcess.CommandAsync(
            database, settings, "render-config", "--output", files.Output, "--node", "pbx1", "--force");
        Assert.True(exitCode == 0, output);
        foreach (var (file, text) in custom)
            Assert.Equal(text, await File.ReadAllTextAsync(Path.Combine(files.Output, file)));
        (exitCode, output) = await WorkerProcess.CommandAsync(
            database, settings, "render-config", "--check", files.Output, "--node", "pbx1");
        Assert.True(exitCode == 0, output);

        await asterisk.StartFromAsync(files.Output, files.Site);
        Assert.Empty(ComplaintsOfOurs(await asterisk.ReadAsync("log/messages")));
        foreach (var (command, shown) in new[]
        {
            ("pjsip show transport transport-udp", "external_media_address      : 192.0.2.1"),
            ("pjsip show transport transport-tcp", "external_signaling_port     : 5099"),
            ("pjsip show transport transport-udp", "10.0.0.0/255.0.0.0"),
            ("pjsip show endpoint door", "sip:127.0.0.77"), ("dialplan show mine", "NoOp()"), ("dialplan show internal", "'500'"),
            ("dialplan show globals", "RING_SECONDS=7"), ("odbc show", "(out of 6)"), ("manager show users", "panel"),
            ("rtp show settings", "Port start:      21000"),
        })
            Assert.Contains(shown, await asterisk.CliAsync(command), StringComparison.Ordinal);
        Assert.Contains("0 modules loaded", await asterisk.CliAsync("module show like app_adsiprog.so"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_nodes_of_one_database_each_keep_their_own_contacts_and_call_each_others()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var first = new AsteriskServer();
        await using var second = new AsteriskServer();
        using var firstFiles = new RenderedFiles(database, first);
        using var secondFiles = new RenderedFiles(database, second);
        string[] both = [.. firstFiles.Settings(), .. secondFiles.Settings(1)];
        await firstFiles.RenderAsync([.. both, .. firstFiles.Settings(), $"Asterisk__Render__SipHosts__pbx1=127.0.0.1:{first.SipPort}",
            $"Asterisk__Render__SipHosts__pbx2=127.0.0.1:{second.SipPort}"]);
        await secondFiles.RenderAsync([.. both, .. secondFiles.Settings(), "Asterisk__Nodes__1__Name=other",
            "Asterisk__Render__SystemNames__pbx1=pbx2", $"Asterisk__Render__SipHosts__pbx1=127.0.0.1:{second.SipPort}",
            $"Asterisk__Render__SipHosts__other=127.0.0.1:{first.SipPort}"]);
        await first.StartFromAsync(firstFiles.Output, firstFiles.Site);
        await second.StartFromAsync(secondFiles.Output, secondFiles.Site);
        await using var worker = await WorkerProcess.StartAsync(database, both);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two'), ('1003', 'x')");
        await Expect.RefreshedAsync(database, nodes: 2);

        var anna = new SipPhone(first, "1001", "one", "127.0.0.11");
        var bert = new SipPhone(second, "1002", "two", "127.0.0.12");
        Assert.True(await anna.RegisterAsync());
        Assert.True(await bert.RegisterAsync());

        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12", "1003|offline|NULL");
        Assert.Equal(["1001|pbx1", "1002|pbx2"], await database.RowsAsync("select endpoint, node from pjsip_sync.contact order by 1"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ps_contacts"));

        foreach (var (caller, number, callee, called) in new[] { (anna, "1001", bert, "1002"), (bert, "1002", anna, "1001") })
        {
            var taking = callee.AnswerCallerAsync();
            await Eventually.True(() => caller.CallAsync(called));
            Assert.Equal(number, await taking);
        }
        // Registered nowhere, unknown, and what only servers call.
        foreach (var number in new[] { "1003", "1999", "node-pbx2" })
            Assert.False(await anna.CallAsync(number), number);
        // A server brings calls to its neighbour's phones alone.
        var stranger = new SipPhone(second, "1001", "one", "127.0.0.1");
        foreach (var number in new[] { "112", "+33123456789", "*43" })
            Assert.False(await stranger.BringCallAsync(number), number);
    }

    [Fact]
    public async Task With_a_certificate_phones_register_by_tls_and_browsers_by_websocket()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        var (tlsPort, wssPort) = (Ports.Next(), Ports.Next());
        var (certificate, key) = await files.AddCertificateAsync();
        string[] settings =
        [
            .. files.Settings(), $"Asterisk__Render__CertificateFile={certificate}", $"Asterisk__Render__PrivateKeyFile={key}",
            $"Asterisk__Render__TlsPort={tlsPort}", $"Asterisk__Render__WssPort={wssPort}", $"Asterisk__Render__HttpPort={Ports.Next()}",
        ];
        await files.RenderAsync(settings);
        await asterisk.StartFromAsync(files.Output, files.Site);
        Assert.Empty(ComplaintsOfOurs(await asterisk.ReadAsync("log/messages")));
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one')");
        await WorkerProcess.CommandAsync(database, settings, "sync-extensions");

        var phone = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        phone.UseTls(tlsPort, certificate, key);
        Assert.True(await phone.RegisterAsync());

        using var browser = new ClientWebSocket();
        browser.Options.AddSubProtocol("sip");
        browser.Options.RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.Subject == "CN=127.0.0.1";
        using var limit = new CancellationTokenSource(Eventually.Patience);
        await browser.ConnectAsync(new Uri($"wss://127.0.0.1:{wssPort}/ws"), limit.Token);
        Assert.Equal("sip", browser.SubProtocol);
    }

    private static async Task<int> MessagesAsync(AsteriskServer asterisk, string mailbox)
    {
        await Eventually.True(async () => (await asterisk.CliAsync("core show channels count"))
            .Contains("0 active channels", StringComparison.Ordinal));
        return (await asterisk.FilesAsync()).Count(file => file.Contains($"spool/voicemail/{mailbox}/INBOX/", StringComparison.Ordinal)
            && file.EndsWith(".ulaw", StringComparison.Ordinal));
    }

    /// <summary>What Asterisk complained of while it booted, without what Debian's own files and this tree make it say.</summary>
    private static List<string> ComplaintsOfOurs(string log) =>
        [.. log.Split('\n').TakeWhile(line => !line.Contains("Asterisk Ready", StringComparison.Ordinal))
            .Where(line => Complaint().IsMatch(line) && !Debians().IsMatch(line))];

    [GeneratedRegex(" (WARNING|ERROR)")]
    private static partial Regex Complaint();

    [GeneratedRegex(
        @"(\] |/)(res_stir_shaken|res_hep|res_phoneprov|res_crypto|res_musiconhold|cel_|cdr_|cdrel_custom|loader\.c|pbx_dundi)"
        + @"|cel_sqlite3_custom|users\.conf|rtp\.conf|file\.c: Error opening directory|netsock2|acl\.c")]
    private static partial Regex Debians();
}
