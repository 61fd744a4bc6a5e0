using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// Phones that refresh their registrations in a closed loop on a real Asterisk: as rendered, with contacts in ps_contacts and in
/// astdb and a worker that follows, beside the same phones in a static pjsip.conf.
/// </summary>
internal sealed class RegisterRefresh : IScenario
{
    public async Task RunAsync(Report report)
    {
        await using var realtime = await Pbx.StartAsync(Sizes.Phones, "realtime");
        await using var astdb = await Pbx.StartAsync(Sizes.Phones, "astdb");
        await using var plain = await StaticPbx.StartAsync(realtime);
        var phones = realtime.Phones.ToList();
        var baseline = new Series(plain.Asterisk, realtime.Database, phones);
        var inTable = new Series(realtime.Asterisk, realtime.Database, phones);
        var inAstdb = new Series(astdb.Asterisk, realtime.Database, phones);
        foreach (var series in new[] { baseline, inTable, inAstdb })
            await series.RegisterFirstAsync();
        for (var run = 0; run < Sample.Runs; run++)
            foreach (var series in new[] { baseline, inTable, inAstdb })
                await series.RefreshAsync();
        if (await realtime.Database.ScalarAsync<long>("select count(*) from ps_contacts") is var contacts && contacts > phones.Count)
            throw new InvalidOperationException($"{contacts - phones.Count} registrations were new contacts and no refreshes");
        baseline.ReportFailures(report, "static pjsip.conf");
        inTable.ReportAll(report, "contacts in ps_contacts", baseline, mostTime: 1.8, leastRate: 0.5);
        inAstdb.ReportAll(report, "contacts in astdb", baseline, mostTime: 1.3, leastRate: 0.7);
    }

    /// <summary>The measurements of one Asterisk.</summary>
    private sealed class Series(RealAsterisk asterisk, BenchDatabase database, List<Phone> phones)
    {
        private readonly SipLoad _load = new(asterisk);
        private readonly List<double> _milliseconds = [];
        private readonly List<double> _ofPostgres = [];
        private readonly List<double> _rates = [];
        private readonly List<double> _answers = [];
        private int _failed;

        public async Task RegisterFirstAsync()
        {
            var first = await _load.RegisterAsync(phones, phones.Count);
            _failed += phones.Count - first.Succeeded;
        }

        public async Task RefreshAsync()
        {
            var rounds = (Sizes.Registers + phones.Count - 1) / phones.Count;
            var (ofPostgres, ofAsterisk) = (await database.ServerProcessorTimeAsync(), asterisk.ProcessorTime);
            var refreshes = await _load.RegisterAsync(phones, rounds * phones.Count);
            _milliseconds.Add((asterisk.ProcessorTime - ofAsterisk).TotalMilliseconds / refreshes.Succeeded);
            _ofPostgres.Add((await database.ServerProcessorTimeAsync() - ofPostgres).TotalMilliseconds / refreshes.Succeeded);
            _rates.Add(refreshes.PerSecond);
            _answers.Add(refreshes.Answers.Percentile(99));
            _failed += refreshes.Failed;
        }

        public void ReportAll(Report report, string contacts, Series baseline, double mostTime, double leastRate)
        {
            const string beside = "static pjsip.conf";
            report.Add(new Figure($"{What(contacts)}: Asterisk's processor time for each", "ms",
                _milliseconds.Median(), baseline._milliseconds.Median(), beside, mostTime));
            report.Add(new Figure($"{What(contacts)}: PostgreSQL's processor time for each", "ms", _ofPostgres.Median(), null, null, null));
            report.Add(new Figure($"{What(contacts)}: how many, 20 at a time", "a second", _rates.Median(),
                baseline._rates.Median(), beside, leastRate, AtLeast: true));
            report.Add(new Figure($"{What(contacts)}: REGISTER with the password to its answer, p99",
                "ms", _answers.Median(), baseline._answers.Median(), beside, null));
            ReportFailures(report, contacts);
        }

        public void ReportFailures(Report report, string what) =>
            report.Add(new Figure($"{What(what)}: failed", "", _failed, null, null, 0));

        private string What(string variant) => FormattableString.Invariant($"REGISTER among {phones.Count:#,0}, {variant}");
    }
}
