using System.Diagnostics;
using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// A real Asterisk boots, all of whose phones have registered: without a worker, beside the same phones in a static pjsip.conf. Then
/// it is restarted while a worker follows: what the worker announces again, and how soon every status is right.
/// </summary>
internal sealed class BootAndRestart : IScenario
{
    /// <summary>Asterisk goes on to make device states after it is fully booted.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    public async Task RunAsync(Report report)
    {
        await using var pbx = await Pbx.StartAsync(Sizes.Boot, "realtime");
        var load = new SipLoad(pbx.Asterisk);
        await RegisterAllAsync(load, pbx);
        await pbx.StopWorkerAsync();
        await using (var plain = await StaticPbx.StartAsync(pbx))
        {
            await RegisterAllAsync(new SipLoad(plain.Asterisk), pbx);
            await CompareBootsAsync(report, pbx.Asterisk, plain.Asterisk);
        }
        await pbx.StartWorkerAsync();
        await RestartAsync(report, pbx, load);
    }

    private static async Task CompareBootsAsync(Report report, RealAsterisk ours, RealAsterisk baseline)
    {
        var (mine, theirs) = (new List<(double Seconds, double Processor)>(), new List<(double Seconds, double Processor)>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            theirs.Add(await BootAsync(baseline));
            mine.Add(await BootAsync(ours));
        }
        const string beside = "static pjsip.conf";
        var what = FormattableString.Invariant($"boot with {Sizes.Boot:#,0} registered phones");
        report.Add(new Figure($"{what}: until fully booted", "s", mine.Select(boot => boot.Seconds).Median(),
            theirs.Select(boot => boot.Seconds).Median(), beside, null));
        report.Add(new Figure($"{what}: processor time until {Settling.TotalSeconds:0} s later", "s",
            mine.Select(boot => boot.Processor).Median(), theirs.Select(boot => boot.Processor).Median(), beside, null));
    }

    private static async Task<(double Seconds, double Processor)> BootAsync(RealAsterisk asterisk)
    {
        await asterisk.StopAsync();
        var watch = Stopwatch.StartNew();
        await asterisk.BootAsync();
        var seconds = watch.Elapsed.TotalSeconds;
        await Task.Delay(Settling);
        return (seconds, asterisk.ProcessorTime.TotalSeconds);
    }

    private static async Task RestartAsync(Report report, Pbx pbx, SipLoad load)
    {
        var (announcements, reloads, statuses, done) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < Sample.Runs; run++)
        {
            await RegisterAllAsync(load, pbx);
            await ExpectAsync(pbx, StatusesAre("true"));
            var before = await pbx.ToldAsync();
            var process = await pbx.Database.ScalarAsync<string>("select process from pjsip_sync.node");
            await pbx.Asterisk.StopAsync();
            // A tenth of the registrations end meanwhile, so that a status that is right was read after the restart.
            await pbx.Database.ExecuteAsync("delete from ps_contacts where endpoint ~ '0$'");
            await pbx.Asterisk.BootAsync();
            var watch = Stopwatch.StartNew();
            await ExpectAsync(pbx, $"select ({StatusesAre("number !~ '0$'")}) and (select process <> '{process}' from pjsip_sync.node)");
            statuses.Add(watch.Elapsed.TotalSeconds);
            if (!await pbx.IsToldAsync(Sizes.Limit, TimeSpan.FromMilliseconds(50)))
                throw new TimeoutException($"Asterisk was not told again after its restart: {await pbx.StandingAsync()}");
            done.Add(watch.Elapsed.TotalSeconds);
            await Task.Delay(Settling);
            var after = await pbx.ToldAsync();
            announcements.Add(after.Announcements - before.Announcements);
            reloads.Add(after.Reloads - before.Reloads);
        }
        var what = FormattableString.Invariant($"Asterisk restarted with {Sizes.Boot:#,0} registered phones");
        report.Add(new Figure($"{what}: announcements sent", "", announcements.Median(), null, null, 0));
        report.Add(new Figure($"{what}: reloads of PJSIP", "", reloads.Median(), null, null, 0));
        report.Add(new Figure($"{what}: fully booted to nothing left to announce", "s", done.Median(), null, null, null));
        report.Add(new Figure($"{what}: fully booted to every status and device state right", "s", statuses.Median(), null, null, null));
    }

    private static async Task RegisterAllAsync(SipLoad load, Pbx pbx)
    {
        var registered = await load.RegisterAsync(pbx.Phones, Sizes.Boot);
        if (registered.Failed > 0)
            throw new InvalidOperationException($"{registered.Failed} phones could not register");
    }

    private static string StatusesAre(string registered) => $"""
        select bool_and((status = 'online') = ({registered}) and (state is not distinct from 'NOT_INUSE') = ({registered}))
          from extensions left join pjsip_sync.device on endpoint = number
        """;

    private static async Task ExpectAsync(Pbx pbx, string sql)
    {
        if (!await BenchDatabase.IsSoonAsync(pbx.Looker, sql, TimeSpan.FromMilliseconds(50), Sizes.Limit))
            throw new TimeoutException(sql);
    }
}
