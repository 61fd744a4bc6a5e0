using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using PjsipSyncWorker.Bench.Baselines;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>
/// What our triggers cost the application: its transactions per second without them over those with them, by pgbench, side by
/// side.
/// </summary>
internal sealed partial class ApplicationCost : IScenario
{
    private const int Extensions = 10_000;
    private const string Script =
        "\\set id random(1000, 10999)\n\\set word random(1, 1000000000)\nupdate extensions set password = 'p' || :word where "
        + "number = (:id)::text;\n";

    private int _statements;

    public async Task RunAsync(Report report)
    {
        await using var watched = await BenchDatabase.InstalledAsync();
        await using var bare = await BenchDatabase.UnwatchedAsync();
        await using var recorded = await BenchDatabase.UnwatchedAsync();
        await RecordOnly.InstallAsync(recorded);
        foreach (var database in new[] { watched, bare, recorded })
        {
            await database.ExecuteAsync($"""
                insert into extensions (number, password) select g::text, 'first'
                  from generate_series(1000, {1000 + Extensions - 1}) g
                """);
            await database.ExecuteAsync("vacuum analyze extensions");
        }
        foreach (var (connections, goal) in new[] { (1, 1.15), (4, 1.2), (16, 1.25) })
            await CompareAsync(report, bare, recorded, watched, connections, goal, "no worker");
        await using (var worker = await BenchWorker.StartAsync(watched))
            foreach (var (connections, goal) in new[] { (1, 1.15), (4, 1.2), (16, 1.25) })
                await CompareAsync(report, bare, recorded, watched, connections, goal, "a worker at work beside it");

        await CompareAsync(report, "100,000 rows in one statement: the statement", 1.25, async database =>
            await StatementAsync(database, _statements++), bare, recorded, watched);
    }

    private static Task CompareAsync(Report report, BenchDatabase bare, BenchDatabase recorded,
        BenchDatabase watched, int connections, double goal, string when) =>
        CompareAsync(report,
            $"application's time for a transaction, {connections} connection{(connections == 1 ? "" : "s")}, {when}", goal,
            async database =>
            1000 * connections / await TransactionsPerSecondAsync(database, connections), bare, recorded, watched);

    private static async Task CompareAsync(
        Report report, string what, double goal, Func<BenchDatabase, Task<double>> measure,
            BenchDatabase bare, BenchDatabase recorded, BenchDatabase watched)
    {
        var (with, least, without) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            without.Add(await measure(bare));
            least.Add(await measure(recorded));
            with.Add(await measure(watched));
        }
        report.Add(new Figure(what, "ms", with.Median(), without.Median(), "without triggers", goal));
        report.Add(new Figure(what, "ms", with.Median(), least.Median(), "a trigger that only records", null));
    }

    private static async Task<double> StatementAsync(BenchDatabase database, int run)
    {
        await using var connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand($"""
            insert into extensions (number, password) select g::text, 'first'
              from generate_series({(run + 1) * 1_000_000}, {(run + 1) * 1_000_000 + 99_999}) g
            """, connection);
        var watch = Stopwatch.StartNew();
        await command.ExecuteNonQueryAsync();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static async Task<double> TransactionsPerSecondAsync(BenchDatabase database, int connections)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Script);
        var to = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var info = new ProcessStartInfo(Path.Combine(Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_PG_BIN")!, "pgbench"),
            ["-n", "-M", "prepared", "-f", file, "-c", $"{connections}", "-j", "1", "-T", "3", "-h",
                to.Host!, "-p", $"{to.Port}", "-U", to.Username!, to.Database!])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(file);
        return Tps().Match(output) is { Success: true } match
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException(output);
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
