using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Cli;

/// <summary>Reads the settings for a command, and turns its failures into one clear line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>EPIPE of Linux.</summary>
    private const int BrokenPipe = 32;

    /// <summary>
    /// Runs a command that needs the installed database, with an open connection to it. Root becomes the service's user first
    /// (<see cref="ServiceUser"/>): a command that reads files of others must have read them before.
    /// </summary>
    /// <inheritdoc cref="RunAsync(string?, Func{IConfiguration, WorkerSettings, Task{int}}, Action{SettingsException}?)"/>
    public static Task<int> RunOnDatabaseAsync(
        string? configFile, Func<WorkerSettings, NpgsqlDataSource, NpgsqlConnection, Task<int>> work, CancellationToken cancellation) =>
        RunAsync(configFile, async settings =>
        {
            await ServiceUser.BecomeAsync(settings.ConnectionString, cancellation);
            await using var dataSource = DataSource.Create(settings.ConnectionString);
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            settings = await Installation.CheckAsync(connection, settings, cancellation);
            return await work(settings, dataSource, connection);
        });

    /// <inheritdoc cref="RunAsync(string?, Func{IConfiguration, WorkerSettings, Task{int}}, Action{SettingsException}?)"/>
    public static Task<int> RunAsync(
        string? configFile, Func<WorkerSettings, Task<int>> work, Action<SettingsException>? onMisconfigured = null) =>
        RunAsync(configFile, (_, settings) => work(settings), onMisconfigured);

    /// <inheritdoc cref="RunAsync(Func{Task{int}}, Action{SettingsException}?)"/>
    /// <param name="configFile">The file of <c>--config</c>; null when none was given.</param>
    public static Task<int> RunAsync(
        string? configFile, Func<IConfiguration, WorkerSettings, Task<int>> work, Action<SettingsException>? onMisconfigured = null) =>
        RunAsync(() =>
        {
            var configuration = SettingsSources.Load(configFile);
            return work(configuration, SettingsReader.Read(configuration));
        }, onMisconfigured);

    /// <summary>Runs a command. A failure that a person can repair becomes one line on standard error; any other is thrown.</summary>
    /// <param name="work">The command; returns the exit code.</param>
    /// <param name="onMisconfigured">Reports the problems of the configuration instead; null for a line each on standard error.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(Func<Task<int>> work, Action<SettingsException>? onMisconfigured = null)
    {
        try
        {
            return await work();
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever reads the output has enough, such as head.
            if (error.HResult == BrokenPipe)
                return ExitCode.Good;
            await Console.Error.WriteLineAsync($"Standard output cannot be written: {(error.InnerException ?? error).Message}");
            return ExitCode.Problems;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Problems;
        }
    }
}
