using System.Diagnostics;
using System.Globalization;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>sync-extensions on extensions of which none differs: how long, with how much memory, and that nothing is written.</summary>
internal sealed class FullComparison : IScenario
{
    public async Task RunAsync(Report report)
    {
        var hundred = await MeasureAsync(100_000, Sample.Runs);
        report.Add(new Figure("full comparison of 100,000 unchanged", "ms", hundred.Milliseconds, null, null, 1000));
        report.Add(new Figure("the same when nothing is known of an earlier one (--force)", "ms",
            hundred.ForcedMilliseconds, null, null, null));
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_MILLION") is not { Length: > 0 })
            return;
        var million = await MeasureAsync(1_000_000, 1);
        report.Add(new Figure("full comparison of 1,000,000 unchanged", "ms", million.Milliseconds,
            10 * hundred.Milliseconds, "ten times that of 100,000", 1.2));
        report.Add(new Figure("the same with --force", "ms", million.ForcedMilliseconds,
            10 * hundred.ForcedMilliseconds, "ten times that of 100,000", 1.2));
        report.Add(new Figure("the peak memory of both", "MB", million.PeakBytes / 1e6, null, null, 250));
    }

    private static async Task<(double Milliseconds, double ForcedMilliseconds, long PeakBytes)> MeasureAsync(int count, int runs)
    {
        await using var database = await BenchDatabase.InstalledAsync();
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            insert into extensions (number, password, display_name) select g::text, 'secret' || g, 'Phone ' || g
              from generate_series(1000000, {1_000_000 + count - 1}) g
            """));
        await BenchWorker.CommandAsync(database, "sync-extensions");
        await database.ExecuteAsync("vacuum analyze");
        await BenchWorker.CommandAsync(database, "sync-extensions");
        const string written = "select (select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables)";
        await Task.Delay(1500);
        var before = await database.ScalarAsync<long>(written);
        var peak = 0L;
        var times = await TimesAsync("sync-extensions");
        var forced = await TimesAsync("sync-extensions", "--force");
        await Task.Delay(1500);
        var after = await database.ScalarAsync<long>(written);
        return after == before ? (times.Median(), forced.Median(), peak)
            : throw new InvalidOperationException($"{after - before} rows were written");

        async Task<List<double>> TimesAsync(params string[] command)
        {
            var taken = new List<double>();
            for (var run = 0; run < runs; run++)
            {
                var watch = Stopwatch.StartNew();
                peak = Math.Max(peak, (await BenchWorker.CommandAsync(database, command)).PeakBytes);
                taken.Add(watch.Elapsed.TotalMilliseconds);
            }
            return taken;
        }
    }
}
