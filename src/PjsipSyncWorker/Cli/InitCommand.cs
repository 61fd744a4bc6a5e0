using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Cli;

/// <summary><c>init</c>: installs or upgrades the schema pjsip_sync and the triggers, or prints the SQL for a DBA.</summary>
internal static class InitCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var print = new Option<bool>("--print") { Description = "Write the SQL to standard output instead of running it" };
        var createExtensions = new Option<bool>("--create-extensions") { Description = "Also create the default table public.extensions" };
        var createStatusTable = new Option<bool>("--create-status-table")
        {
            Description = "Also create the table that Source:StatusTable names",
        };
        var roles = new Option<bool>("--roles")
        {
            Description = "Also create the roles pjsip_sync and asterisk, with no more rights than each needs",
        };
        var command = new Command("init", "Install or upgrade the schema pjsip_sync and the triggers on the source table")
        {
            print, createExtensions, createStatusTable, roles,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var options = (parsed.GetValue(createExtensions) ? InstallOptions.CreateExtensions : InstallOptions.None)
                | (parsed.GetValue(createStatusTable) ? InstallOptions.CreateStatusTable : InstallOptions.None)
                | (parsed.GetValue(roles) ? InstallOptions.Roles : InstallOptions.None);
            return CommandRunner.RunAsync(parsed.GetValue(config), settings =>
                options.HasFlag(InstallOptions.CreateStatusTable) && settings.Source.StatusTable.Length == 0 ? NoStatusTableAsync()
                : parsed.GetValue(print) ? PrintAsync(settings, options)
                : InstallAsync(settings, options, cancellation));
        });
        return command;
    }

    private static async Task<int> NoStatusTableAsync()
    {
        await Console.Error.WriteLineAsync("--create-status-table needs Source:StatusTable: name the table there");
        return ExitCode.Usage;
    }

    private static async Task<int> PrintAsync(WorkerSettings settings, InstallOptions options)
    {
        foreach (var (file, sql) in Installer.Scripts(settings, options))
            await Console.Out.WriteLineAsync($"-- {file}\n{sql}");
        return ExitCode.Good;
    }

    private static async Task<int> InstallAsync(WorkerSettings settings, InstallOptions options, CancellationToken cancellation)
    {
        await ServiceUser.BecomeAsync(settings.ConnectionString, cancellation);
        await using var dataSource = DataSource.Create(settings.ConnectionString);
        try
        {
            await Installer.InstallAsync(dataSource, settings, options, Console.Error.WriteLine, cancellation);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            foreach (var problem in error.MessageText.Split('\n'))
                await Console.Error.WriteLineAsync(problem);
            await Console.Error.WriteLineAsync("Nothing was changed.");
            return ExitCode.Usage;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            await Console.Error.WriteLineAsync(
                $"{DatabaseErrors.Describe(error)}. Nothing was changed. Run init as a superuser, "
                + $"or as a role that may create in this database and owns {settings.Source.Table}; "
                + "or give a DBA what init --print writes");
            return ExitCode.Usage;
        }
        await Console.Out.WriteLineAsync($"Installed: the schema pjsip_sync, and triggers on {settings.Source.Table}.");
        return ExitCode.Good;
    }
}
