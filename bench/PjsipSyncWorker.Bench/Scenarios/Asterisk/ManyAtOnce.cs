using System.Diagnostics;
using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench.Scenarios.Asterisk;

/// <summary>
/// Very many new extensions in one statement on a real Asterisk, all of whose phones have registered, while 20 of them a second
/// refresh their registrations: how long until Asterisk is told of all, and whether the phones feel it.
/// </summary>
internal sealed class ManyAtOnce : IScenario
{
    private const int RegistersPerSecond = 20;

    /// <summary>The phones register for so long before the statement, and after Asterisk was told.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    public async Task RunAsync(Report report)
    {
        foreach (var (count, among) in Sizes.AtOnce)
        {
            var measured = new List<Measurement>();
            for (var run = 0; run < Sample.Runs; run++)
                measured.Add(await MeasureAsync(count, among));
            var what = FormattableString.Invariant($"{count:#,0} new extensions at once among {among:#,0}");
            // A figure that is a limit must not look like one that was measured.
            var given = measured.Any(one => !one.IsTold)
                ? FormattableString.Invariant($" (not all within {Sizes.Limit.TotalSeconds:0} s, given up)") : "";
            report.Add(new Figure($"{what}: commit to told{given}", "s", measured.Select(one => one.Seconds).Median(),
                null, null, count <= 500 ? 10 : 60));
            report.Add(new Figure($"{what}: Asterisk's processor time until then, with {RegistersPerSecond} REGISTERs a second{given}", "s",
                measured.Select(one => one.ProcessorSeconds).Median(), null, null, count <= 500 ? 5 : null));
            report.Add(new Figure($"{what}: announcements sent", "", measured.Select(one => one.Announcements).Median(), null, null, null));
            report.Add(new Figure($"{what}: reloads of PJSIP", "", measured.Select(one => one.Reloads).Median(), null, null, null));
            report.Add(new Figure(
                FormattableString.Invariant($"{what}: REGISTERs of other phones that failed, of {measured.Sum(one => one.Registers):#,0}"),
                "", measured.Sum(one => one.Failed), null, null, 0));
            if (measured.Max(one => one.LongestWait) is { } longest)
                report.Add(new Figure($"{what}: the longest wait of one of those that did not", "ms", longest, null, null, null));
        }
    }

    private static async Task<Measurement> MeasureAsync(int count, int among)
    {
        await using var pbx = await Pbx.StartAsync(among, "realtime");
        var (load, phones) = (new SipLoad(pbx.Asterisk), pbx.Phones.ToList());
        var first = await load.RegisterAsync(phones, phones.Count);
        await using var registering = await load.KeepRegisteringAsync(phones, RegistersPerSecond);
        await Task.Delay(Margin);

        var (before, toldBefore) = (pbx.Asterisk.ProcessorTime, await pbx.ToldAsync());
        await pbx.AddAsync(count);
        var watch = Stopwatch.StartNew();
        var isTold = await pbx.IsToldAsync(Sizes.Limit, TimeSpan.FromMilliseconds(20));
        var (seconds, processor) = (watch.Elapsed.TotalSeconds, pbx.Asterisk.ProcessorTime - before);

        await Task.Delay(Margin);
        var registers = await registering.StopAsync();
        var toldNow = await pbx.ToldAsync();
        return new Measurement(isTold, seconds, processor.TotalSeconds, toldNow.Announcements - toldBefore.Announcements,
            toldNow.Reloads - toldBefore.Reloads,
            registers.Succeeded + registers.Failed, registers.Failed + first.Failed, registers.Whole.Count == 0
                ? null : registers.Whole.Max());
    }

    /// <param name="Registers">Registrations of other phones meanwhile.</param>
    /// <param name="LongestWait">Milliseconds from a phone's first REGISTER to the 200; null when none succeeded.</param>
    private sealed record Measurement(bool IsTold, double Seconds, double ProcessorSeconds,
        double Announcements, double Reloads, int Registers, int Failed, double? LongestWait);
}
