using System.Data;
using System.Net;
using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>
/// Reads and writes the contacts and device states of one node: <c>pjsip_sync.contact</c> and <c>pjsip_sync.device</c>. Their times are on
/// the database's clock and are converted here. Not thread-safe.
/// </summary>
/// <param name="connection">The connection that holds the lease on the node. The store does not close it.</param>
internal sealed class ContactStore(NpgsqlConnection connection, string node, TimeProvider time)
{
    private readonly ClockOffset _clock = new(time);

    /// <summary>Reads the stored contacts and device states into a tracker. Makes the row of the node if there is none.</summary>
    /// <returns>Whether a snapshot is needed: see <see cref="ContactTracker.SetStored"/>.</returns>
    public async Task<bool> LoadAsync(ContactTracker tracker, CancellationToken cancellation)
    {
        await MakeNodeAsync(cancellation);
        await ReadClockAsync(cancellation);
        return tracker.SetStored(await ReadContactsAsync(cancellation), await ReadDevicesAsync(cancellation));
    }

    /// <summary>
    /// Writes differences. If the database cannot hold one of them (its encoding lacks a character, for example), bisects them until only
    /// that one is left out.
    /// </summary>
    /// <returns>The endpoints of which something could not be written.</returns>
    public async Task<List<string>> WriteAsync(PendingChanges changes, CancellationToken cancellation)
    {
        var refused = new List<string>();
        await Bisection.RunAsync(changes, async part =>
        {
            try
            {
                await WriteAtOnceAsync(part, cancellation);
                return null;
            }
            catch (PostgresException error) when (
                DatabaseErrors.RejectsRow(error) || error.SqlState == PostgresErrorCodes.ProgramLimitExceeded)
            {
                // A contact that can only be written without its free text counts as refused too.
                if (part.Count == 1)
                    refused.AddRange(part.Endpoints);
                return error;
            }
        }, part => part.Split(), onFailure: (_, _) => { });
        return refused;
    }

    private async Task MakeNodeAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("insert into pjsip_sync.node (name) values ($1) on conflict do nothing", connection)
        {
            Parameters = { Parameter.Text(node) },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<Dictionary<ContactKey, Contact>> ReadContactsAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select endpoint, uri, status, host(address), via_address, user_agent, round_trip, expires_at, registered_at
            from pjsip_sync.contact where node = $1
            """, connection) { Parameters = { Parameter.Text(node) } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var contacts = new Dictionary<ContactKey, Contact>();
        while (await reader.ReadAsync(cancellation))
        {
            contacts[new ContactKey(reader.GetString(0), reader.GetString(1))] = new Contact(
                reader.GetString(2), reader.IsDBNull(3) ? null : IPAddress.Parse(reader.GetString(3)),
                reader.TextOrNull(4), reader.TextOrNull(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<TimeSpan>(6),
                reader.IsDBNull(7) ? null : _clock.ToLocal(reader.GetFieldValue<DateTimeOffset>(7)),
                _clock.ToLocal(reader.GetFieldValue<DateTimeOffset>(8)));
        }
        return contacts;
    }

    private async Task<Dictionary<string, string>> ReadDevicesAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select endpoint, state from pjsip_sync.device where node = $1", connection)
        {
            Parameters = { Parameter.Text(node) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var devices = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            devices[reader.GetString(0)] = reader.GetString(1);
        return devices;
    }

    /// <summary>Writes all changes in one transaction, in one round trip.</summary>
    private async Task WriteAtOnceAsync(PendingChanges changes, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction);
        // Asterisk reports a removal from a shared table only once, so that commit must be durable. All other changes are derived again
        // from the tracker after a crash and may commit asynchronously.
        if (!changes.Gone.Any(gone => gone.FromAllNodes))
            batch.Add($"select {DataSource.AsynchronousCommit}");
        if (changes.Gone.Count > 0)
            batch.BatchCommands.Add(Delete(changes.Gone));
        if (changes.Contacts.Count > 0)
            batch.BatchCommands.Add(Upsert(changes.Contacts, changes.Shared));
        if (changes.Devices.Count > 0)
            batch.BatchCommands.Add(UpsertDevices(changes.Devices));
        batch.AddCommit();
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private NpgsqlBatchCommand Delete(IReadOnlyList<GoneContact> gone) => new("""
        delete from pjsip_sync.contact c using unnest($2, $3, $4) as gone (endpoint, uri, from_all_nodes)
        where (c.node = $1 or gone.from_all_nodes) and c.endpoint = gone.endpoint and c.uri = gone.uri
        """)
    {
        Parameters =
        {
            Parameter.Text(node),
            Parameter.Texts(gone.Select(contact => contact.Key.Endpoint)),
            Parameter.Texts(gone.Select(contact => contact.Key.Uri)),
            Parameter.Array(NpgsqlDbType.Boolean, gone.Select(contact => contact.FromAllNodes)),
        },
    };

    private NpgsqlBatchCommand Upsert(IReadOnlyList<ContactChange> changes, bool shared) => new("""
        insert into pjsip_sync.contact as c
          (node, endpoint, uri, status, address, via_address, user_agent, round_trip, expires_at, registered_at)
        select $1, v.endpoint, v.uri, v.status, v.address::inet, v.via_address, v.user_agent, make_interval(secs => v.round_trip),
               v.expires_at, v.registered_at
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             as v (endpoint, uri, status, address, via_address, user_agent, round_trip, expires_at, registered_at, registered)
        -- With a shared ps_contacts the worker of another server may have deleted the row. This server did not hear of that.
        where v.registered or not $12
           or exists (select from pjsip_sync.contact mine where mine.node = $1 and mine.endpoint = v.endpoint and mine.uri = v.uri)
        on conflict (node, endpoint, uri) do update
        set status = excluded.status, address = excluded.address, via_address = excluded.via_address, user_agent = excluded.user_agent,
            round_trip = excluded.round_trip, expires_at = excluded.expires_at, registered_at = excluded.registered_at
        """)
    {
        Parameters =
        {
            Parameter.Text(node),
            Parameter.Texts(changes.Select(change => change.Key.Endpoint)),
            Parameter.Texts(changes.Select(change => change.Key.Uri)),
            Parameter.Texts(changes.Select(change => change.Contact.Status)),
            Parameter.Texts(changes.Select(change => change.Contact.Address?.ToString())),
            Parameter.Texts(changes.Select(change => change.Contact.ViaAddress)),
            Parameter.Texts(changes.Select(change => change.Contact.UserAgent)),
            Parameter.Array(NpgsqlDbType.Double, changes.Select(change => change.Contact.RoundTrip?.TotalSeconds)),
            Parameter.Array(NpgsqlDbType.TimestampTz, changes.Select(change =>
                change.Contact.ExpiresAt is { } expires ? _clock.ToRemote(expires).UtcDateTime : (DateTime?)null)),
            Parameter.Array(NpgsqlDbType.TimestampTz, changes.Select(change => _clock.ToRemote(change.Contact.RegisteredAt).UtcDateTime)),
            Parameter.Array(NpgsqlDbType.Boolean, changes.Select(change => change.Registered)),
            Parameter.Of(shared),
        },
    };

    private NpgsqlBatchCommand UpsertDevices(IReadOnlyList<(string Endpoint, string State)> devices) => new("""
        insert into pjsip_sync.device as d (node, endpoint, state) select $1, * from unnest($2, $3)
        on conflict (endpoint, node) do update set state = excluded.state, since = now() where d.state is distinct from excluded.state
        """)
    {
        Parameters =
        {
            Parameter.Text(node),
            Parameter.Texts(devices.Select(device => device.Endpoint)),
            Parameter.Texts(devices.Select(device => device.State)),
        },
    };

    private async Task ReadClockAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        _clock.Observe(new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation))!));
    }
}
