using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Cli;

/// <summary>What all commands share: settings in, one clear line and an exit code out.</summary>
internal static class Command
{
    /// <summary>Runs the work of a command that needs the installed database; see <see cref="RunAsync"/>.</summary>
    public static Task<int> OnDatabaseAsync(
        string? configFile, Func<WorkerSettings, NpgsqlDataSource, NpgsqlConnection, Task<int>> work, CancellationToken cancellation) =>
        RunAsync(configFile, async settings =>
        {
            await using var dataSource = DataSource.Create(settings.ConnectionString);
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            await Installation.CheckAsync(connection, settings, cancellation);
            return await work(settings, dataSource, connection);
        });

    /// <summary>Runs a command's work; every fault that a person can mend becomes one line on standard error.</summary>
    /// <param name="onMisconfigured">Says what is wrong with the configuration in another way.</param>
    public static async Task<int> RunAsync(string? configFile, Func<WorkerSettings, Task<int>> work, Action<SettingsException>? onMisconfigured = null)
    {
        try
        {
            return await work(SettingsReader.Read(SettingsReader.Load(configFile)));
        }
        catch (SettingsException error) when (onMisconfigured is not null)
        {
            onMisconfigured(error);
            return ExitCode.Usage;
        }
        catch (SettingsException error)
        {
            foreach (var problem in error.Problems)
                await Console.Error.WriteLineAsync($"Configuration: {problem}");
            return ExitCode.Usage;
        }
        catch (Exception error) when (error is InstallationException or RealtimeSchemaException or ConfigurationSupersededException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Usage;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            await Console.Error.WriteLineAsync($"Database: {DatabaseErrors.Describe(error)}");
            return DatabaseErrors.IsPermanent(error) ? ExitCode.Usage : ExitCode.Unreachable;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Problems;
        }
    }
}
