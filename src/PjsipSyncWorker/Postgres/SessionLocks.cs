using System.Data;
using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Releases what a session keeps until it ends: its session-level advisory locks, and its <c>idle_session_timeout</c>. A connection that
/// returns to the pool stays the same session, and would keep both.
/// </summary>
internal static class SessionLocks
{
    /// <summary>
    /// Releases all advisory locks of the session and resets <c>idle_session_timeout</c>. Does nothing on a closed connection.
    /// </summary>
    /// <remarks>If the statement fails, the pool's sessions are discarded, which releases the locks as well. Does not throw.</remarks>
    public static async ValueTask ReleaseAsync(NpgsqlConnection connection)
    {
        if (connection.FullState != ConnectionState.Open)
            return;
        try
        {
            await using var command = new NpgsqlCommand("""
                select pg_advisory_unlock_all(),
                       (select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout')
                """, connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            NpgsqlConnection.ClearPool(connection);
        }
    }
}
