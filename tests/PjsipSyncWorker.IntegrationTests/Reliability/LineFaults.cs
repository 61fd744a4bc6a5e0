namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What befalls the line between the worker and its database.</summary>
internal static class LineFaults
{
    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> All { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["the line is slow"] = async rig =>
        {
            (rig.Line.Delay, rig.Line.Piece) = (TimeSpan.FromMilliseconds(20), 700);
            await Task.Delay(Faults.While * 2);
            (rig.Line.Delay, rig.Line.Piece) = (TimeSpan.Zero, 16 * 1024);
        },
        ["the line is cut in the middle of messages"] = async rig =>
        {
            for (var i = 0; i < 20; i++)
            {
                rig.Line.CutCurrentAfter(rig.Random.Next(1, 400));
                await Task.Delay(Faults.While / 20);
            }
        },
        ["nobody gets through for a while"] = async rig =>
        {
            rig.Line.Refusing = true;
            rig.Line.CloseCurrent();
            await Task.Delay(Faults.While);
            rig.Line.Refusing = false;
        },
        ["every connection falls silent and none is closed"] = async rig =>
        {
            rig.Line.StallCurrent();
            await Task.Delay(Faults.While);
        },
        ["only the listening connections fall silent"] = async rig =>
        {
            foreach (var port in await rig.Database.RowsAsync(
                $"select client_port from pg_stat_activity where usename = '{FaultRig.WorkerRole}' and query ~ '^(listen|select 1$)'"))
                rig.Line.StallCurrent(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
            await Task.Delay(Faults.While);
        },
        ["whoever comes is let in and never hears a word"] = async rig =>
        {
            rig.Line.Silent = true;
            rig.Line.StallCurrent();
            await Task.Delay(Faults.While * 2);
            rig.Line.Silent = false;
        },
    };
}
