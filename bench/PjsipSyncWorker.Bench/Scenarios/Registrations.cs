using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Npgsql;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>
/// A stand-in for Asterisk (<see cref="BenchAsterisk"/>) says that phones register: one on an idle system, and 10,000 after a
/// restart of Asterisk.
/// </summary>
internal sealed class Registrations : IScenario
{
    private const int Phones = 10_000;

    public async Task RunAsync(Report report)
    {
        var (single, all) = (new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            await using var database = await BenchDatabase.InstalledAsync();
            await database.ExecuteAsync($"""
                insert into extensions (number, password) select g::text, 'x'
                  from generate_series(100000, {100_000 + Phones - 1}) g
                """);
            var phones = new ConcurrentDictionary<int, string>();
            await using var asterisk =
                new BenchAsterisk { Contacts = () => phones.Select(phone => BenchAsterisk.Contact(phone.Key, phone.Value)) };
            await using var worker = await BenchWorker.StartAsync(database, asterisk.WorkerSettings);
            await using var looker = await database.OpenAsync();
            await BenchDatabase.UntilAsync(looker, """
                select connected and refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint)
                  from pjsip_sync.node
                """, TimeSpan.FromMilliseconds(50));
            await Task.Delay(1000);
            single.Add((await OneByOneAsync(asterisk, phones, looker)).Median());
            all.Add(await AllAsync(asterisk, phones, looker));
        }
        report.Add(new Figure("one ContactStatus event to extensions.status, median", "ms", single.Median(), null, null, 3));
        report.Add(new Figure("10,000 phones register within 2 s: last event to all statuses written",
            "ms", all.Median(), null, null, 500));
    }

    private static async Task<List<double>> OneByOneAsync(BenchAsterisk asterisk, ConcurrentDictionary<int,
        string> phones, NpgsqlConnection looker)
    {
        await using var look = new NpgsqlCommand("""
            select status = $1 from extensions where number = '100000'
            """, looker) { Parameters = { new NpgsqlParameter<string> { TypedValue = "" } } };
        var times = new List<double>();
        for (var i = 0; i < 100; i++)
        {
            await Task.Delay(20);
            ((NpgsqlParameter<string>)look.Parameters[0]).TypedValue = i % 2 == 0 ? "online" : "offline";
            phones[100_000] = i % 2 == 0 ? "Reachable" : "Unreachable";
            var watch = Stopwatch.StartNew();
            await asterisk.SayAsync(Encoding.UTF8.GetBytes(BenchAsterisk.ContactStatus(100_000, phones[100_000])));
            while (await look.ExecuteScalarAsync() is not true)
            {
            }
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        return times;
    }

    private static async Task<double> AllAsync(BenchAsterisk asterisk, ConcurrentDictionary<int, string> phones, NpgsqlConnection looker)
    {
        const int steps = 20;
        for (var step = 0; step < steps; step++)
        {
            var some = Enumerable.Range(100_000 + step * Phones / steps, Phones / steps).ToList();
            foreach (var number in some)
                phones[number] = "NonQualified";
            await asterisk.SayAsync(
                Encoding.UTF8.GetBytes(string.Concat(some.Select(number => BenchAsterisk.ContactStatus(number, "NonQualified")))));
            await Task.Delay(100);
        }
        var watch = Stopwatch.StartNew();
        await BenchDatabase.UntilAsync(looker, $"""
            select count(*) = {Phones} from extensions where status = 'online'
            """, TimeSpan.FromMilliseconds(5));
        return watch.Elapsed.TotalMilliseconds;
    }
}
