namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>Which calls the dialplan of render-config connects: extensions, carriers and strangers.</summary>
public sealed class DialplanTests(PostgresServer server)
{
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

    /// <summary>How many calls there were.</summary>
    private static async Task<string> ProcessedAsync(AsteriskServer asterisk) =>
        (await asterisk.CliAsync("core show channels count")).Split('\n')
            .Single(line => line.Contains("processed", StringComparison.Ordinal)).Split(' ')[0];

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
