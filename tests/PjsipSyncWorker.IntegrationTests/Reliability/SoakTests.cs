
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>
/// An application that writes, phones that come and go, and one fault after another, drawn from a seed.
/// <c>PJSIP_SYNC_TEST_SOAK</c> says for how many seconds, <c>PJSIP_SYNC_TEST_SEED</c> which; scripts/soak.sh sets both.
/// </summary>
public sealed class SoakTests
{
    [Fact]
    public async Task All_invariants_hold_after_random_faults_in_random_order()
    {
        var seed = TestRunOptions.Seed;
        var length = TimeSpan.FromSeconds(TestRunOptions.Number("PJSIP_SYNC_TEST_SOAK") ?? 180);
        TestContext.Current.SendDiagnosticMessage($"soak, seed {seed}");
        await using var rig = await FaultRig.WithAsteriskAsync();
        var phones = Enumerable.Range(0, 8).Select(i => new SipPhone(rig.Asterisk!, $"{1001 + i % 5}", "x", $"127.0.0.{11 + i}")).ToArray();
        var faults = Faults.OfTheDatabase.Concat(Faults.OfAsterisk).ToDictionary();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (var (number, round) in SoakRound.Of(seed).Index().TakeWhile(_ => watch.Elapsed < length))
        {
            var when = $"seed {seed}, round {number + 1}, after \"{round.Fault}\"";
            rig.Random = new Random(round.Chance);
            try
            {
                await using (var application = new Application(rig.Database, round.Application))
                {
                    await application.WorkAsync(30);
                    var calling = CallAsync(phones, round.Phones);
                    await faults[round.Fault](rig);
                    await calling;
                    await application.WorkAsync(30);
                }
                await Measurements.RecordAsync($"soak: {round.Fault}", await Invariants.HoldAsync(rig.Database));
                await AsteriskStatusAssert.AgreesAsync(rig.Asterisk!, rig.Database, when, TimeSpan.FromSeconds(40));
                await AsteriskStatusAssert.LampsAreRightAsync(rig.Asterisk!, rig.Database, when);
            }
            catch (Exception error)
            {
                var state = await AsteriskStatusAssert.DescribeAsync(rig.Asterisk!, rig.Database);
                throw new InvalidOperationException($"{when}\n{Tail(rig.Worker.Log)}\n{state}", error);
            }
        }
    }

    [Fact]
    public void Seed_of_a_failure_repeats_its_faults_and_actions() =>
        Assert.Equal(SoakRound.Of(4711).Take(500), SoakRound.Of(4711).Take(500));

    /// <summary>Phones register and leave; one that is not let in during a fault tries no harder than a phone would.</summary>
    private static async Task CallAsync(SipPhone[] phones, int seed)
    {
        var random = new Random(seed);
        for (var i = random.Next(1, 4); i > 0; i--)
            await phones[random.Next(phones.Length)].RegisterAsync(random.Next(3) switch { 0 => 0, 1 => 3, _ => 300 });
    }

    /// <summary>The last lines of the worker's log, without the many that name a batch of changes.</summary>
    private static string Tail(string log) =>
        string.Join('\n', log.Split('\n').Where(line => !line.Contains(" changes in ", StringComparison.Ordinal)).TakeLast(40));
}
