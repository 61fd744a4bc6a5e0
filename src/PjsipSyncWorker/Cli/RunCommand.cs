using System.CommandLine;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>run</c>, the default: the daemon with both loops.</summary>
internal static class RunCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var command = new Command("run", "Run the daemon: sync, registrations, metrics (the default)");
        command.SetAction((parsed, cancellation) => ExecuteAsync(parsed.GetValue(config), cancellation));
        return command;
    }

    /// <param name="configFile">The file of <c>--config</c>; null when none was given.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> ExecuteAsync(string? configFile, CancellationToken cancellation) =>
        CommandRunner.RunAsync(configFile, async (configuration, settings) =>
        {
            await ServiceUser.BecomeAsync(settings.ConnectionString, cancellation);
            return await WorkerHost.RunAsync(configuration, settings, cancellation);
        });
}
