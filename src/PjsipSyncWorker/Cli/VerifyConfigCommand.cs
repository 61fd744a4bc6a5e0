using System.CommandLine;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Cli;

/// <summary><c>verify-config</c>: checks that everything works, and says what is wrong and what to do.</summary>
internal static class VerifyConfigCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var fix = new Option<bool>("--fix") { Description = "Repair what is ours to repair: triggers, a backlog, drift" };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output" };
        var command = new Command("verify-config", "Check database, triggers, privileges, Asterisk, and that it really reads our rows")
        {
            fix, json,
        };
        command.SetAction((parsed, cancellation) => CommandRunner.RunAsync(parsed.GetValue(config),
            settings => VerifyAsync(settings, parsed.GetValue(fix), parsed.GetValue(json), cancellation),
            parsed.GetValue(json) ? PrintMisconfigured : null));
        return command;
    }

    /// <summary>Prints problems of the configuration as failed checks, because a program that asked for JSON expects JSON.</summary>
    private static void PrintMisconfigured(SettingsException error)
    {
        const string advice = $"Correct {SettingsSources.DefaultFile}, the file of --config or the environment";
        var reports = error.Problems.Select(problem => new CheckReport("configuration", null, Outcome.Fail, problem, advice, null));
        Console.Out.WriteLine(VerifyReport.Json([.. reports], null));
    }

    private static async Task<int> VerifyAsync(WorkerSettings settings, bool fix, bool json, CancellationToken cancellation)
    {
        await ServiceUser.BecomeAsync(settings.ConnectionString, cancellation);
        var (reports, registrations) = await Verifier.RunAsync(settings, fix, report =>
        {
            if (!json)
                VerifyReport.Write(report);
        }, cancellation);
        if (json)
            await Console.Out.WriteLineAsync(VerifyReport.Json(reports, registrations));
        else
            VerifyReport.WriteRest(reports);
        var failed = reports.Where(report => report.Outcome == Outcome.Fail).ToList();
        return failed.Count == 0 ? ExitCode.Good
            : failed.Any(report => report.Name == DatabaseChecks.Reachable) ? ExitCode.Unreachable
            : ExitCode.Problems;
    }
}
