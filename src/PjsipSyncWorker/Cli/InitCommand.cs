using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Database;

namespace PjsipSyncWorker.Cli;

/// <summary><c>init</c>: installs or upgrades the schema and the triggers, or prints the SQL for a DBA.</summary>
internal static class InitCommand
{
    public static System.CommandLine.Command Create(Option<string?> config)
    {
        var print = new Option<bool>("--print") { Description = "Write the SQL to standard output instead of running it" };
        var createExtensions = new Option<bool>("--create-extensions") { Description = "Also create the default table public.extensions" };
        var command = new System.CommandLine.Command("init", "Install or upgrade the schema pjsip_sync and the triggers on the source table")
        {
            print, createExtensions,
        };
        command.SetAction((parsed, cancellation) => Command.RunAsync(parsed.GetValue(config),
            settings => parsed.GetValue(print)
                ? PrintAsync(settings, parsed.GetValue(createExtensions))
                : InstallAsync(settings, parsed.GetValue(createExtensions), cancellation)));
        return command;
    }

    private static async Task<int> PrintAsync(WorkerSettings settings, bool createExtensions)
    {
        foreach (var (file, sql) in Installer.Scripts(settings, createExtensions))
            await Console.Out.WriteLineAsync($"-- {file}\n{sql}");
        return ExitCode.Good;
    }

    private static async Task<int> InstallAsync(WorkerSettings settings, bool createExtensions, CancellationToken cancellation)
    {
        await using var dataSource = DataSource.Create(settings.ConnectionString);
        try
        {
            await Installer.InstallAsync(dataSource, settings, createExtensions, Console.Error.WriteLine, cancellation);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            foreach (var problem in error.MessageText.Split('\n'))
                await Console.Error.WriteLineAsync(problem);
            await Console.Error.WriteLineAsync("Nothing was changed.");
            return ExitCode.Usage;
        }
        await Console.Out.WriteLineAsync($"Installed: the schema pjsip_sync, and triggers on {settings.Source.Table}.");
        return ExitCode.Good;
    }
}
