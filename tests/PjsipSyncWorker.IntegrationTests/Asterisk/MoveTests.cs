using System.Globalization;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>docs/operate/move.md: from a hand-written pjsip.conf to the database, while the phones work.</summary>
public sealed class MoveTests(PostgresServer server)
{
    private const int First = 2001;
    private const int Count = 200;

    /// <summary>Phones that nobody calls but this test.</summary>
    private const int Quiet = 10;

    /// <summary>
    /// Time for which the phones work between two steps: <c>PJSIP_SYNC_TEST_MOVE_SECONDS</c>, else 5 s. A registration is refreshed every
    /// 10 s, so that longer runs refresh each phone between two steps.
    /// </summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(TestRunOptions.Number("PJSIP_SYNC_TEST_MOVE_SECONDS") ?? 5);

    [Fact]
    public async Task Two_hundred_phones_move_and_no_call_and_no_registration_is_lost()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        using var phones = new SipFleet("127.0.0.61", Ports.Next(), asterisk.SipPort);
        using var door = new SipFleet("127.0.0.62", Ports.Next(), asterisk.SipPort);
        using var carrierA = new SipFleet("127.0.0.63", Ports.Next(), asterisk.SipPort);
        using var carrierB = new SipFleet("127.0.0.64", Ports.Next(), asterisk.SipPort);
        string Pjsip(string sections) => Document.Read("tests/move/pjsip.conf").Replace("PHONES\n", sections, StringComparison.Ordinal)
            .Replace("SIP_PORT", $"{asterisk.SipPort}", StringComparison.Ordinal)
            .Replace("DOOR", $"sip:door@{door.Address}", StringComparison.Ordinal)
            .Replace("CARRIER_A_ADDRESS", "127.0.0.63", StringComparison.Ordinal)
            .Replace("CARRIER_B_ADDRESS", "127.0.0.64", StringComparison.Ordinal)
            .Replace("CARRIER_A", carrierA.Address, StringComparison.Ordinal)
            .Replace("CARRIER_B", carrierB.Address, StringComparison.Ordinal);

        Directory.CreateDirectory(files.Site);
        await files.AddAsync("pjsip.conf", Pjsip(Phones()));
        await files.AddAsync("extensions.conf", Document.Read("tests/move/extensions.conf"));
        await asterisk.StartFromAsync(files.Site);
        await using var traffic = new OfficeTraffic(phones, First, Count - Quiet);
        await traffic.StartAsync();
        for (var number = First + Count - Quiet; number < First + Count; number++)
            Assert.Equal(200, await phones.RegisterAsync($"{number}", OfficeTraffic.Password(number), 300));
        async Task EverythingWorksAsync()
        {
            Assert.Contains($"Objects found: {Count + 3}", await asterisk.CliAsync("pjsip show contacts"), StringComparison.Ordinal);
            foreach (var (fleet, caller, password, callee) in new[]
            {
                (phones, "2191", "secret2191", "door"), (phones, "2192", "secret2192", "0123456"),
                (carrierA, "33123", null, "4930552193"), (carrierB, "33123", null, "4930552194"),
            })
                AssertConnected(await fleet.CallAsync(caller, password, callee, Task.Delay(100)));
            await Task.Delay(Settle, TestContext.Current.CancellationToken);
            Assert.Empty(traffic.Lost);
        }
        await EverythingWorksAsync();

        // 1 and 2: the rows, made from the file, and the tables of Asterisk, without a word to Asterisk.
        string[] withNode = [.. files.Settings(), "Asterisk__Render__Contacts=astdb", "Asterisk__Render__CertificateFile="];
        string[] alone = [.. withNode.Where(setting => !setting.StartsWith("Asterisk__Nodes", StringComparison.Ordinal))];
        await CommandAsync(database, alone, "init", "--create-extensions");
        await CommandAsync(database, alone, "import", Path.Combine(files.Site, "pjsip.conf"));
        Assert.Equal(Count, await database.ScalarAsync<long>("select count(*) from extensions"));
        await CommandAsync(database, alone, "sync-extensions");

        // 3: all files but those of phones and dialplan, and the one restart, in a moment without a call.
        await files.RenderAsync(withNode);
        foreach (var name in Directory.GetFiles(files.Output).Select(Path.GetFileName).Where(name => name is not
            ("asterisk.conf" or "pjsip.conf" or "extensions.conf")))
            await asterisk.WriteAsync($"etc/{name}", await File.ReadAllTextAsync(Path.Combine(files.Output, name!)));
        var begin = DateTime.UtcNow;
        await HoldUntilQuietAsync(asterisk, phones);
        await asterisk.CliAsync("core restart now");
        await Eventually.True(async () =>
            (await asterisk.CliAsync("core waitfullybooted")).Contains("fully booted", StringComparison.Ordinal));
        phones.IsHeld = false;
        await Measurements.RecordAsync("move: restart of Asterisk", DateTime.UtcNow - begin);
        await EverythingWorksAsync();

        // 4: the phones leave the file, while calls go on and a lamp is watched.
        var hangUp = new TaskCompletionSource();
        var held = phones.CallAsync("2195", "secret2195", "2196", hangUp.Task);
        var lamp = new SipPhone(asterisk, "2197", "secret2197", "127.0.0.65").WatchAsync("2198");
        await Eventually.True(async () => (await asterisk.CliAsync("core show hints")).Contains("2198@office", StringComparison.Ordinal));
        await asterisk.WriteAsync("etc/pjsip.conf", Pjsip(""));
        begin = DateTime.UtcNow;
        phones.IsHeld = true;
        await asterisk.CliAsync("pjsip reload");
        phones.IsHeld = false;
        await Measurements.RecordAsync("move: reload of PJSIP", DateTime.UtcNow - begin);
        AssertConnected(await phones.CallAsync("2199", "secret2199", "2198", Task.Delay(1000)));
        Assert.Contains(await lamp, state => state is "early" or "confirmed");
        await EverythingWorksAsync();
        hangUp.SetResult();
        AssertConnected(await held);

        // 5: the worker follows Asterisk, and SQL is in force.
        await using var worker = await WorkerProcess.StartAsync(database, withNode);
        await Eventually.Equal(200L, () => database.ScalarAsync<long>("select count(*) from extensions where status = 'online'"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));
        await database.ExecuteAsync("update extensions set password = 'new' where number = '2200'");
        await Eventually.True(async () => await phones.RegisterAsync("2200", "new", 300) == 200);
        Assert.Equal(401, await phones.RegisterAsync("2200", "secret2200", 300));
        await EverythingWorksAsync();

        await traffic.StopAsync();
        Assert.Empty(traffic.Lost);
        var waited = traffic.Waited.ConvertAll(time => time.TotalSeconds);
        await Measurements.TableAsync([string.Create(CultureInfo.InvariantCulture,
            $"move: {traffic.Calls} calls and {traffic.Registrations} registrations of {Count} phones, lost {traffic.Lost.Count()}; "
            + $"a caller waited for a phone {waited[0]:0.0} s at most, {waited[Count / 4]:0.00} s for the {Count / 4}th, and "
            + $"{waited[waited.Count / 2]:0.00} s for half of them")]);
    }

    /// <summary>The sections of the phones, from templates.</summary>
    private static string Phones() => string.Concat(Enumerable.Range(First, Count).Select(number => $"""
        [{number}](phone)
        auth = {number}
        aors = {number}
        callerid = "Phone {number}" <{number}>

        [{number}](phone-auth)
        username = {number}
        password = {OfficeTraffic.Password(number)}

        [{number}](phone-aor)


        """));

    /// <summary>Stops what the phones send, as the firewall rule of the page does, at a moment in which nobody talks.</summary>
    private static async Task HoldUntilQuietAsync(AsteriskServer asterisk, SipFleet phones)
    {
        await Eventually.True(async () =>
        {
            phones.IsHeld = true;
            if ((await asterisk.CliAsync("core show channels count")).StartsWith("0 active channels", StringComparison.Ordinal))
                return true;
            phones.IsHeld = false;
            await Task.Delay(500);
            return false;
        }, TimeSpan.FromMinutes(1));
    }

    private static void AssertConnected(SipCall call) => Assert.Equal(call with { Status = 200, EndedByItself = false }, call);

    private static async Task CommandAsync(TestDatabase database, string[] settings, params string[] arguments)
    {
        var (exitCode, output) = await WorkerProcess.CommandAsync(database, settings, arguments);
        Assert.True(exitCode == 0, output);
    }
}
