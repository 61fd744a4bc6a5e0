using System.Globalization;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary><c>status</c> on a real pseudo-terminal, as the binary.</summary>
public sealed partial class StatusTerminalTests(PostgresServer server)
{
    private const string Enter = "\e[?1049h";
    private const string Leave = "\e[?1049l";

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    [InlineData("\x03")]
    [InlineData("q")]
    public async Task Watch_gives_the_terminal_back_at_any_end(string end)
    {
        await using var rig = await StatusRig.CreateAsync(server);
        await using var terminal = WorkerProcess.OpenTerminal(rig.Database, 80, 24, "status", "--watch");
        await Eventually.True(() => terminal.Output.Contains("3 of 46 online", StringComparison.Ordinal), "the screen");
        Assert.StartsWith(Enter, terminal.Output, StringComparison.Ordinal);
        Assert.False(terminal.Echoes);

        if (end.Length > 1)
            await terminal.SignalAsync(end);
        else
            terminal.Type(end);

        Assert.Equal(0, await terminal.ExitAsync());
        await Eventually.True(() => terminal.Output.EndsWith(Leave, StringComparison.Ordinal), "the last words");
        Assert.Equal((1, 1, 1), (Count(Enter), Count(Leave), Count("\e[?25h")));
        Assert.Equal(0, Count("\e[?1h"));
        Assert.Equal(terminal.AttributesBefore, terminal.Attributes);

        int Count(string sequence) => Regex.Count(terminal.Output, Regex.Escape(sequence));
    }

    [Fact]
    public async Task Watch_fits_the_terminal_and_follows_its_size_and_each_call()
    {
        await using var rig = await StatusRig.CreateAsync(server);
        await using var terminal = WorkerProcess.OpenTerminal(rig.Database, 80, 24, "status", "--watch");
        await ShowsAsync("3 of 46 online, 1 in a call, 1 rejected, 1 disabled");
        Fits(80, 24);
        Assert.Contains("… and 27 more", Screen(terminal.Output)[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("\e[2J\tagent", terminal.Output, StringComparison.Ordinal);

        terminal.Resize(40, 10);
        await Eventually.True(() => Screen(terminal.Output).Count == 10, "the smaller screen");
        Fits(40, 10);

        terminal.Resize(120, 30);
        await Eventually.True(() => Screen(terminal.Output).Count == 30, "the larger screen");
        await StatusRig.ReportAsync(rig, "1003", "RINGING");
        await ShowsAsync("1003  online RINGING 192.0.2.13, was online NOT_INUSE 192.0.2.13");
        await ShowsAsync("3 of 46 online, 2 in a call");
        Assert.StartsWith("1003 ", Screen(terminal.Output)[3], StringComparison.Ordinal);
        Fits(120, 30);

        Task ShowsAsync(string text) => Eventually.True(
            () => Screen(terminal.Output).Any(line => line.Contains(text, StringComparison.Ordinal)), text);

        void Fits(int width, int height)
        {
            var screen = Screen(terminal.Output);
            Assert.InRange(screen.Count, 5, height);
            Assert.All(screen, line => Assert.InRange(line.Length, 0, width));
        }
    }

    [Fact]
    public async Task Watch_says_that_the_database_is_away_and_goes_on_when_it_is_back()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        var database = await cluster.CreateDatabaseAsync("pbx");
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var rig = await StatusRig.FillAsync(await SyncRig.OpenAsync(database, SyncRig.Read(database)));
        await using var terminal = WorkerProcess.OpenTerminal(database, 80, 24, "status", "--watch");
        await Eventually.True(() => terminal.Output.Contains("3 of 46 online", StringComparison.Ordinal), "the screen");

        await cluster.StopAsync("fast");
        await Eventually.True(() => Screen(terminal.Output)[1].StartsWith("Database: ", StringComparison.Ordinal), "the reason");
        Assert.Contains("1001", string.Join(' ', Screen(terminal.Output)), StringComparison.Ordinal);
        await cluster.StartAsync();
        database.ForgetConnections();
        await database.ExecuteAsync("delete from pjsip_sync.contact where endpoint = '1003'");
        await Eventually.True(() => terminal.Output.Contains("2 of 46 online", StringComparison.Ordinal), "the change of the meantime");
        await Eventually.True(() => Screen(terminal.Output)[1].Length == 0, "the end of the reason");
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public async Task A_list_never_wraps_and_has_no_colour_when_none_is_wanted(int width)
    {
        await using var rig = await StatusRig.CreateAsync(server);
        await using var coloured = WorkerProcess.OpenTerminal(rig.Database, width, 24, "status");
        Assert.Equal(0, await coloured.ExitAsync());
        await Eventually.True(() => coloured.Output.Contains("3 of 46 online, 1 in a call, 1 rejected", StringComparison.Ordinal), "the end");

        Assert.Contains("\e[32monline", coloured.Output, StringComparison.Ordinal);
        var lines = Escape().Replace(coloured.Output, "").Split("\r\n");
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Equal(1 + 4 + 1 + 41 + 1, lines.TakeWhile(line => line.Length > 0).Count());
        Assert.Equal("1005: rejected: password is empty: SIP needs the clear text, or md5_cred in"[..60], lines.SkipWhile(line =>
            line.Length > 0).Skip(1).First()[..60]);

        var plain = await WorkerProcess.OnTerminalAsync(rig.Database, "status", ["NO_COLOR=1"]);
        Assert.DoesNotContain('\e', plain);
    }

    [Fact]
    public async Task One_extension_is_a_card()
    {
        await using var rig = await StatusRig.CreateAsync(server);
        await using var terminal = WorkerProcess.OpenTerminal(rig.Database, 80, 24, "status", "1001");
        Assert.Equal(0, await terminal.ExitAsync());
        await Eventually.True(() => terminal.Output.Contains("Phone 2         192.0.2.21 at pbx1", StringComparison.Ordinal), "the card");
        var card = Escape().Replace(terminal.Output, "");
        Assert.Contains("Status          online", card, StringComparison.Ordinal);
        Assert.Matches(@"Device state    INUSE, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", card);
        Assert.Contains(@"  User agent    evil\x1B[2J\x09agent", card, StringComparison.Ordinal);
    }

    /// <summary>What the terminal shows: the rows of the last frame, without colours. Each row is drawn from its first column.</summary>
    private static List<string> Screen(string output)
    {
        var rows = new SortedDictionary<int, string>();
        var lastFrame = Math.Max(0, output.LastIndexOf("\e[1;1H", StringComparison.Ordinal));
        foreach (Match part in Row().Matches(output[lastFrame..]))
            rows[int.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture)] = Escape().Replace(part.Groups[2].Value, "");
        return [.. rows.Values];
    }

    [GeneratedRegex(@"\e\[(\d+);1H([^\e]*(?:\e\[[0-9;]*m[^\e]*)*)\e\[K")]
    private static partial Regex Row();

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escape();
}
