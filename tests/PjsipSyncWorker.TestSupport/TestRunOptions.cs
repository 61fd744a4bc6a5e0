using System.Globalization;

namespace PjsipSyncWorker.TestSupport;

/// <summary>What the person who started this run asked for, by environment variables.</summary>
internal static class TestRunOptions
{
    /// <summary>The seed of a failure, to repeat it; else one by chance.</summary>
    public static int Seed => Number("PJSIP_SYNC_TEST_SEED") ?? Random.Shared.Next();

    /// <summary>Whether this fault is wanted: <c>PJSIP_SYNC_TEST_FAULT</c> holds a piece of its name, else all are.</summary>
    public static bool Fault(string name) =>
        name.Contains(Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_FAULT") ?? "", StringComparison.Ordinal);

    /// <returns>Null when it is not set.</returns>
    public static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : null;
}
