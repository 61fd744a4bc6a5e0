using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// Calls between two phones through the rendered dialplan of a real Asterisk (INVITE, answer, BYE; no sound), in a closed loop: as
/// rendered, with contacts in ps_contacts and in astdb, beside the same phones in a static pjsip.conf, without and with a
/// program that follows Asterisk's events.
/// </summary>
internal sealed class CallSetup : IScenario
{
    /// <summary>Callers, and as many callees.</summary>
    private static readonly int Pairs = Math.Min(100, Sizes.Phones / 2);

    public async Task RunAsync(Report report)
    {
        await using var realtime = await Pbx.StartAsync(Sizes.Phones, "realtime");
        await using var astdb = await Pbx.StartAsync(Sizes.Phones, "astdb");
        await using var plain = await StaticPbx.StartAsync(realtime);
        var baseline = new Series(plain.Asterisk, realtime);
        var followed = new Series(plain.Asterisk, realtime, samePhonesAs: baseline);
        var inTable = new Series(realtime.Asterisk, realtime);
        var inAstdb = new Series(astdb.Asterisk, realtime);
        foreach (var series in new[] { baseline, inTable, inAstdb })
            await series.WarmUpAsync();
        for (var run = 0; run < Sample.Runs; run++)
        {
            await baseline.CallAsync();
            await using (await plain.ListenAsync())
                await followed.CallAsync();
            await inTable.CallAsync();
            await inAstdb.CallAsync();
        }
        baseline.ReportFailures(report, "static pjsip.conf");
        followed.ReportAll(report, "static pjsip.conf and one manager session", baseline);
        inTable.ReportAll(report, "contacts in ps_contacts", baseline, mostTime: 1.8, leastRate: 0.5);
        inAstdb.ReportAll(report, "contacts in astdb", baseline, mostTime: 1.3, leastRate: 0.7);
    }

    /// <summary>The measurements of one Asterisk.</summary>
    private sealed class Series(RealAsterisk asterisk, Pbx phones, Series? samePhonesAs = null)
    {
        private readonly SipLoad _callers = samePhonesAs?._callers ?? new(asterisk);
        private readonly SipLoad _callees = samePhonesAs?._callees ?? new(asterisk);
        private readonly List<(Phone Caller, Phone Callee)> _pairs =
            [.. phones.Phones.Take(Pairs).Zip(phones.Phones.Skip(Pairs).Take(Pairs))];
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

        public void ReportAll(Report report, string contacts, Series baseline, double? mostTime = null, double? leastRate = null)
        {
            const string beside = "static pjsip.conf";
            report.Add(new Figure($"{What(contacts)}: Asterisk's processor time for each", "ms",
                _milliseconds.Median(), baseline._milliseconds.Median(), beside, mostTime));
            report.Add(new Figure($"{What(contacts)}: PostgreSQL's processor time for each", "ms", _ofPostgres.Median(), null, null, null));
            report.Add(new Figure($"{What(contacts)}: how many, 20 at a time", "a second", _rates.Median(),
                baseline._rates.Median(), beside, leastRate, AtLeast: true));
            report.Add(new Figure($"{What(contacts)}: first INVITE to the answer, p99", "ms",
                _answers.Median(), baseline._answers.Median(), beside, null));
            ReportFailures(report, contacts);
        }

        public void ReportFailures(Report report, string what) =>
            report.Add(new Figure($"{What(what)}: failed", "", _failed, null, null, 0));

        private static string What(string variant) => FormattableString.Invariant($"call among {Sizes.Phones:#,0}, {variant}");

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
