using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Hosting;

/// <summary>Ends the daemon before it starts when waiting would not help, such as a missing schema or privilege.</summary>
internal static class StartupCheck
{
    /// <summary>
    /// Checks the installation, the role's privileges, and the mapping onto the ps_* tables. Returns normally when the
    /// database does not answer, because the loops report that and retry.
    /// </summary>
    /// <exception cref="InstallationException">The schema or a privilege is missing, or the schema has another version.</exception>
    /// <exception cref="RealtimeSchemaException">The ps_* tables lack something that the settings need.</exception>
    public static async Task RunAsync(NpgsqlDataSource dataSource, WorkerSettings settings, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            await Installation.CheckAsync(connection, settings, cancellation);
            var missing = await Privileges.MissingAsync(connection, cancellation);
            if (missing.Any)
                throw new InstallationException($"this database role lacks {missing.Found}: {missing.Advice}");
            _ = new Mapper(await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation), settings.Realtime);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !DatabaseErrors.IsPermanent(error))
        {
            // Starting is right: the loops report the fault and retry.
        }
    }
}
