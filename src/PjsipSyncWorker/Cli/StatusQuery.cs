using System.Runtime.CompilerServices;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>Reads from the database what <c>status</c> shows.</summary>
internal static class StatusQuery
{
    private const string NoApplicationRows =
        "select null::text as row_key, null::text as number, false as active, null::text as display_name where false";

    /// <summary>
    /// Reads extensions in the order in which they are shown: online ones, those that need attention, offline ones, disabled ones; each
    /// group by number. Also rejected, disabled and pending rows. Rows are returned as they arrive.
    /// </summary>
    /// <param name="numbers">These numbers alone; null for all extensions. A number may be that of several rows.</param>
    /// <param name="onUnreadable">
    /// Called when an expression of the mapping fails on a row of the application's table. Names, disabled and pending rows are missing
    /// then.
    /// </param>
    public static async IAsyncEnumerable<ExtensionStatus> ReadAsync(
        NpgsqlConnection connection, string[]? numbers, Action<PostgresException>? onUnreadable,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var reader = await OpenAsync(connection, numbers, onUnreadable, cancellation);
        ExtensionStatus? current = null;
        while (await reader.ReadAsync(cancellation))
        {
            if (current is null || current.RowKey != reader.GetString(2) || current.Number != reader.GetString(0))
            {
                if (current is not null)
                    yield return current;
                current = ReadExtension(reader);
            }
            if (!reader.IsDBNull(11))
                current.Contacts.Add(ReadContact(reader));
        }
        if (current is not null)
            yield return current;
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

    /// <summary>A line for each node that no worker follows. Its registrations count only until they are too old.</summary>
    public static async Task<List<string>> UnfollowedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select format('No worker follows Asterisk %s%s: see verify-config', name,
                          ' since ' || to_char(last_seen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
            from pjsip_sync.node
            where not connected or last_seen_at < now() - (select stale_after from pjsip_sync.mapping)
            order by name
            """, connection);
        return await command.ReadTextsAsync(cancellation);
    }

    /// <summary>The server sorts, so it has read each row of the application when the first one arrives here.</summary>
    private static async Task<NpgsqlDataReader> OpenAsync(
        NpgsqlConnection connection, string[]? numbers, Action<PostgresException>? onUnreadable, CancellationToken cancellation)
    {
        try
        {
            return await ExecuteAsync(withApplicationRows: true);
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            onUnreadable?.Invoke(error);
            return await ExecuteAsync(withApplicationRows: false);
        }

        async Task<NpgsqlDataReader> ExecuteAsync(bool withApplicationRows)
        {
            await using var command = new NpgsqlCommand(Sql(numbers is not null, withApplicationRows), connection)
            {
                CommandTimeout = DataSource.BulkTimeoutSeconds,
            };
            if (numbers is not null)
                command.Parameters.Add(Parameter.Texts(numbers));
            return await command.ExecuteReaderAsync(cancellation);
        }
    }

    private static string Sql(bool byNumber, bool withApplicationRows) => $$$"""
        select * from (
          select coalesce(r.number, s.number, j.id, '') as number, s.display_name, coalesce(r.row_key, s.row_key, j.row_key) as row_key,
                 case when r.number is not null then r.status when j.row_key is not null then 'rejected'
                      when s.active then 'pending' else 'disabled' end as status,
                 r.device_state, r.device_state_since, l.registered_at as last_registered_at, l.ip, p.reasons, p.nodes, p.since,
                 c.node, c.uri, c.status as contact_status, host(c.address), c.via_address, c.user_agent, c.round_trip,
                 c.registered_at, c.expires_at
          from (select * from pjsip_sync.registration {{{(byNumber ? "where number = any ($1)" : "")}}}) r
          full join ({{{ApplicationRowsSql(byNumber, withApplicationRows)}}}) s on s.row_key = r.row_key
          full join pjsip_sync.rejected j on j.row_key = coalesce(r.row_key, s.row_key)
          left join (
            select row_key, array_agg(reason order by since, reason) as reasons, array_agg(node order by since, reason) as nodes,
                   array_agg(since order by since, reason) as since
            from pjsip_sync.problem group by row_key
          ) p on p.row_key = coalesce(r.row_key, s.row_key, j.row_key)
          left join pjsip_sync.last_registrations({{{(byNumber ? "$1" : "")}}}) l
            on l.number = coalesce(r.number, s.number, j.id) and coalesce(l.row_key, '') in ('', coalesce(r.row_key, s.row_key, j.row_key))
          left join pjsip_sync.contact c on c.endpoint = r.number
        ) as extension
        {{{(byNumber ? "where number = any ($1)" : "")}}}
        order by case when status = 'online' then 0 when reasons is not null or status in ('rejected', 'pending') then 1
                      when status = 'offline' then 2 else 3 end,
                 number collate "C", row_key collate "C", registered_at desc, uri collate "C"
        """;

    private static string ApplicationRowsSql(bool byNumber, bool withApplicationRows) => withApplicationRows
        ? $"select row_key, number, active, display_name from pjsip_sync.{(byNumber ? "extensions_by_number($1)" : "extensions()")}"
        : NoApplicationRows;

    private static ExtensionStatus ReadExtension(NpgsqlDataReader reader) => new(
        reader.GetString(0), reader.TextOrNull(1), reader.GetString(2), reader.GetString(3), reader.TextOrNull(4), TimeOrNull(reader, 5),
        TimeOrNull(reader, 6), reader.TextOrNull(7), ReadProblems(reader), []);

    private static ExtensionProblem[] ReadProblems(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(8))
            return [];
        var nodes = reader.GetFieldValue<string?[]>(9);
        var since = reader.GetFieldValue<DateTime[]>(10);
        return [.. reader.GetFieldValue<string[]>(8).Select((reason, i) => new ExtensionProblem(reason, nodes[i], since[i]))];
    }

    private static ContactStatus ReadContact(NpgsqlDataReader reader) => new(
        reader.GetString(11), reader.GetString(12), reader.GetString(13), reader.TextOrNull(14), reader.TextOrNull(15),
        reader.TextOrNull(16), reader.IsDBNull(17) ? null : reader.GetTimeSpan(17), reader.GetDateTime(18), TimeOrNull(reader, 19));

    private static DateTime? TimeOrNull(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetDateTime(ordinal);
}
