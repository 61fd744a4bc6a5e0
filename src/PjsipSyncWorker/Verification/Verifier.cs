using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Verification;

/// <summary>Every check there is, in the order in which they stand on each other.</summary>
internal static class Verifier
{
    /// <param name="onCheck">Told of each check as it ends.</param>
    /// <returns>The checks; and who is registered, when that could be read.</returns>
    public static async Task<(IReadOnlyList<Check> Checks, RegistrationStatistics? Registrations)> RunAsync(
        WorkerSettings settings, bool fix, Action<Check> onCheck, CancellationToken cancellation)
    {
        // A name of its own, so that these connections are not taken for a running worker.
        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { ApplicationName = "pjsip-sync-worker verify-config" };
        await using var dataSource = DataSource.Create(connection.ConnectionString);
        using var metrics = new SyncMetrics();
        var list = new CheckList(fix, onCheck);
        await list.RunAsync(new DatabaseChecks(dataSource, settings).Steps, cancellation);
        await list.RunAsync(new SyncChecks(dataSource, settings, metrics).Steps, cancellation);
        var systemNames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in settings.Asterisk.Nodes)
        {
            await using var asterisk = new NodeChecks(node, settings, dataSource, systemNames);
            await list.RunAsync(asterisk.Steps, cancellation);
        }
        var registrations = new RegistrationChecks(dataSource, settings);
        await list.RunAsync(registrations.Steps, cancellation);
        return (list.Checks, registrations.Statistics);
    }
}
