namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What befalls Asterisk, and the line to its manager interface.</summary>
internal static class AsteriskFaults
{
    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> All { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["Asterisk is killed and booted"] = async rig =>
        {
            await rig.Asterisk!.KillAsync();
            await rig.Asterisk.BootAsync();
        },
        ["Asterisk is killed in the middle of announcements and booted"] = rig => rig.WhileAnnouncingAsync(async () =>
        {
            await rig.Asterisk!.KillAsync();
            await rig.Asterisk.BootAsync();
        }),
        ["Asterisk is restarted in order"] = rig => rig.Asterisk!.RestartAsync(),
        ["PJSIP is reloaded"] = rig => rig.Asterisk!.CliAsync("module reload res_pjsip.so"),
        ["everything of Asterisk is reloaded in the middle of announcements"] = rig =>
            rig.WhileAnnouncingAsync(() => rig.Asterisk!.CliAsync("core reload")),
        ["the worker is killed in the middle of announcements and PJSIP is reloaded"] = rig => rig.WhileAnnouncingAsync(async () =>
        {
            await rig.KillWorkerAsync();
            await rig.Asterisk!.CliAsync("module reload res_pjsip.so");
            await rig.StartWorkerAsync();
        }),
        ["AMI is cut in the middle of announcements"] = rig => rig.WhileAnnouncingAsync(async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                rig.AmiLine!.CloseCurrent();
                await Task.Delay(Faults.While / 10);
            }
        }),
        ["the ODBC link is cut in the middle of announcements"] = rig => rig.WhileAnnouncingAsync(async () =>
        {
            rig.OdbcLine!.Refusing = true;
            rig.OdbcLine.CloseCurrent();
            await Task.Delay(Faults.While);
            rig.OdbcLine.Refusing = false;
        }),
        ["PJSIP is reloaded without a database"] = async rig =>
        {
            rig.OdbcLine!.Refusing = true;
            rig.OdbcLine.CloseCurrent();
            await rig.Asterisk!.CliAsync("module reload res_pjsip.so");
            await Task.Delay(Faults.While);
            rig.OdbcLine.Refusing = false;
        },
        ["AMI is slow"] = async rig =>
        {
            (rig.AmiLine!.Delay, rig.AmiLine.Piece) = (TimeSpan.FromMilliseconds(20), 100);
            await Task.Delay(Faults.While);
            (rig.AmiLine.Delay, rig.AmiLine.Piece) = (TimeSpan.Zero, 16 * 1024);
        },
        ["AMI is cut in the middle of messages"] = async rig =>
        {
            for (var i = 0; i < 10; i++)
            {
                rig.AmiLine!.CutCurrentAfter(rig.Random.Next(1, 2000));
                await Task.Delay(Faults.While / 10);
            }
        },
        ["AMI refuses for a while"] = async rig =>
        {
            rig.AmiLine!.Refusing = true;
            rig.AmiLine.CloseCurrent();
            await Task.Delay(Faults.While);
            rig.AmiLine.Refusing = false;
        },
        ["AMI falls silent and is not closed"] = async rig =>
        {
            rig.AmiLine!.StallCurrent();
            await Task.Delay(Faults.While);
        },
        ["AMI lets everybody in and says nothing"] = async rig =>
        {
            rig.AmiLine!.Silent = true;
            rig.AmiLine.CloseCurrent();
            await Task.Delay(Faults.While);
            rig.AmiLine.Silent = false;
        },
    };
}
