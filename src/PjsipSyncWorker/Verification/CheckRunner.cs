using System.Diagnostics;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Queue;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Verification;

/// <summary>Runs checks one after the other, each within its limit. Skips a check when one that it requires failed.</summary>
/// <param name="fix">Whether to repair what a check can repair.</param>
/// <param name="onReport">Receives each report as soon as its check has ended.</param>
internal sealed class CheckRunner(bool fix, Action<CheckReport> onReport)
{
    /// <summary>Time beyond its limit for a check to notice the cancellation. After it the check is abandoned.</summary>
    private static readonly TimeSpan CancellationGrace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FixLimit = TimeSpan.FromMinutes(10);

    private readonly List<CheckReport> _reports = [];

    /// <summary>The reports so far, in the order of the checks.</summary>
    public IReadOnlyList<CheckReport> Reports => _reports;

    /// <summary>Runs the checks in their order. A check that throws fails alone.</summary>
    public async Task RunAsync(IEnumerable<Check> checks, CancellationToken cancellation)
    {
        foreach (var check in checks)
        {
            var report = await RunAsync(check, cancellation);
            _reports.Add(report);
            onReport(report);
        }
    }

    private async Task<CheckReport> RunAsync(Check check, CancellationToken cancellation)
    {
        if (FailedRequirement(check) is { } failed)
        {
            var found = $"not looked at, since {failed.Name} {(failed.Outcome == Outcome.Fail ? "failed" : "was skipped")}";
            return new CheckReport(check.Name, check.Node, Outcome.Skip, found, null, null) { SkippedFor = failed.SkippedFor ?? failed };
        }
        var result = await ResultAsync(check, cancellation);
        string? repaired = null;
        if (fix && check.Fix is not null && result.Outcome is Outcome.Warn or Outcome.Fail)
            (result, repaired) = await FixAsync(check, result, cancellation);
        return new CheckReport(check.Name, check.Node, result.Outcome, result.Found, result.Advice, repaired);
    }

    private CheckReport? FailedRequirement(Check check) => _reports.FirstOrDefault(report =>
        check.Requires.Contains(report.Name) && (report.Node is null || report.Node == check.Node)
        && report.Outcome is Outcome.Fail or Outcome.Skip);

    /// <returns>The result after the repair, and what was repaired; the result before it and null when the repair failed.</returns>
    private static async Task<(CheckResult Result, string? Repaired)> FixAsync(
        Check check, CheckResult result, CancellationToken cancellation)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(FixLimit);
            var repaired = await check.Fix!(limit.Token);
            return (await ResultAsync(check, cancellation), repaired);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return (result with { Found = $"{result.Found}; it could not be repaired: {Describe(error)}" }, null);
        }
    }

    private static async Task<CheckResult> ResultAsync(Check check, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(check.Limit);
        var watch = Stopwatch.StartNew();
        try
        {
            return await Task.Run(() => check.Run(limit.Token), CancellationToken.None)
                .WaitAsync(check.Limit + CancellationGrace, cancellation);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested
            && error is OperationCanceledException or TimeoutException && watch.Elapsed >= check.Limit)
        {
            return CheckResult.Fail($"no answer within {check.Limit.TotalSeconds:0} s", check.Advice);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return CheckResult.Fail(Describe(error), check.Advice);
        }
    }

    /// <summary>A failure in one line: the message of a server or of the configuration, or that the fault is the worker's own.</summary>
    private static string Describe(Exception error) => error switch
    {
        AmiException or InstallationException or RealtimeSchemaException or ConfigurationSupersededException
            or AsteriskRefusalException or UnknownColumnSetException => error.Message,
        SettingsException settings => string.Join("; ", settings.Problems),
        _ when DatabaseErrors.IsDatabase(error) => DatabaseErrors.Describe(error),
        OperationCanceledException => "it took too long",
        _ => $"a fault of this program ({error.GetType().Name}): {UntrustedText.Escape(error.Message)}",
    };
}
