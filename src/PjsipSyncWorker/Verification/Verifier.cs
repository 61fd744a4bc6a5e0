using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Verification;

/// <summary>Runs every check of <c>verify-config</c>, a check after those that it requires.</summary>
/// <remarks>
/// A new check is one line in <c>Checks</c> of its group, a method beside it, and a row in the documents' table of checks.
/// </remarks>
internal static class Verifier
{
    /// <param name="fix">Whether to repair what a check can repair.</param>
    /// <param name="onReport">Receives each report as soon as its check has ended.</param>
    /// <returns>All reports in their order, and the registrations in numbers; null when they could not be read.</returns>
    public static async Task<(IReadOnlyList<CheckReport> Reports, RegistrationStatistics? Registrations)> RunAsync(
        WorkerSettings settings, bool fix, Action<CheckReport> onReport, CancellationToken cancellation)
    {
        // sync.worker counts the connections of a running worker by their name, so these have another one.
        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            ApplicationName = "pjsip-sync-worker verify-config",
        };
        await using var dataSource = DataSource.Create(connection.ConnectionString);
        settings = await InstalledAsync(dataSource, settings, cancellation);
        using var metrics = new SyncMetrics();
        var runner = new CheckRunner(fix, onReport);
        await runner.RunAsync(new DatabaseChecks(dataSource, settings).Checks, cancellation);
        await runner.RunAsync(new SyncChecks(dataSource, settings, metrics).Checks, cancellation);
        var systemNames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in settings.Asterisk.Nodes)
        {
            await using var asterisk = new NodeChecks(node, settings, dataSource, systemNames);
            await runner.RunAsync(asterisk.Checks, cancellation);
        }
        var registrations = new RegistrationChecks(dataSource, settings);
        await runner.RunAsync(registrations.Checks, cancellation);
        return (runner.Reports, registrations.Statistics);
    }

    /// <summary>Returns the settings with the schema that is installed; with that of a new installation where none can be read.</summary>
    private static async Task<WorkerSettings> InstalledAsync(
        NpgsqlDataSource dataSource, WorkerSettings settings, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            return await Installation.CheckAsync(connection, settings, cancellation);
        }
        catch (Exception error) when (error is InstallationException || DatabaseErrors.IsDatabase(error))
        {
            return settings.Realtime.Schema.Length > 0 ? settings
                : settings with { Realtime = settings.Realtime with { Schema = "asterisk" } };
        }
    }
}
