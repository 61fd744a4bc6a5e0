using System.CommandLine;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Cli;

/// <summary><c>verify-config</c>: does it work, and if not, what is wrong and what to do.</summary>
internal static class VerifyConfigCommand
{
    public static Command Create(Option<string?> config)
    {
        var fix = new Option<bool>("--fix") { Description = "Repair what is ours to repair: triggers, a backlog, drift" };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output" };
        var command = new Command("verify-config", "Check database, triggers, privileges, Asterisk, and that it really reads our rows") { fix, json };
        command.SetAction((parsed, cancellation) => CommandRunner.RunAsync(parsed.GetValue(config),
            settings => VerifyAsync(settings, parsed.GetValue(fix), parsed.GetValue(json), cancellation),
            parsed.GetValue(json) ? Misconfigured : null));
        return command;
    }

    /// <summary>A machine that reads JSON gets JSON.</summary>
    private static void Misconfigured(SettingsException error) => Console.Out.WriteLine(VerifyReport.Json(
        [.. error.Problems.Select(problem => new Check("configuration", null, Outcome.Fail, problem, $"Correct {SettingsSources.DefaultFile}, the file of --config or the environment", null))], null));

    private static async Task<int> VerifyAsync(WorkerSettings settings, bool fix, bool json, CancellationToken cancellation)
    {
        var (checks, registrations) = await Verifier.RunAsync(settings, fix, check =>
        {
            if (!json)
                VerifyReport.Write(check);
        }, cancellation);
        if (json)
            await Console.Out.WriteLineAsync(VerifyReport.Json(checks, registrations));
        else
            VerifyReport.WriteSummary(checks);
        var failed = checks.Where(check => check.Outcome == Outcome.Fail).ToList();
        return failed.Count == 0 ? ExitCode.Good
            : failed.Any(check => check.Name == DatabaseChecks.Reachable) ? ExitCode.Unreachable
            : ExitCode.Problems;
    }
}
