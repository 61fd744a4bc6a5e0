using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>Reads from the database what <c>status</c> shows.</summary>
internal static class StatusQuery
{
    /// <summary>The status of extensions, by number; of each its contacts, the newest first.</summary>
    /// <param name="number">One extension; null for all.</param>
    public static async Task<List<ExtensionStatus>> ReadAsync(NpgsqlConnection connection, string? number, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select r.number, s.display_name, r.status, r.device_state,
                   array(select reason from pjsip_sync.problem p where p.row_key = r.row_key),
                   c.node, c.uri, c.status, host(c.address), c.via_address, c.user_agent, c.round_trip, c.registered_at, c.expires_at
            from pjsip_sync.registration r
            left join pjsip_sync.extensions(case when $1 is null then null else array[$1] end) s
              on s.number = r.number and s.row_key = r.row_key
            left join pjsip_sync.contact c on c.endpoint = r.number
            where $1 is null or r.number = $1
            order by r.number, c.registered_at desc, c.uri
            """, connection)
        { Parameters = { new NpgsqlParameter { Value = (object?)number ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var statuses = new List<ExtensionStatus>();
        while (await reader.ReadAsync(cancellation))
        {
            if (statuses.Count == 0 || statuses[^1].Number != reader.GetString(0))
            {
                statuses.Add(new ExtensionStatus(
                    reader.GetString(0), reader.TextOrNull(1), reader.GetString(2), reader.TextOrNull(3),
                    reader.GetFieldValue<string[]>(4), []));
            }
            if (reader.IsDBNull(5))
                continue;
            statuses[^1].Contacts.Add(new ContactStatus(
                reader.GetString(5), reader.GetString(6), reader.GetString(7),
                reader.TextOrNull(8), reader.TextOrNull(9), reader.TextOrNull(10),
                reader.IsDBNull(11) ? null : reader.GetTimeSpan(11),
                reader.GetDateTime(12),
                reader.IsDBNull(13) ? null : reader.GetDateTime(13)));
        }
        return statuses;
    }

    /// <summary>Extensions that have no status, because they were rejected and never configured; each with the reason.</summary>
    public static async Task<List<ExtensionStatus>> RejectedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select coalesce(nullif(id, ''), 'no number'), reason from pjsip_sync.rejected r
            where not exists (select from pjsip_sync.managed_endpoint e where e.row_key = r.row_key and e.deleted_at is null)
            order by 1
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rejected = new List<ExtensionStatus>();
        while (await reader.ReadAsync(cancellation))
            rejected.Add(new ExtensionStatus(reader.GetString(0), null, "rejected", null, [$"rejected: {reader.GetString(1)}"], []));
        return rejected;
    }

    /// <summary>
    /// A line for each connected node that has endpoints waiting to be announced. Asterisk reports no events of a phone that
    /// registers before that.
    /// </summary>
    public static async Task<List<string>> WaitingAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select format('%s %s to be announced to %s', count(*),
                          case when count(*) = 1 then 'extension waits' else 'extensions wait' end, n.name)
            from pjsip_sync.node n join pjsip_sync.managed_endpoint e on e.aor_revision > n.refreshed_revision and e.deleted_at is null
            where n.connected
            group by n.name order by n.name
            """, connection);
        return await command.ReadTextsAsync(cancellation);
    }

    /// <summary>The number, and the reason why it has no status.</summary>
    public static async Task<string> WhyMissingAsync(NpgsqlConnection connection, string number, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select coalesce((select 'rejected: ' || reason from pjsip_sync.rejected where id = $1 limit 1),
                            (select case when active then 'not synced yet: is the worker running?' else 'not active (Source:Active)' end
                             from pjsip_sync.extensions(array[$1]) limit 1),
                            'no extension has this number')
            """, connection)
        { Parameters = { new() { Value = number } } };
        return $"{number}: {await command.ExecuteScalarAsync(cancellation)}";
    }
}
