using System.Net;
using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations;

/// <summary>
/// What the database keeps of one node. Holding one means holding the session lock on the node's name:
/// as long as its connection lives, this worker is the only one that follows the node. Times are kept on the database's clock.
/// </summary>
internal sealed class NodeStore(NpgsqlConnection connection, string node, TimeProvider time) : IAsyncDisposable
{
    private readonly ClockOffset _clock = new(time);

    /// <summary>Several of the heartbeats that a living follower sends.</summary>
    private const string IdleLimit = "20s";

    /// <summary>Tries to become the one that follows this node.</summary>
    /// <returns>Null while another worker does.</returns>
    public static async Task<NodeStore?> TryOpenAsync(NpgsqlDataSource dataSource, string node, TimeProvider time, CancellationToken cancellation)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            var store = new NodeStore(connection, node, time);
            if (await store.TryLockAsync(cancellation))
                return store;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Reads what is stored, into the tracker.</summary>
    /// <returns>Whether the tracker needs a snapshot.</returns>
    public async Task<bool> LoadAsync(ContactTracker tracker, CancellationToken cancellation)
    {
        await ExecuteAsync("insert into pjsip_sync.node (name) values ($1) on conflict do nothing", cancellation, Text(node));
        await ReadClockAsync(cancellation);
        var contacts = new Dictionary<ContactKey, Contact>();
        await using (var command = new NpgsqlCommand("""
            select endpoint, uri, status, host(address), via_address, user_agent, round_trip, expires_at, registered_at
            from pjsip_sync.contact where node = $1
            """, connection) { Parameters = { Text(node) } })
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                contacts[new ContactKey(reader.GetString(0), reader.GetString(1))] = new Contact(
                    reader.GetString(2), reader.IsDBNull(3) ? null : IPAddress.Parse(reader.GetString(3)), reader.TextOrNull(4), reader.TextOrNull(5),
                    reader.IsDBNull(6) ? null : reader.GetFieldValue<TimeSpan>(6),
                    reader.IsDBNull(7) ? null : _clock.ToLocal(reader.GetFieldValue<DateTimeOffset>(7)), _clock.ToLocal(reader.GetFieldValue<DateTimeOffset>(8)));
            }
        }
        var devices = new Dictionary<string, string>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand("select endpoint, state from pjsip_sync.device where node = $1", connection) { Parameters = { Text(node) } })
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
                devices[reader.GetString(0)] = reader.GetString(1);
        }
        return tracker.SetStored(contacts, devices);
    }

    /// <summary>Writes differences. What the database cannot hold (a character that its encoding lacks, say) is narrowed down until only that is left out.</summary>
    /// <returns>The endpoints of which something was refused.</returns>
    public async Task<List<string>> WriteAsync(PendingChanges changes, CancellationToken cancellation)
    {
        try
        {
            await WriteWholeAsync(changes, cancellation);
            return [];
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error) || error.SqlState == PostgresErrorCodes.ProgramLimitExceeded)
        {
            var refused = new List<string>(changes.Count == 1 ? changes.Endpoints : []);
            foreach (var part in changes.Smaller())
                refused.AddRange(await WriteAsync(part, cancellation));
            return refused;
        }
    }

    /// <summary>In one transaction of its own: all or nothing.</summary>
    private async Task WriteWholeAsync(PendingChanges changes, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction);
        // What goes from all nodes is told once; of all else this node's tracker knows after a crash that it is missing.
        if (!changes.Gone.Any(gone => gone.FromAllNodes))
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"select {DataSource.AsynchronousCommit}"));
        if (changes.Gone.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("""
                delete from pjsip_sync.contact c using unnest($2, $3, $4) as gone (endpoint, uri, everywhere)
                where (c.node = $1 or gone.everywhere) and c.endpoint = gone.endpoint and c.uri = gone.uri
                """)
            {
                Parameters =
                {
                    Text(node),
                    Array(NpgsqlDbType.Text, changes.Gone.Select(gone => gone.Key.Endpoint)),
                    Array(NpgsqlDbType.Text, changes.Gone.Select(gone => gone.Key.Uri)),
                    Array(NpgsqlDbType.Boolean, changes.Gone.Select(gone => gone.FromAllNodes)),
                },
            });
        if (changes.Contacts.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("""
                insert into pjsip_sync.contact as c (node, endpoint, uri, status, address, via_address, user_agent, round_trip, expires_at, registered_at)
                select $1, v.endpoint, v.uri, v.status, v.address::inet, v.via_address, v.user_agent, make_interval(secs => v.round_trip), v.expires_at, v.registered_at
                from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as v (endpoint, uri, status, address, via_address, user_agent, round_trip, expires_at, registered_at, registered)
                -- with a shared ps_contacts another server's worker may have taken it out, of which this server heard nothing
                where v.registered or not $12
                   or exists (select from pjsip_sync.contact mine where mine.node = $1 and mine.endpoint = v.endpoint and mine.uri = v.uri)
                on conflict (node, endpoint, uri) do update
                set status = excluded.status, address = excluded.address, via_address = excluded.via_address, user_agent = excluded.user_agent,
                    round_trip = excluded.round_trip, expires_at = excluded.expires_at, registered_at = excluded.registered_at
                """)
            {
                Parameters =
                {
                    Text(node),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Key.Endpoint)),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Key.Uri)),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Contact.Status)),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Contact.Address?.ToString())),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Contact.ViaAddress)),
                    Array(NpgsqlDbType.Text, changes.Contacts.Select(contact => contact.Contact.UserAgent)),
                    Array(NpgsqlDbType.Double, changes.Contacts.Select(contact => contact.Contact.RoundTrip?.TotalSeconds)),
                    Array(NpgsqlDbType.TimestampTz, changes.Contacts.Select(contact => contact.Contact.ExpiresAt is { } expires ? _clock.ToRemote(expires).UtcDateTime : (DateTime?)null)),
                    Array(NpgsqlDbType.TimestampTz, changes.Contacts.Select(contact => _clock.ToRemote(contact.Contact.RegisteredAt).UtcDateTime)),
                    Array(NpgsqlDbType.Boolean, changes.Contacts.Select(contact => contact.Registered)),
                    new NpgsqlParameter { Value = changes.Shared },
                },
            });
        if (changes.Devices.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("""
                insert into pjsip_sync.device as d (node, endpoint, state) select $1, * from unnest($2, $3)
                on conflict (endpoint, node) do update set state = excluded.state where d.state is distinct from excluded.state
                """)
            { Parameters = { Text(node), Array(NpgsqlDbType.Text, changes.Devices.Select(device => device.Endpoint)), Array(NpgsqlDbType.Text, changes.Devices.Select(device => device.State)) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Notes that the node is there, or not.</summary>
    public Task HeartbeatAsync(bool connected, string? degraded, CancellationToken cancellation) => ExecuteAsync("""
        update pjsip_sync.node
        set connected = $2, degraded = $3, last_seen_at = case when $2 then now() else last_seen_at end
        where name = $1 and ($2 or connected or degraded is distinct from $3)
        """, cancellation, Text(node), new NpgsqlParameter { Value = connected }, Text(degraded));

    /// <summary>The pool keeps sessions as they are, so the lock is let go first.</summary>
    public async ValueTask DisposeAsync()
    {
        await SessionLocks.ReleaseAsync(connection);
        await connection.DisposeAsync();
    }

    private async Task ReadClockAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        _clock.Observe(new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation))!));
    }

    private async Task<bool> TryLockAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({AdvisoryLock.Node})", connection) { Parameters = { Text(node) } };
        if (await command.ExecuteScalarAsync(cancellation) is not true)
            return false;
        // A worker that fell silent without closing its connection must not keep the node from others (PostgreSQL 14 and later).
        await ExecuteAsync("select set_config(name, $1, false) from pg_settings where name = 'idle_session_timeout'", cancellation, Text(IdleLimit));
        return true;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Array<T>(NpgsqlDbType type, IEnumerable<T> values) => new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
