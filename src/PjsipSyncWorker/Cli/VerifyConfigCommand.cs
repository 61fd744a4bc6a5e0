using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Database;
using PjsipSyncWorker.Telemetry;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Cli;

/// <summary><c>verify-config</c>: does it work, and if not, what is wrong and what to do.</summary>
internal static class VerifyConfigCommand
{
    public static System.CommandLine.Command Create(Option<string?> config)
    {
        var fix = new Option<bool>("--fix") { Description = "Repair what is ours to repair: triggers, a backlog, drift" };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output" };
        var command = new System.CommandLine.Command("verify-config", "Check database, triggers, privileges, Asterisk, and that it really reads our rows") { fix, json };
        command.SetAction((parsed, cancellation) => Command.RunAsync(parsed.GetValue(config),
            settings => VerifyAsync(settings, parsed.GetValue(fix), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static async Task<int> VerifyAsync(WorkerSettings settings, bool fix, bool json, CancellationToken cancellation)
    {
        // A name of its own, so that these connections are not taken for a running worker.
        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { ApplicationName = "pjsip-sync-worker verify-config" };
        await using var dataSource = DataSource.Create(connection.ConnectionString);
        using var metrics = new SyncMetrics();
        var checks = new CheckList(fix, check =>
        {
            if (!json)
                VerifyReport.Write(check);
        });
        var registrations = new RegistrationChecks(dataSource, settings);
        await checks.RunAsync(new DatabaseChecks(dataSource, settings).Steps, cancellation);
        await checks.RunAsync(new SyncChecks(dataSource, settings, metrics).Steps, cancellation);
        var systemNames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in settings.Asterisk.Nodes)
        {
            await using var asterisk = new NodeChecks(node, settings, dataSource, systemNames);
            await checks.RunAsync(asterisk.Steps, cancellation);
        }
        await checks.RunAsync(registrations.Steps, cancellation);

        if (json)
            await Console.Out.WriteLineAsync(VerifyReport.Json(checks.Checks, registrations.Statistics));
        else
            VerifyReport.WriteSummary(checks.Checks);
        return checks.Failed(DatabaseChecks.Reachable) ? ExitCode.Unreachable
            : checks.Checks.Any(check => check.Outcome == Outcome.Fail) ? ExitCode.Problems
            : ExitCode.Good;
    }
}
