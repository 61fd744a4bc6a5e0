using System.Data;
using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>Locks that a session holds until it ends, which in a pool may be long after; with them goes the limit of their holder's idleness.</summary>
internal static class SessionLocks
{
    public static async ValueTask ReleaseAsync(NpgsqlConnection connection)
    {
        if (connection.FullState != ConnectionState.Open)
            return;
        try
        {
            await using var command = new NpgsqlCommand("select pg_advisory_unlock_all(), (select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout')", connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            NpgsqlConnection.ClearPool(connection);
        }
    }
}
