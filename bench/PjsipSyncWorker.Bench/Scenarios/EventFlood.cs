using System.Diagnostics;
using System.Text;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>
/// A stand-in for Asterisk (<see cref="BenchAsterisk"/>) sends 1,000,000 ContactStatus events over a real socket: how many the
/// worker takes in for each second of processor time.
/// </summary>
internal sealed class EventFlood : IScenario
{
    private const int Phones = 10_000;
    private const int Events = 1_000_000;

    public async Task RunAsync(Report report)
    {
        var (rates, ofProcessor, ends) = (new List<double>(), new List<double>(), new List<double>());
        await using var database = await BenchDatabase.InstalledAsync();
        await database.ExecuteAsync($"""
            insert into extensions (number, password) select g::text, 'x' from generate_series(100000, {100_000 + Phones - 1}) g
            """);
        for (var run = 0; run < Sample.Runs; run++)
        {
            // Its snapshots say what its last events said.
            int? last = null;
            string Status(int number) => last is { } odd && (number + odd) % 2 == 1 ? "Unreachable" : "Reachable";
            await using var asterisk = new BenchAsterisk { Contacts = () => Enumerable.Range(100_000, Phones)
                .Select(number => BenchAsterisk.Contact(number, Status(number))) };
            await using var worker = await BenchWorker.StartAsync(database, asterisk.WorkerSettings);
            await using var looker = await database.OpenAsync();
            await BenchDatabase.UntilAsync(looker, $"""
                select count(*) = {Phones} from extensions where status = 'online'
                """, TimeSpan.FromMilliseconds(50));
            // At first the worker looks at a whole Asterisk every two seconds, which is not what is measured here.
            await Task.Delay(11_000);
            var rounds = Enumerable.Range(0, 2).Select(odd => Encoding.UTF8.GetBytes(string.Concat(
                Enumerable.Range(100_000, Phones).Select(
                    number => BenchAsterisk.ContactStatus(number, (number + odd) % 2 == 0 ? "Reachable" : "Unreachable"))))).ToArray();
            var processor = worker.ProcessorTime;
            var watch = Stopwatch.StartNew();
            for (var sent = 0; sent < Events; sent += Phones)
            {
                last = sent / Phones % 2;
                await asterisk.SayAsync(rounds[sent / Phones % 2]);
            }
            rates.Add(Events / watch.Elapsed.TotalSeconds);
            ofProcessor.Add(Events / (worker.ProcessorTime - processor).TotalSeconds);
            await BenchDatabase.UntilAsync(looker, $"""
                select count(*) filter (where (status = 'online') = (number::int % 2 = 1)) = {Phones} from extensions
                """, TimeSpan.FromMilliseconds(5));
            ends.Add(watch.Elapsed.TotalMilliseconds - Events / rates[^1] * 1000);
        }
        report.Add(new Figure("1,000,000 events taken in, for each second of the worker's processor time",
            "events/s", ofProcessor.Median(), null, null, 500_000, AtLeast: true));
        report.Add(new Figure("the same by the clock, with PostgreSQL writing on the same cores",
            "events/s", rates.Median(), null, null, null));
        report.Add(new Figure("after the last of them all statuses written", "ms", ends.Median(), null, null, null));
    }
}
