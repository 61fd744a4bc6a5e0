namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>The examples of docs/operate/carriers.md, with a second Asterisk as the carrier.</summary>
public sealed class CarrierTests(PostgresServer server)
{
    private const string Page = "docs/operate/carriers.md";

    [Fact]
    public async Task A_carrier_with_registration_brings_calls_to_extensions_and_takes_theirs()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        await using var carrier = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        using var carrierFiles = new RenderedFiles(database, carrier);
        await StartCarrierAsync(carrier, carrierFiles);

        await files.RenderAsync(files.Settings());
        await files.AddAsync("pjsip_custom.conf", Block("; /etc/asterisk/pjsip_custom.conf")
            .Replace("from_domain = sip.carrier.example", "from_domain = 127.0.0.1", StringComparison.Ordinal)
            .Replace("sip.carrier.example", $"127.0.0.1:{carrier.SipPort}", StringComparison.Ordinal));
        await files.AddAsync("extconfig_custom.conf", Block("; /etc/asterisk/extconfig_custom.conf"));
        await files.AddAsync("extensions_custom.conf", string.Join('\n', Block("; /etc/asterisk/extensions_custom.conf: a few numbers"),
            Block("; /etc/asterisk/extensions_custom.conf: numbers in SQL"),
            Block("; /etc/asterisk/extensions_custom.conf: the number is in To"),
            Block("; /etc/asterisk/extensions_custom.conf: a second carrier for North America, and the first one when it cannot")));
        await database.ExecuteAsync(Block("create table dids").Replace("to asterisk", $"to {files.Role}", StringComparison.Ordinal));
        await asterisk.StartFromAsync(files.Output, files.Site);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, files.Settings(), "sync-extensions");
        Assert.True(exitCode == 0, output);
        await Eventually.True(async () => (await asterisk.CliAsync("pjsip show registrations"))
            .Contains(" Registered", StringComparison.Ordinal));
        var anna = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        var bert = new SipPhone(asterisk, "1002", "two", "127.0.0.12");
        Assert.True(await anna.RegisterAsync());
        Assert.True(await bert.RegisterAsync());

        // A line of the dialplan, a row of the table, and the user of the registration itself.
        foreach (var (number, phone) in new[] { ("+4930555", anna), ("+4930777", bert), ("4930123", anna) })
        {
            var answering = phone.AnswerAsync();
            await Eventually.True(async () =>
            {
                await carrier.CliAsync($"channel originate PJSIP/{number}@4930123 application Wait 1");
                return await Task.WhenAny(answering, Task.Delay(3000)) == answering;
            });
            Assert.True(await answering, number);
        }
        // A new number needs no reload.
        await database.ExecuteAsync("insert into dids values ('+4930888', '1001')");
        var called = anna.AnswerAsync();
        await carrier.CliAsync("channel originate PJSIP/+4930888@4930123 application Wait 1");
        Assert.True(await called);

        // Out: to the carrier, and to the first one because there is no second.
        foreach (var number in new[] { "+33123456789", "0012125551234" })
            Assert.True(await anna.CallAsync(number), number);
        Assert.Contains("+12125551234", await carrier.ReadAsync("log/cdr-csv/Master.csv"), StringComparison.Ordinal);
    }

    private static async Task StartCarrierAsync(AsteriskServer carrier, RenderedFiles files)
    {
        Directory.CreateDirectory(files.Site);
        await files.AddAsync("pjsip.conf", $"""
            [transport-udp]
            type = transport
            protocol = udp
            bind = 127.0.0.1:{carrier.SipPort}

            [4930123]
            type = endpoint
            context = customers
            disallow = all
            allow = ulaw
            auth = 4930123
            aors = 4930123

            [4930123]
            type = auth
            username = 4930123
            password = the-carriers-password

            [4930123]
            type = aor
            max_contacts = 1

            """);
        await files.AddAsync("extensions.conf", """
            [customers]
            exten => _+X.,1,Answer()
             same => n,Wait(5)
             same => n,Hangup()

            """);
        await carrier.StartFromAsync(files.Site);
    }

    /// <summary>The block of the page that begins with a line.</summary>
    private static string Block(string firstLine) =>
        Document.Blocks(Page).Single(block => block.FirstLine == firstLine || block.FirstLine.StartsWith($"{firstLine} ",
            StringComparison.Ordinal)).Text + "\n";
}
