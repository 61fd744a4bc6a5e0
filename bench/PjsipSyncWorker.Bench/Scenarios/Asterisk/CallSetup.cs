using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// Calls between two phones through the rendered dialplan of a real Asterisk (INVITE, answer, BYE; no sound), in a closed loop: as
/// rendered, beside the same phones in a static pjsip.conf.
/// </summary>
internal sealed class CallSetup : IScenario
{
    /// <summary>Callers, and as many callees.</summary>
    private static readonly int Pairs = Math.Min(100, Sizes.Phones / 2);

    public async Task RunAsync(Report report)
    {
        await using var rendered = await Pbx.StartAsync(Sizes.Phones, "realtime");
        await using var plain = await StaticPbx.StartAsync(rendered);
        var ours = new Series(rendered.Asterisk, rendered);
        var baseline = new Series(plain.Asterisk, rendered);
        foreach (var series in new[] { baseline, ours })
            await series.WarmUpAsync();
        for (var run = 0; run < Sample.Runs; run++)
            foreach (var series in new[] { baseline, ours })
                await series.CallAsync();
        ours.Report(report, baseline);
    }

    /// <summary>The measurements of one Asterisk.</summary>
    private sealed class Series(RealAsterisk asterisk, Pbx phones)
    {
        private readonly SipLoad _callers = new(asterisk);
        private readonly SipLoad _callees = new(asterisk);
        private readonly List<(Phone Caller, Phone Callee)> _pairs = [.. phones.Phones.Take(Pairs).Zip(phones.Phones.Skip(Pairs).Take(Pairs))];
        private readonly List<double> _milliseconds = [];
        private readonly List<double> _ofPostgres = [];
        private readonly List<double> _rates = [];
        private readonly List<double> _answers = [];
        private int _failed;

        public async Task WarmUpAsync()
        {
            var registered = await _callees.RegisterAsync(_pairs.Select(pair => pair.Callee), Pairs);
            _failed += registered.Failed;
            await CallAsync(Pairs);
        }

        public async Task CallAsync()
        {
            var (ofPostgres, ofAsterisk) = (await phones.Database.ServerProcessorTimeAsync(), asterisk.ProcessorTime);
            var calls = await CallAsync(Sizes.Calls);
            _milliseconds.Add((asterisk.ProcessorTime - ofAsterisk).TotalMilliseconds / calls.Succeeded);
            _ofPostgres.Add((await phones.Database.ServerProcessorTimeAsync() - ofPostgres).TotalMilliseconds / calls.Succeeded);
            _rates.Add(calls.PerSecond);
            _answers.Add(calls.Whole.Percentile(99));
        }

        public void Report(Report report, Series baseline)
        {
            const string beside = "static pjsip.conf";
            var what = FormattableString.Invariant($"call among {Sizes.Phones:#,0}");
            report.Add(new Figure($"{what}: Asterisk's processor time for each", "ms", _milliseconds.Median(), baseline._milliseconds.Median(), beside, null));
            report.Add(new Figure($"{what}: PostgreSQL's processor time for each", "ms", _ofPostgres.Median(), null, null, null));
            report.Add(new Figure($"{what}: how many, 20 at a time", "a second", _rates.Median(), baseline._rates.Median(), beside, null));
            report.Add(new Figure($"{what}: first INVITE to the answer, p99", "ms", _answers.Median(), baseline._answers.Median(), beside, null));
            report.Add(new Figure($"{what}: failed", "", _failed, null, null, 0));
            report.Add(new Figure($"{what}, static pjsip.conf: failed", "", baseline._failed, null, null, 0));
        }

        private async Task<SipResult> CallAsync(int count)
        {
            await using var answering = await _callees.AnswerAsync();
            var calls = await _callers.CallAsync(_pairs, count);
            await answering.StopAsync();
            _failed += calls.Failed;
            return calls;
        }
    }
}
