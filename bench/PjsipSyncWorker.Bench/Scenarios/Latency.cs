using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Bench.Baselines;

namespace PjsipSyncWorker.Bench.Scenarios;

/// <summary>One change on an idle system: from its commit to the moment another session sees the row that Asterisk reads.</summary>
internal sealed class Latency : IScenario
{
    private const int Changes = 200;

    public async Task RunAsync(Report report)
    {
        await using var ours = await BenchDatabase.InstalledAsync();
        await using var plain = await BenchDatabase.UnwatchedAsync();
        await using var worker = await BenchWorker.StartAsync(ours);
        await using var listener = await PlainListener.StartAsync(plain);
        await using var oursProbe = await Probe.CreateAsync(ours);
        await using var plainProbe = await Probe.CreateAsync(plain);
        var (mine, theirs) = (new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            var (a, b) = (new List<double>(), new List<double>());
            for (var i = 0; i < Changes; i++)
            {
                a.Add(await oursProbe.ChangeAsync());
                b.Add(await plainProbe.ChangeAsync());
            }
            mine.AddRange(a);
            theirs.AddRange(b);
        }
        report.Add(new Figure("one change, commit to visible, median", "ms", mine.Median(), theirs.Median(), "plain listener", 1.1));
        report.Add(new Figure("one change, commit to visible, p99", "ms", mine.Percentile(99), theirs.Percentile(99), "plain listener", 2));
    }

    /// <summary>An application's session, and another that looks.</summary>
    private sealed class Probe : IAsyncDisposable
    {
        private readonly NpgsqlCommand _change;
        private readonly NpgsqlCommand _look;
        private int _count;

        private Probe(NpgsqlConnection application, NpgsqlConnection looker)
        {
            _change = new NpgsqlCommand("""
                update extensions set password = $1 where number = '1001'
                """, application) { Parameters = { new NpgsqlParameter<string>() } };
            _look = new NpgsqlCommand("select password = $1 from ps_auths where id = '1001'",
                looker) { Parameters = { new NpgsqlParameter<string>() } };
        }

        public static async Task<Probe> CreateAsync(BenchDatabase database)
        {
            await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'first')");
            var probe = new Probe(await database.OpenAsync(), await database.OpenAsync());
            await BenchDatabase.UntilAsync(probe._look.Connection!, "select exists (select from ps_auths)", TimeSpan.FromMilliseconds(10));
            for (var i = 0; i < 100; i++)
                await probe.ChangeAsync();
            return probe;
        }

        public async Task<double> ChangeAsync()
        {
            await Task.Delay(20);
            var password = $"password-{++_count}";
            (_change.Parameters[0].Value, _look.Parameters[0].Value) = (password, password);
            await _change.ExecuteNonQueryAsync();
            var watch = Stopwatch.StartNew();
            while (await _look.ExecuteScalarAsync() is not true)
            {
            }
            return watch.Elapsed.TotalMilliseconds;
        }

        public async ValueTask DisposeAsync()
        {
            await _change.Connection!.DisposeAsync();
            await _look.Connection!.DisposeAsync();
        }
    }
}
