using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Bench.Baselines;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>
/// 10,000 single-row transactions from 4 connections: how long after the last commit all of them are visible to Asterisk.
/// </summary>
internal sealed class ManyTransactions : IScenario
{
    private const int Connections = 4;
    private const int Each = 2500;

    public async Task RunAsync(Report report)
    {
        var (lag, total, plain, limit) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            await using (var database = await BenchDatabase.InstalledAsync())
            await using (var worker = await BenchWorker.StartAsync(database))
            {
                var (writing, all) = await MeasureAsync(database);
                lag.Add(all - writing);
                total.Add(all);
            }
            await using (var database = await BenchDatabase.UnwatchedAsync())
            {
                await TriggerLimit.InstallAsync(database);
                limit.Add((await MeasureAsync(database)).All);
            }
            if (run > 0)
                continue; // it takes long and says the same each time
            await using (var database = await BenchDatabase.UnwatchedAsync())
            await using (var listener = await PlainListener.StartAsync(database))
                plain.Add((await MeasureAsync(database)).All);
        }
        report.Add(new Figure("10,000 transactions from 4 connections: last commit to all visible", "ms", lag.Median(), null, null, 20));
        report.Add(new Figure("10,000 transactions from 4 connections: start to all visible", "ms",
            total.Median(), limit.Median(), "trigger limit", null));
        report.Add(new Figure("10,000 transactions from 4 connections: start to all visible", "ms",
            total.Median(), plain.Median(), "plain listener", null));
    }

    private static async Task<(double Writing, double All)> MeasureAsync(BenchDatabase database)
    {
        await using var looker = await database.OpenAsync();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(number => Task.Run(() => WriteAsync(database, number))));
        var writing = watch.Elapsed.TotalMilliseconds;
        await BenchDatabase.UntilAsync(looker, $"select count(*) = {Connections * Each} from ps_endpoints");
        return (writing, watch.Elapsed.TotalMilliseconds);
    }

    private static async Task WriteAsync(BenchDatabase database, int connection)
    {
        await using var application = await database.OpenAsync();
        await using var insert = new NpgsqlCommand("""
            insert into extensions (number, password) values ($1, 'secret')
            """, application) { Parameters = { new NpgsqlParameter<string> { TypedValue = "" } } };
        await insert.PrepareAsync();
        for (var i = 0; i < Each; i++)
        {
            ((NpgsqlParameter<string>)insert.Parameters[0]).TypedValue = $"{100_000 + connection * Each + i}";
            await insert.ExecuteNonQueryAsync();
        }
    }
}
