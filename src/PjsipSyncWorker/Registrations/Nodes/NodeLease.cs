using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// The right of one worker to follow one node: a session-level advisory lock on the node's name. It lasts as long as the connection lives.
/// Not thread-safe.
/// </summary>
internal sealed class NodeLease : IAsyncDisposable
{
    /// <summary>The server ends a silent holder's session after this time, a multiple of the interval between heartbeats.</summary>
    private const string IdleLimit = "20s";

    private readonly NpgsqlConnection _connection;
    private readonly string _node;

    private NodeLease(NpgsqlConnection connection, string node, TimeProvider time)
    {
        (_connection, _node) = (connection, node);
        Contacts = new ContactStore(connection, node, time);
    }

    /// <summary>The contacts and device states of the node in the database. Only the holder of the lease may use them.</summary>
    public ContactStore Contacts { get; }

    /// <summary>Tries once to get the lease on a node.</summary>
    /// <returns>Null while another worker holds the lease.</returns>
    public static async Task<NodeLease?> TryAcquireAsync(
        NpgsqlDataSource dataSource, string node, TimeProvider time, CancellationToken cancellation)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            var lease = new NodeLease(connection, node, time);
            if (await lease.TryLockAsync(cancellation))
                return lease;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Writes whether the node is connected, and when it was last seen, to <c>pjsip_sync.node</c>.</summary>
    /// <param name="connected">Whether there is a session with Asterisk. False leaves the time of the last contact as it is.</param>
    /// <param name="problem">Why the registrations of the node may be wrong; null when nothing is known to be wrong.</param>
    public Task HeartbeatAsync(bool connected, string? problem, CancellationToken cancellation) => ExecuteAsync("""
        update pjsip_sync.node
        set connected = $2, degraded = $3, last_seen_at = case when $2 then now() else last_seen_at end
        where name = $1 and ($2 or connected or degraded is distinct from $3)
        """, cancellation, Parameter.Text(_node), Parameter.Of(connected), Parameter.Text(problem));

    /// <summary>Releases the lock, because the pool keeps the session, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await SessionLocks.ReleaseAsync(_connection);
        await _connection.DisposeAsync();
    }

    private async Task<bool> TryLockAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({AdvisoryLock.Node})", _connection)
        {
            Parameters = { Parameter.Text(_node) },
        };
        if (await command.ExecuteScalarAsync(cancellation) is not true)
            return false;
        // A worker that hangs without closing its connection must not keep the lease from others (PostgreSQL 14 and later).
        await ExecuteAsync(
            "select set_config(name, $1, false) from pg_settings where name = 'idle_session_timeout'", cancellation,
            Parameter.Text(IdleLimit));
        return true;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
