using System.Diagnostics;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>
/// The binary itself: how soon it is ready, what it takes when there is nothing to do, how large it is. The contacts are those of
/// a stand-in for Asterisk (<see cref="BenchAsterisk"/>).
/// </summary>
internal sealed class Start : IScenario
{
    private const int Phones = 10_000;

    public async Task RunAsync(Report report)
    {
        await using var database = await BenchDatabase.InstalledAsync();
        await database.ExecuteAsync($"""
            insert into extensions (number, password, display_name) select g::text, 'x', 'Phone ' || g
              from generate_series(100000, {100_000 + Phones - 1}) g
            """);
        await BenchWorker.CommandAsync(database, "sync-extensions");
        await database.ExecuteAsync("vacuum analyze");
        var starts = new List<double>();
        for (var run = 0; run < Sample.Runs + 1; run++)
        {
            var watch = Stopwatch.StartNew();
            await using var worker = await BenchWorker.StartAsync(database);
            if (run > 0)
                starts.Add(watch.Elapsed.TotalMilliseconds);
        }
        report.Add(new Figure("start of the binary to first sync done, 10,000 in place", "ms", starts.Median(), null, null, 250));

        await using var asterisk = new BenchAsterisk { Contacts = () => Enumerable.Range(100_000, Phones)
            .Select(number => BenchAsterisk.Contact(number, "Reachable")) };
        await using var idle = await BenchWorker.StartAsync(database, [.. asterisk.WorkerSettings, "Asterisk__SnapshotInterval=00:00:05"]);
        await using var looker = await database.OpenAsync();
        await BenchDatabase.UntilAsync(looker, $"""
            select count(*) = {Phones} from extensions where status = 'online'
            """, TimeSpan.FromMilliseconds(50));
        await Task.Delay(TimeSpan.FromSeconds(15));
        report.Add(new Figure("resident memory, 10,000 extensions and contacts", "MB", idle.ResidentBytes / 1e6, null, null, 50));
        report.Add(new Figure("binary", "MB", new FileInfo(BenchWorker.Path).Length / 1e6, null, null, 22));
    }
}
