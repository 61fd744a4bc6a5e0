
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>After each fault of Asterisk or of the line to it, with nobody's help, the table says what Asterisk says.</summary>
public sealed class AsteriskFaultTests
{
    [Fact]
    public async Task Status_is_right_again_after_every_fault_of_asterisk_and_of_its_line()
    {
        await using var rig = await FaultRig.WithAsteriskAsync();
        var stays = new SipPhone(rig.Asterisk!, "1001", "x", "127.0.0.11");
        var moves = new SipPhone(rig.Asterisk!, "1002", "x", "127.0.0.12");
        Assert.True(await stays.RegisterAsync());
        var registered = false;
        foreach (var (fault, befall) in Faults.OfAsterisk)
        {
            var befalling = befall(rig);
            // In the middle of it, if Asterisk lets anybody in.
            await moves.RegisterAsync(registered ? 0 : 300);
            registered = !registered;
            await befalling;
            var watch = System.Diagnostics.Stopwatch.StartNew();
            await AsteriskStatusAssert.AgreesAsync(rig.Asterisk!, rig.Database, fault, TimeSpan.FromSeconds(40));
            await Measurements.RecordAsync(fault, watch.Elapsed);
            await AsteriskStatusAssert.LampsAreRightAsync(rig.Asterisk!, rig.Database, fault);
            await Measurements.RecordAsync($"{fault}, lamps", watch.Elapsed);
            // And it works: what happens from here on is seen at once.
            Assert.True(await moves.RegisterAsync());
            await AsteriskStatusAssert.AgreesAsync(rig.Asterisk!, rig.Database, $"{fault}, then a phone came", TimeSpan.FromSeconds(40));
            Assert.True(await moves.RegisterAsync(0));
            await AsteriskStatusAssert.AgreesAsync(rig.Asterisk!, rig.Database, $"{fault}, then a phone left", TimeSpan.FromSeconds(40));
            registered = false;
        }
        await Invariants.HoldAsync(rig.Database);
    }
}
