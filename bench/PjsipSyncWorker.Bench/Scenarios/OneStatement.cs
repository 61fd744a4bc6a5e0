using System.Diagnostics;
using PjsipSyncWorker.Bench.Baselines;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>100,000 rows in one statement: from its start until all are visible to Asterisk.</summary>
internal sealed class OneStatement : IScenario
{
    private const string Insert = """
        insert into extensions (number, password, display_name) select g::text, 'secret' || g, 'Phone ' || g
          from generate_series(100000, 199999) g
        """;

    public async Task RunAsync(Report report)
    {
        var (ours, limit) = (new List<double>(), new List<double>());
        var peak = 0L;
        for (var run = 0; run < Sample.Runs; run++)
        {
            await using (var database = await BenchDatabase.InstalledAsync())
            await using (var worker = await BenchWorker.StartAsync(database))
            {
                ours.Add(await MeasureAsync(database));
                peak = Math.Max(peak, worker.PeakBytes);
            }
            await using (var database = await BenchDatabase.UnwatchedAsync())
            {
                await TriggerLimit.InstallAsync(database);
                limit.Add(await MeasureAsync(database));
            }
        }
        report.Add(new Figure("100,000 rows in one statement: start to all visible", "ms", ours.Median(),
            limit.Median(), "trigger limit", 1.5));
        report.Add(new Figure("the worker's peak memory during that", "MB", peak / 1e6, null, null, null));
    }

    private static async Task<double> MeasureAsync(BenchDatabase database)
    {
        await using var looker = await database.OpenAsync();
        var watch = Stopwatch.StartNew();
        await database.ExecuteAsync(Insert);
        // To count them again and again would keep one of the cores busy.
        await BenchDatabase.UntilAsync(looker, """
            select exists (select from ps_endpoints where id = '199999')
            """, TimeSpan.FromMilliseconds(5));
        await BenchDatabase.UntilAsync(looker, "select count(*) = 100000 from ps_endpoints", TimeSpan.FromMilliseconds(10));
        return watch.Elapsed.TotalMilliseconds;
    }
}
