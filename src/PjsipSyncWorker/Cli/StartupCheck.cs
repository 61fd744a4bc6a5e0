using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// What waiting cannot mend ends the daemon before it starts; a server that does not answer yet is waited for by the loops.
/// </summary>
internal static class StartupCheck
{
    public static async Task RunAsync(IServiceProvider services, WorkerSettings settings, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(cancellation);
            await Installation.CheckAsync(connection, settings, cancellation);
            var missing = await Privileges.MissingAsync(connection, cancellation);
            if (missing.Any)
                throw new InstallationException($"this database role lacks {missing.Found}: {missing.Advice}");
            _ = new Mapper(await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation), settings.Realtime);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !DatabaseErrors.IsPermanent(error))
        {
            // The loops say so and try again.
        }
    }
}
