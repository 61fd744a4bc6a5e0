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
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_MILLION") is not { Length: > 0 })
            return;
        var million = await MeasureAsync(1_000_000, 1);
        report.Add(new Figure("full comparison of 1,000,000 unchanged", "ms", million.Milliseconds, 10 * hundred.Milliseconds, "ten times that of 100,000", 1.2));
        report.Add(new Figure("its peak memory", "MB", million.PeakBytes / 1e6, null, null, 250));
    }

    private static async Task<(double Milliseconds, long PeakBytes)> MeasureAsync(int count, int runs)
    {
        await using var database = await BenchDatabase.InstalledAsync();
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"insert into extensions (number, password, display_name) select g::text, 'secret' || g, 'Phone ' || g from generate_series(1000000, {1_000_000 + count - 1}) g"));
        await BenchWorker.CommandAsync(database, "sync-extensions");
        await database.ExecuteAsync("vacuum analyze");
        await BenchWorker.CommandAsync(database, "sync-extensions");
        const string written = "select (select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables)";
        await Task.Delay(1500);
        var before = await database.ScalarAsync<long>(written);
        var times = new List<double>();
        var peak = 0L;
        for (var run = 0; run < runs; run++)
        {
            var watch = Stopwatch.StartNew();
            peak = Math.Max(peak, (await BenchWorker.CommandAsync(database, "sync-extensions")).PeakBytes);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        await Task.Delay(1500);
        var after = await database.ScalarAsync<long>(written);
        return after == before ? (times.Median(), peak) : throw new InvalidOperationException($"{after - before} rows were written");
    }
}
