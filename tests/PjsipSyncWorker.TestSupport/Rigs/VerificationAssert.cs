using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>Runs <c>verify-config</c> and asserts its results.</summary>
internal static class VerificationAssert
{
    public static async Task<IReadOnlyList<CheckReport>> VerifyAsync(WorkerSettings settings, bool fix = false)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        return (await Verifier.RunAsync(settings, fix, _ => { }, limit.Token)).Reports;
    }

    /// <summary>Exactly one check failed, for this reason and with this advice.</summary>
    public static void ExpectOnly(IReadOnlyList<CheckReport> checks, string name, string found, string advice)
    {
        var failed = checks.Where(check => check.Outcome == Outcome.Fail).ToList();
        Assert.True(failed.Count == 1 && failed[0].Name == name, Text(checks));
        Expect(checks, name, Outcome.Fail, found, advice);
    }

    public static void Expect(IReadOnlyList<CheckReport> checks, string name, Outcome outcome, string found, string? advice = null)
    {
        var check = checks.First(check => check.Name == name);
        Assert.True(check.Outcome == outcome, Text(checks));
        Assert.Contains(found, check.Found, StringComparison.Ordinal);
        if (advice is not null)
            Assert.Contains(advice, check.Advice, StringComparison.Ordinal);
    }

    public static void ExpectNoFailure(IReadOnlyList<CheckReport> checks) =>
        Assert.True(checks.All(check => check.Outcome is Outcome.Pass or Outcome.Warn), Text(checks));

    public static string Text(IReadOnlyList<CheckReport> checks) =>
        string.Join('\n', checks.Where(check => check.Outcome != Outcome.Pass)
            .Select(check => $"{check.Outcome} {check.Name}: {check.Found} -> {check.Advice}"));
}
