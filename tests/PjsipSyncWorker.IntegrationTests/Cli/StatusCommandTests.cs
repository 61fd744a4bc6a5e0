using System.Diagnostics;
using System.Text.Json;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>What <c>status</c> prints to programs, as the binary.</summary>
public sealed class StatusCommandTests(PostgresServer server)
{
    [Fact]
    public async Task A_program_reads_lines_of_fields_and_filters_select_them()
    {
        await using var rig = await StatusRig.CreateAsync(server);

        var all = await LinesAsync();
        Assert.Equal(["1001", "1001", "1002", "1003", "1005", "1006", "2000"], all.Take(7).Select(fields => fields[0]));
        Assert.Equal("1007", all[^1][0]);
        Assert.Equal(4 + 1 + 41 + 1, all.Count);
        Assert.All(all, fields => Assert.Equal(12, fields.Length));
        Assert.Equal(["1001", "online", "INUSE", "192.0.2.11", "2026-03-01T12:00:00Z", "pbx1", "Reachable", "-", "-", "Anna",
            @"evil\x1B[2J\x09agent", "-"], all[0]);
        Assert.Equal(["1006", "offline", "UNAVAILABLE", "198.51.100.9", "2026-03-01T12:30:00Z"], all[5][..5]);
        Assert.StartsWith("password is empty", all[4][^1], StringComparison.Ordinal);

        Assert.Equal("1001 1001 1002 1003", await NumbersAsync("--online"));
        Assert.Equal("1005", await NumbersAsync("--rejected"));
        Assert.Equal("1005 1007", await NumbersAsync("--disabled", "--problems"));
        Assert.Equal("1001 1001", await NumbersAsync("--busy"));
        Assert.Equal("1006", await NumbersAsync("--offline", "--prefix", "10"));
        Assert.Equal("", await NumbersAsync("--online", "--prefix", "20"));

        var awk = await WorkerProcess.PipeAsync(rig.Database, """awk -F'\t' '$2 == "online" { print $1, $4 }'""", "status");
        Assert.Equal("1001 192.0.2.11\n1001 192.0.2.21\n1002 192.0.2.12\n1003 192.0.2.13", awk.Text);

        async Task<List<string[]>> LinesAsync(params string[] options)
        {
            var (exit, output) = await WorkerProcess.CommandAsync(rig.Database, [], ["status", .. options]);
            Assert.Equal(0, exit);
            return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))];
        }

        async Task<string> NumbersAsync(params string[] options) =>
            string.Join(' ', (await LinesAsync(options)).Select(fields => fields[0]));
    }

    [Fact]
    public async Task Json_has_every_row_and_the_filters_apply()
    {
        await using var rig = await StatusRig.CreateAsync(server);

        var (exit, output) = await WorkerProcess.CommandAsync(rig.Database, [], "status", "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal((0, 46), (exit, json.RootElement.GetArrayLength()));
        Assert.Equal(["online", "rejected", "offline", "disabled"],
            json.RootElement.EnumerateArray().Select(one => one.GetProperty("status").GetString()!).Distinct());
        var emil = json.RootElement.EnumerateArray().Single(one => one.GetProperty("number").GetString() is "1006");
        Assert.Equal(("198.51.100.9", "2026-03-01T12:30:00Z"),
            (emil.GetProperty("last_registered_ip").GetString(), emil.GetProperty("last_registered_at").GetString()));
        var (_, busy) = await WorkerProcess.CommandAsync(rig.Database, [], "status", "--json", "--busy");
        Assert.Equal(2, JsonDocument.Parse(busy).RootElement.EnumerateArray().Single().GetProperty("contacts").GetArrayLength());
    }

    [Theory]
    [InlineData("1003", 0, "1003\tonline")]
    [InlineData("1006", 0, "1006\toffline")]
    [InlineData("1005", 1, "1005\trejected")]
    [InlineData("1007", 1, "1007\tdisabled")]
    [InlineData("1009", 1, "1009: no extension has this number; did you mean 1001 (Anna) or 1002 (Bert) or 1003?")]
    [InlineData("emil", 1, "emil: no extension has this number; did you mean 1006 (Emil)?")]
    [InlineData("203*", 1, "203*: no extension has this number; did you mean 2030 or 2031 or 2032?; for all that begin with 203: "
        + "status --prefix 203")]
    [InlineData("%", 1, "%: no extension has this number")]
    [InlineData("", 1, ": no extension has this number")]
    public async Task One_number_says_what_it_is_or_which_are_near(string number, int exitCode, string beginning)
    {
        await using var rig = await StatusRig.CreateAsync(server);

        var (exit, output) = await WorkerProcess.CommandAsync(rig.Database, [], "status", number);

        Assert.Equal(exitCode, exit);
        Assert.StartsWith(beginning, output, StringComparison.Ordinal);
        Assert.Equal(1, output.Count(c => c is '\n'));
    }

    [Fact]
    public async Task A_number_and_a_filter_are_wrong_usage()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        var (exit, output) = await WorkerProcess.CommandAsync(rig.Database, [], "status", "1001", "--online");
        Assert.Equal(2, exit);
        Assert.Contains("NUMBER shows one extension", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mapping_that_fails_on_a_row_costs_names_and_not_the_status()
    {
        await using var rig = await SyncRig.CreateAsync(server, settings: "Source:Columns:DisplayName=(1 / (length(number) - 4))::text");
        await StatusRig.FillAsync(rig);

        var (exit, output) = await WorkerProcess.CommandAsync(
            rig.Database, ["Source__Columns__DisplayName=(1 / (length(number) - 4))::text"], "status", "--json");

        Assert.Equal(0, exit);
        Assert.Contains("division by zero", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_prints_what_is_and_then_a_line_for_each_change(bool json)
    {
        await using var rig = await StatusRig.CreateAsync(server);
        using var watching = WorkerProcess.StartCommand(rig.Database, json ? ["status", "--watch", "--json", "--online"]
            : ["status", "--watch", "--online"]);
        try
        {
            Assert.Equal(["1001 online INUSE", "1002 online NOT_INUSE", "1003 online NOT_INUSE"],
                [await LineAsync(), await LineAsync(), await LineAsync()]);
            await StatusRig.ReportAsync(rig, "1002", "RINGING");
            Assert.Equal("1002 online RINGING", await LineAsync());
            await rig.Database.ExecuteAsync("delete from pjsip_sync.contact where endpoint = '1002'");
            await StatusRig.ReportAsync(rig, "1002", "UNAVAILABLE");
            Assert.Equal("1002 offline UNAVAILABLE", await LineAsync());
            // Nobody announces this; the next read of all finds it. 1002 is no longer online, so nothing is said of it.
            await rig.ChangeAsync("delete from extensions where number in ('1002', '1003')");
            Assert.Equal("1003 removed NOT_INUSE", await LineAsync());
        }
        finally
        {
            watching.Kill();
        }

        async Task<string> LineAsync()
        {
            var line = (await Eventually.Ends(watching.StandardOutput.ReadLineAsync()))!;
            if (!json)
            {
                Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\t", line);
                return string.Join(' ', line.Split('\t')[1..4]);
            }
            using var change = JsonDocument.Parse(line);
            Assert.InRange(change.RootElement.GetProperty("at").GetDateTime(), DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow);
            return string.Join(' ', new[] { "number", "status", "device_state" }.Select(key => change.RootElement.GetProperty(key)));
        }
    }

    [Fact]
    public async Task Watch_ends_quietly_when_its_reader_is_gone()
    {
        await using var rig = await StatusRig.CreateAsync(server);
        var piping = WorkerProcess.PipeAsync(rig.Database, "head -1", "status", "--watch");

        var states = new[] { "RINGING", "INUSE" };
        for (var i = 0; !piping.IsCompleted && i < 200; i++)
        {
            await StatusRig.ReportAsync(rig, "1003", states[i % 2]);
            await Task.WhenAny(piping, Task.Delay(100));
        }

        var result = await Eventually.Ends(piping);
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.Contains("\t1001\tonline\t", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_thousand_extensions_are_printed_in_seconds()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.managed_endpoint (id, row_key, column_set, revision, aor_revision)
              select g::text, g::text, 1, g, g from generate_series(100000, 199999) g;
            analyze pjsip_sync.managed_endpoint
            """);
        var watch = Stopwatch.StartNew();

        var lines = (await WorkerProcess.PipeAsync(rig.Database, "wc -l", "status")).Text;

        TestContext.Current.TestOutputHelper?.WriteLine($"100,000 lines in {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.Equal("100000", lines.Trim());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }
}
