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
        await files.ChangeAsync("extensions.conf", "RING_SECONDS = 30", "RING_SECONDS = 2");
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
        Assert.Contains(" 0 to look at, 0 failed, 0 skipped", output, StringComparison.Ordinal);

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
    public async Task Carriers_reach_extensions_and_nothing_else()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        var carrier = await StartWithCarrierAsync(database, asterisk, files, "('1001', 'one'), ('112', 'shadow')");
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        Assert.True(await anna.RegisterAsync());

        var answering = anna.AnswerAsync();
        await Eventually.True(() => carrier.BringCallAsync("+49301231001"));
        Assert.True(await answering);

        // Unknown numbers; numbers outside, as they are and behind our own prefix; services; the carrier itself.
        foreach (var number in new[] { "+49301239999", "+4930123", "+33123456789", "0033123456789", "+4930123+33123456789", "112", "*97",
            "+4930123carrier" })
            Assert.True(await carrier.IsRefusedAsync(number), number);

        // Nobody has a call without a login, whatever he calls himself.
        var before = await ProcessedAsync(asterisk);
        var stranger = new SipPhone(asterisk, "stranger", "", "127.0.0.42");
        foreach (var (caller, number) in new[] { ("+33612345678", "+49301231001"), ("carrier", "+49301231001"), ("1001", "+33123456789"),
            ("anonymous", "+33123456789"), ("1001", "112"), ("carrier", "*43") })
            Assert.False(await stranger.BringCallAsync(number, caller), $"{caller} to {number}");
        Assert.Equal(before, await ProcessedAsync(asterisk));

        // An extension that calls itself 112 does not stand in the way of help.
        foreach (var (dialled, arrives) in new[] { ("+33123456789", "+33123456789"), ("0033123456789", "+33123456789"),
            ("030987654", "+4930987654"), ("112", "112"), ("110", "110") })
        {
            var taking = carrier.AnswerNumberAsync();
            await Eventually.True(() => anna.CallAsync(dialled));
            Assert.Equal(arrives, await taking);
        }
        Assert.False(await anna.CallAsync("1999"));
        Assert.False(await anna.CallAsync("carrier"));
    }

    [Fact]
    public async Task A_contact_that_names_another_endpoint_is_not_rung()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        await StartWithCarrierAsync(database, asterisk, files, "('1001', 'one'), ('1002', 'two')");
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        var bert = new SipPhone(asterisk, "1002", "two", "127.0.0.12");

        // As Dial() would read it: the phone, and a call that the carrier's endpoint makes.
        Assert.True(await bert.RegisterAsAsync("1002&PJSIP/carrier/sip:0900"));
        Assert.Contains("&PJSIP/carrier/sip", await asterisk.CliAsync("pjsip show contacts"), StringComparison.Ordinal);
        Assert.False(await anna.CallAsync("1002"));
        Assert.DoesNotContain("carrier-", await asterisk.CliAsync("core show channels concise"), StringComparison.Ordinal);
        Assert.Equal("1", await ProcessedAsync(asterisk));

        Assert.True(await bert.RegisterAsAsync("1002*x=1;y"));
        var answering = bert.AnswerAsync();
        await Eventually.True(() => anna.CallAsync("1002"));
        Assert.True(await answering);
    }

    [Fact]
    public async Task Every_number_that_registers_can_be_called_and_called_back()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        string[] numbers = ["12*3#4", "*55", "o'brien(2)=x$?", "user!x", "~joe", "1001#", "t1-1001", "acme.1001", "10-01.", "q)", "-7_",
            new string('7', 79)];
        await StartWithCarrierAsync(database, asterisk, files,
            string.Join(", ", numbers.Append("1999")
                .Select(number => $"('{number.Replace("'", "''", StringComparison.Ordinal)}', 'one')")));
        await database.ExecuteAsync("insert into extensions (number, password) values ('a(b', 'one'), (repeat('8', 80), 'one')");
        await WorkerProcess.CommandAsync(database, files.Settings(), "sync-extensions");
        Assert.Equal(
            [$"{new string('8', 80)}|number is longer than the 79 characters that Asterisk can dial",
                "a(b|number holds a ( without its ): the dialplan could not tell where it ends"],
            await database.RowsAsync("select id, reason from pjsip_sync.rejected order by 1"));
        var anna = new SipPhone(asterisk, "1999", "one", "127.0.0.11");
        Assert.True(await anna.RegisterAsync());

        foreach (var number in numbers)
        {
            // As RFC 3261 has it in a SIP URI.
            var dialled = Uri.EscapeDataString(number);
            var phone = new SipPhone(asterisk, dialled, "one", "127.0.0.12", username: number);
            Assert.True(await phone.RegisterAsync(), number);
            var taking = anna.AnswerCallerAsync();
            await Eventually.True(() => phone.CallAsync("1999"));
            var caller = await taking;
            Assert.Equal(number, Uri.UnescapeDataString(caller));
            var answering = phone.AnswerNumberAsync();
            await Eventually.True(() => anna.CallAsync(caller));
            Assert.Equal(number, Uri.UnescapeDataString(await answering));
        }

        // Nothing of what is dialled becomes a part of the dialplan's own words.
        foreach (var dialled in new[] { "t1-1001%26PJSIP%2Fcarrier", "12*3%234%2Caors", "~joe%40carrier", "%24%7BEMERGENCY%7D", "a(b",
            new string('7', 80) })
            Assert.False(await anna.CallAsync(dialled), dialled);
        Assert.DoesNotContain("carrier-", await asterisk.CliAsync("core show channels concise"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_nodes_of_one_database_each_keep_their_own_contacts()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var first = new AsteriskServer();
        await using var second = new AsteriskServer();
        using var firstFiles = new RenderedFiles(database, first);
        using var secondFiles = new RenderedFiles(database, second);
        string[] both = [.. firstFiles.Settings(), .. secondFiles.Settings(1)];
        await firstFiles.RenderAsync([.. both, .. firstFiles.Settings()]);
        await secondFiles.RenderAsync([.. both, .. secondFiles.Settings(), "Asterisk__Nodes__1__Name=other",
            "Asterisk__Render__SystemNames__pbx1=pbx2"]);
        await first.StartFromAsync(firstFiles.Output, firstFiles.Site);
        await second.StartFromAsync(secondFiles.Output, secondFiles.Site);
        await using var worker = await WorkerProcess.StartAsync(database, both);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        await Expect.RefreshedAsync(database, nodes: 2);

        Assert.True(await new SipPhone(first, "1001", "one", "127.0.0.11").RegisterAsync());
        Assert.True(await new SipPhone(second, "1002", "two", "127.0.0.12").RegisterAsync());

        await Expect.StatusAsync(database, "1001|online|127.0.0.11", "1002|online|127.0.0.12");
        Assert.Equal(["1001|pbx1", "1002|pbx2"], await database.RowsAsync("select endpoint, node from pjsip_sync.contact order by 1"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ps_contacts"));
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

    /// <summary>How many calls there were.</summary>
    private static async Task<string> ProcessedAsync(AsteriskServer asterisk) =>
        (await asterisk.CliAsync("core show channels count")).Split('\n')
            .Single(line => line.Contains("processed", StringComparison.Ordinal)).Split(' ')[0];

    private static async Task<int> MessagesAsync(AsteriskServer asterisk, string mailbox)
    {
        await Eventually.True(async () => (await asterisk.CliAsync("core show channels count"))
            .Contains("0 active channels", StringComparison.Ordinal));
        return (await asterisk.FilesAsync()).Count(file => file.Contains($"spool/voicemail/{mailbox}/INBOX/", StringComparison.Ordinal)
            && file.EndsWith(".wav", StringComparison.Ordinal));
    }

    /// <summary>What Asterisk complained of while it booted, without what Debian's own files and this tree make it say.</summary>
    private static List<string> ComplaintsOfOurs(string log) =>
        [.. log.Split('\n').TakeWhile(line => !line.Contains("Asterisk Ready", StringComparison.Ordinal))
            .Where(line => Complaint().IsMatch(line) && !Debians().IsMatch(line))];

    [GeneratedRegex(" (WARNING|ERROR)")]
    private static partial Regex Complaint();

    [GeneratedRegex(@"(\] |/)(res_stir_shaken|res_hep|res_phoneprov|res_crypto|res_musiconhold|cel_|cdr_|cdrel_custom|loader\.c|pbx_dundi)|cel_sqlite3_custom|users\.conf|rtp\.conf|file\.c: Error opening directory|netsock2|acl\.c")]
    private static partial Regex Debians();

    /// <param name="extensions">Numbers and passwords, as rows of SQL.</param>
    private static async Task<SipPhone> StartWithCarrierAsync(TestDatabase database, AsteriskServer asterisk, RenderedFiles files,
        string extensions)
    {
        var carrier = new SipPhone(asterisk, "carrier", "", "127.0.0.41");
        await files.RenderAsync(files.Settings());
        await files.AddCarrierAsync(carrier);
        await asterisk.StartFromAsync(files.Output, files.Site);
        await database.ExecuteAsync($"insert into extensions (number, password) values {extensions}");
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, files.Settings(), "sync-extensions");
        Assert.True(exitCode == 0, output);
        return carrier;
    }
}
