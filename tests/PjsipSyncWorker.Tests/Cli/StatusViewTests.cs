using PjsipSyncWorker.Cli;

namespace PjsipSyncWorker.Tests.Cli;

/// <summary>What <c>status</c> shows on a terminal and to programs, from extensions of all kinds.</summary>
public sealed class StatusViewTests
{
    private static readonly DateTime Moment = new(2026, 3, 1, 12, 30, 0, DateTimeKind.Utc);

    private static readonly StatusSelection All = new(null, null, []);

    private static readonly ExtensionStatus[] Office =
    [
        Phone("1001", "Anna", "online") with
        {
            DeviceState = "INUSE", DeviceStateSince = Moment,
            Contacts =
            [
                Contact("192.0.2.11", "Yealink SIP-T46U 108.86.0.20"),
                Contact("2001:db8:1111:2222:3333:4444:5555:6666", "evil\e[31m\tagent\n\u202Eloof"),
            ],
        },
        Phone("1005", "Dora", "rejected") with { Problems = [new ExtensionProblem("password is empty", null, Moment)] },
        Phone("1002", "山田太郎 from the northern warehouse of Quartermaster & Sons", "offline") with
        {
            LastRegisteredAt = Moment, LastRegisteredIp = "198.51.100.9", DeviceState = "UNAVAILABLE",
        },
        Phone("1007", null, "disabled"),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    public void No_line_of_a_list_is_wider_than_the_terminal(int width)
    {
        var lines = StatusTable.Lines(Office, width, colour: false).ToList();

        Assert.Equal(1 + 5, lines.Count);
        Assert.All(lines, line => Assert.InRange(TerminalText.Width(line), 0, width));
        Assert.All(lines, line => Assert.DoesNotContain(line, char.IsControl));
    }

    [Fact]
    public void Narrow_list_has_what_matters_and_wide_one_has_everything()
    {
        var narrow = StatusTable.Lines(Office, 80, colour: false).ToList();
        var wide = StatusTable.Lines(Office, 250, colour: false).ToList();

        Assert.Equal(["Number", "Name", "Status", "Device", "Address", "Last", "seen"], Words(narrow[0]));
        Assert.Equal(["1001", "Anna", "online", "INUSE", "192.0.2.11"], Words(narrow[1])[..5]);
        Assert.Matches("^1002    山田太郎 from t.*…  offline   UNAVAILABLE", narrow[4]);
        Assert.Contains("198.51.100.9", narrow[4], StringComparison.Ordinal);
        Assert.Equal(["Number", "Name", "Status", "Device", "Address", "Last", "seen", "User", "agent", "Round", "trip", "Contact",
            "Expires", "Node"], Words(wide[0]));
        Assert.Contains("Quartermaster & Sons", wide[4], StringComparison.Ordinal);
        Assert.Contains(@"evil\x1B[31m\x09agent\x0A\u202Eloof", wide[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(80)]
    public void Card_has_everything_and_fits(int width)
    {
        var lines = StatusCard.Lines(Office[0], Moment.AddMinutes(61), Math.Max(width, 40), colour: false).ToList();

        Assert.All(lines, line => Assert.InRange(TerminalText.Width(line), 0, Math.Max(width, 40)));
        Assert.Contains(lines, line => line.Contains("(1 hour ago)", StringComparison.Ordinal));
        var all = string.Concat(lines.Select(line => line.Trim()));
        foreach (var part in "1001 Anna online INUSE 192.0.2.11 Yealink sip:x@192.0.2.11:5060 Reachable pbx1".Split(' '))
            Assert.Contains(part, all, StringComparison.Ordinal);
    }

    [Fact]
    public void Card_of_an_offline_phone_says_where_it_was_and_of_a_rejected_one_why()
    {
        Assert.Contains("Last registered " + StatusColumns.Time(Moment) + " (2 minutes ago), from 198.51.100.9",
            StatusCard.Lines(Office[2], Moment.AddMinutes(2), 100, colour: false));
        Assert.Contains(StatusCard.Lines(Office[1], Moment, 100, colour: false), line =>
            line.StartsWith("Problem         password is empty, since", StringComparison.Ordinal));
    }

    [Fact]
    public void Line_for_programs_has_the_same_fields_for_each_extension_and_contact()
    {
        var lines = Office.SelectMany(StatusLine.Of).Select(line => line.Split('\t')).ToList();

        Assert.Equal(5, lines.Count);
        Assert.All(lines, fields => Assert.Equal(12, fields.Length));
        Assert.All(lines, fields => Assert.DoesNotContain("", fields));
        Assert.Equal(["1001", "online", "INUSE", "192.0.2.11", "2026-03-01T12:30:00Z", "pbx1", "Reachable", "12.5", "2026-03-01T12:35:00Z",
            "Anna", "Yealink SIP-T46U 108.86.0.20", "-"], lines[0]);
        Assert.Equal(["1002", "offline", "UNAVAILABLE", "198.51.100.9", "2026-03-01T12:30:00Z"], lines[3][..5]);
        Assert.Equal("password is empty", lines[2][^1]);
    }

    [Fact]
    public void Summary_leaves_out_what_there_is_none_of()
    {
        var summary = new StatusSummary();
        Assert.Equal("0 of 0 online", summary.ToString());
        foreach (var status in Office)
            summary.Add(status);
        Assert.Equal("1 of 4 online, 1 in a call, 1 rejected, 1 disabled", summary.ToString());
    }

    [Theory]
    [InlineData("--online", "1001")]
    [InlineData("--offline", "1002")]
    [InlineData("--rejected", "1005")]
    [InlineData("--disabled", "1007")]
    [InlineData("--problems", "1005")]
    [InlineData("--busy", "1001")]
    [InlineData("--offline --disabled", "1002 1007")]
    public void Filters_show_what_is_one_of_the_kinds(string options, string numbers)
    {
        var kinds = StatusSelection.AllKinds.Where(kind => options.Split(' ').Contains(kind.Option)).ToList();

        Assert.Equal(numbers, string.Join(' ', Office.Where(new StatusSelection(null, null, kinds).Shows).Select(status => status.Number)));
        Assert.DoesNotContain(Office, new StatusSelection(null, "30", kinds).Shows);
        Assert.Equal(options, new StatusSelection(null, null, kinds).ToString());
    }

    [Fact]
    public void Board_tells_changes_once_and_orders_the_last_changed_first()
    {
        var board = new StatusBoard();
        Assert.All(board.Update(null, Office, Moment), change => Assert.Null(change.Before));
        Assert.Empty(board.Update(null, Office, Moment));

        var called = Phone("1003", null, "online");
        Assert.Equal("1003", Assert.Single(board.Update(["1003"], [called], Moment)).Now.Number);
        Assert.Equal(["1001", "1003"], board.Ordered.Take(2).Select(status => status.Number));
        var change = Assert.Single(board.Update(["1003"], [called with { DeviceState = "RINGING" }], Moment));
        Assert.Equal((null, "RINGING"), (change.Before!.DeviceState, change.Now.DeviceState));
        Assert.Equal(["1003", "1001"], board.Ordered.Take(2).Select(status => status.Number));

        var gone = Assert.Single(board.Update(null, Office, Moment)).Now;
        Assert.Equal(("1003", "removed"), (gone.Number, gone.Status));
        Assert.Equal(Office.Length, board.Ordered.Count());
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(20, 5)]
    [InlineData(1, 1)]
    [InlineData(200, 60)]
    public void Screen_fits_its_terminal(int width, int height)
    {
        var (board, view) = (new StatusBoard(), new StatusScreenView(All, colour: false));
        var many = Office.Concat(Enumerable.Range(3000, 500).Select(number => Phone($"{number}", "Zoë", "offline"))).ToList();
        view.Show(board, board.Update(null, many, Moment));
        view.Show(board, board.Update(["1001"], [Office[0] with { DeviceState = "NOT_INUSE" }], Moment));
        view.Report("Database: the server is away; trying again");

        var lines = view.Lines(width, height).Take(height).ToList();

        Assert.All(lines, line => Assert.InRange(TerminalText.Width(line), 0, width));
        if (height < 24)
            return;
        Assert.InRange(view.Lines(width, height).Count(), 10, height);
        Assert.StartsWith("1 of 504 online, 1 rejected, 1 disabled", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Database: the server is away", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("1001 ", lines[3], StringComparison.Ordinal);
        var shown = lines.Count(line => line.Contains("Zoë", StringComparison.Ordinal));
        Assert.Contains($"… and {504 - 3 - shown} more", lines);
        Assert.Contains("online NOT_INUSE", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_one_slip_away_are_found_and_others_are_not()
    {
        var patterns = StatusSuggestions.OneSlipAway("10_1").ToList();

        Assert.Contains(@"10\__1", patterns);
        Assert.Contains(@"1\_01", patterns);
        Assert.Contains("101", patterns);
        Assert.Contains(@"_0\_1", patterns);
        Assert.All(StatusSuggestions.OneSlipAway("1"), pattern => Assert.InRange(pattern.Length, 1, 2));
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static ExtensionStatus Phone(string number, string? name, string status) =>
        new(number, name, number, status, null, null, null, null, [], []);

    private static ContactStatus Contact(string address, string userAgent) => new(
        "pbx1", $"sip:x@{address}:5060", "Reachable", address, null, userAgent, TimeSpan.FromMilliseconds(12.5), Moment,
        Moment.AddMinutes(5));
}
