using System.Globalization;

namespace PjsipSyncWorker.TestSupport;

/// <summary>The options of a test run, which environment variables give.</summary>
internal static class TestRunOptions
{
    /// <summary>The seed <c>PJSIP_SYNC_TEST_SEED</c>, which repeats a failure; else a random one.</summary>
    public static int Seed => Number("PJSIP_SYNC_TEST_SEED") ?? Random.Shared.Next();

    /// <summary>Whether a fault is run: if <c>PJSIP_SYNC_TEST_FAULT</c> is a part of its name, or is not set.</summary>
    public static bool Fault(string name) =>
        name.Contains(Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_FAULT") ?? "", StringComparison.Ordinal);

    /// <returns>The value of a variable; null: the variable is not set.</returns>
    public static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : null;
}
