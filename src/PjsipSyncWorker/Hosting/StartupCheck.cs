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
    /// <returns>The settings with what the database knows; see <see cref="Installation.CheckAsync"/>.</returns>
    /// <exception cref="InstallationException">
    /// The schema or a privilege is missing, or the schema has another version. For a missing table of the application the loops wait.
    /// </exception>
    /// <exception cref="RealtimeSchemaException">The ps_* tables lack something that the settings need.</exception>
    public static async Task<WorkerSettings> RunAsync(WorkerSettings settings, CancellationToken cancellation)
    {
        await using var dataSource = DataSource.Create(settings.ConnectionString);
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            var installed = await Installation.CheckAsync(connection, settings, cancellation);
            var missing = await Privileges.MissingAsync(connection, cancellation);
            if (missing.Any && await RepairAsync(connection, cancellation))
                missing = await Privileges.MissingAsync(connection, cancellation);
            if (missing.Any)
                throw new InstallationException($"this database role lacks {missing.Found}: {missing.Advice}");
            _ = new Mapper(await RealtimeSchema.LoadAsync(connection, installed.Realtime.Schema, cancellation), installed.Realtime);
            return installed;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !DatabaseErrors.IsPermanent(error))
        {
            // Starting is right: the loops report the fault and retry.
            return settings;
        }
        catch (InstallationException error) when (error.MayPass)
        {
            return settings;
        }
    }

    /// <summary>Gives back what the application's table has lost while no worker ran. A table that was made anew has no grants.</summary>
    private static async Task<bool> RepairAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            return (await SourceRepair.RunAsync(connection, cancellation)).Refusal is null;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return false; // The role lacks the rights of the repair as well.
        }
    }
}
