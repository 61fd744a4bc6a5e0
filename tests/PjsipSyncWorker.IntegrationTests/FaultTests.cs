using PjsipSyncWorker.IntegrationTests.Infrastructure;

namespace PjsipSyncWorker.IntegrationTests;

/// <summary>After each fault, with nobody's help, everything holds that must.</summary>
public sealed class FaultTests
{
    public static TheoryData<string> OfTheDatabase { get; } = [.. Faults.OfTheDatabase.Keys];

    [Theory]
    [MemberData(nameof(OfTheDatabase))]
    public async Task Nothing_is_lost_when(string fault)
    {
        await using var rig = await FaultRig.CreateAsync();
        await using (var application = new Application(rig.Database, seed: fault.Length))
        {
            await application.WorkAsync(50);
            await Faults.OfTheDatabase[fault](rig);
            await application.WorkAsync(50);
        }
        await Measured.Async(fault, await Invariants.HoldAsync(rig.Database));
        // It is not only right, it works.
        await rig.Database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Invariants.HoldAsync(rig.Database, TimeSpan.FromSeconds(10));
        Assert.False(rig.Worker.HasExited, rig.Worker.Log);
    }
}
