using System.Diagnostics;
using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// One new extension on an idle system, among few and among many that a real Asterisk knows: what its announcement costs
/// Asterisk, and how soon it is told.
/// </summary>
internal sealed class OneAmongMany : IScenario
{
    /// <summary>In each run. Processor time is counted in ticks of 10 ms.</summary>
    private const int Extensions = 50;

    /// <summary>What Asterisk does after it has answered the last announcement counts too.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(Report report)
    {
        (double Milliseconds, double Told)? baseline = null;
        foreach (var among in Sizes.Among)
        {
            var (milliseconds, told) = await MeasureAsync(among);
            var what = FormattableString.Invariant($"one new extension among {among:#,0}");
            report.Add(new Figure($"{what}: Asterisk's processor time", "ms", milliseconds, null, null, 20));
            if (baseline is { } few)
            {
                var beside = FormattableString.Invariant($"among {Sizes.Among[0]:#,0}");
                report.Add(new Figure($"{what}: the same beside few", "ms", milliseconds, few.Milliseconds, beside, 1.5));
                report.Add(new Figure($"{what}: commit to told, median", "ms", told, few.Told, beside, null));
            }
            else
                report.Add(new Figure($"{what}: commit to told, median", "ms", told, null, null, null));
            baseline ??= (milliseconds, told);
        }
    }

    private static async Task<(double Milliseconds, double Told)> MeasureAsync(int among)
    {
        await using var pbx = await Pbx.StartAsync(among, "realtime");
        var (milliseconds, told) = (new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            var before = pbx.Asterisk.ProcessorTime;
            for (var i = 0; i < Extensions; i++)
                told.Add(await AddOneAsync(pbx));
            await Task.Delay(Afterwards);
            milliseconds.Add((pbx.Asterisk.ProcessorTime - before).TotalMilliseconds / Extensions);
        }
        foreach (var phone in pbx.Phones.Skip(among))
            if (!await pbx.Asterisk.KnowsAsync(phone.Number))
                throw new InvalidOperationException($"{phone.Number} counts as told, and Asterisk does not know it");
        return (milliseconds.Median(), told.Median());
    }

    private static async Task<double> AddOneAsync(Pbx pbx)
    {
        await pbx.AddAsync(1);
        var watch = Stopwatch.StartNew();
        return await pbx.IsToldAsync(Sizes.Limit, TimeSpan.FromMilliseconds(1))
            ? watch.Elapsed.TotalMilliseconds
            : throw new TimeoutException(
                $"Asterisk was not told of one extension within {Sizes.Limit.TotalSeconds} s: {await pbx.StandingAsync()}");
    }
}
