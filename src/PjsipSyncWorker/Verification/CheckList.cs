using System.Diagnostics;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Verification;

/// <summary>Makes one check after the other: each within its time, each told as it ends, none when what it stands on failed.</summary>
internal sealed class CheckList(bool fix, Action<Check> onCheck)
{
    /// <summary>What a check may take beyond its limit to notice that it is cancelled.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly List<Check> _checks = [];

    public IReadOnlyList<Check> Checks => _checks;

    public async Task RunAsync(IEnumerable<Step> steps, CancellationToken cancellation)
    {
        foreach (var step in steps)
        {
            var check = await MakeAsync(step, cancellation);
            _checks.Add(check);
            onCheck(check);
        }
    }

    private async Task<Check> MakeAsync(Step step, CancellationToken cancellation)
    {
        if (Broken(step) is { } broken)
            return new Check(step.Name, step.Node, Outcome.Skip, $"not looked at, since {broken.Name} {(broken.Outcome == Outcome.Fail ? "failed" : "was skipped")}", null, null);
        var finding = await LookAsync(step, cancellation);
        string? done = null;
        if (fix && step.Fix is not null && finding.Outcome is Outcome.Warn or Outcome.Fail)
            (finding, done) = await FixAsync(step, finding, cancellation);
        return new Check(step.Name, step.Node, finding.Outcome, finding.Found, finding.Advice, done);
    }

    private Check? Broken(Step step) => _checks.FirstOrDefault(check =>
        step.Requires.Contains(check.Name) && (check.Node is null || check.Node == step.Node) && check.Outcome is Outcome.Fail or Outcome.Skip);

    private static async Task<(Finding Finding, string? Done)> FixAsync(Step step, Finding finding, CancellationToken cancellation)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(TimeSpan.FromMinutes(10));
            var done = await step.Fix!(limit.Token);
            return (await LookAsync(step, cancellation), done);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return (finding with { Found = $"{finding.Found}; it could not be repaired: {Describe(error)}" }, null);
        }
    }

    private static async Task<Finding> LookAsync(Step step, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(step.Limit);
        var watch = Stopwatch.StartNew();
        try
        {
            return await Task.Run(() => step.Look(limit.Token), CancellationToken.None).WaitAsync(step.Limit + Grace, cancellation);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested && error is OperationCanceledException or TimeoutException && watch.Elapsed >= step.Limit)
        {
            return Finding.Fail($"no answer within {step.Limit.TotalSeconds:0} s", step.Advice);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return Finding.Fail(Describe(error), step.Advice);
        }
    }

    /// <summary>What a server or a configuration is at fault for, in one line. A fault of ours fails its check and no other.</summary>
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
