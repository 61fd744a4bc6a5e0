namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What can befall a worker, by name: each is done, lasts a while, and is over. Nobody helps the worker.</summary>
internal static class Faults
{
    public static TimeSpan While { get; } = TimeSpan.FromSeconds(2);

    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> OfTheDatabase { get; } =
        ServerFaults.All.Concat(RoleFaults.All).Concat(TableFaults.All).Concat(LineFaults.All).ToDictionary();

    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> OfAsterisk => AsteriskFaults.All;
}
