using Npgsql;

namespace PjsipSyncWorker.Schema;

/// <summary>Which rights the worker needs, and which of them this session's role does not have.</summary>
internal static class Privileges
{
    private const string Tables = """
        with wanted (schema, relation, privileges) as (values
          ('pjsip_sync', 'mapping', 'select'), ('pjsip_sync', 'registration', 'select'), ('pjsip_sync', 'problem', 'select'),
          ('pjsip_sync', 'change', 'select, insert, delete'), ('pjsip_sync', 'column_set', 'select, insert'),
          ('pjsip_sync', 'managed_endpoint', 'select, insert, update, delete'), ('pjsip_sync', 'rejected', 'select, insert, update, delete'),
          ('pjsip_sync', 'node', 'select, insert, update, delete'), ('pjsip_sync', 'contact', 'select, insert, update, delete'),
          ('pjsip_sync', 'device', 'select, insert, update, delete'), ('pjsip_sync', 'status_recheck', 'select, insert, delete'),
          ('pjsip_sync', 'unloadable', 'select, insert, update, delete'), ('pjsip_sync', 'reserved_name', 'select, insert, update, delete'),
          ('pjsip_sync', 'missing_reference', 'select, insert, update, delete'),
          ('pjsip_sync', 'mailbox', 'select, insert, update'), ('pjsip_sync', 'row_key_change', 'select, delete'),
          ('pjsip_sync', 'message_lamp', 'select, insert, update'), ('pjsip_sync', 'status_rejected', 'select, insert, update, delete'),
          ('pjsip_sync', 'bucket_digest', 'select, insert, update, delete'),
          ($1, 'ps_endpoints', 'select, insert, update, delete'), ($1, 'ps_auths', 'select, insert, update, delete'),
          ($1, 'ps_aors', 'select, insert, update, delete'), ($1, 'ps_contacts', 'select, update, delete'))
        select format('usage on schema %I', nspname) from pg_namespace
        where nspname in ('pjsip_sync', $1) and not has_schema_privilege(oid, 'usage')
        union all
        select format('%s on %I.%I', string_agg(privilege, ', ' order by n), schema, relname)
        from wanted
        join pg_namespace n on n.nspname = schema
        join pg_class c on c.relnamespace = n.oid and c.relname = relation
        cross join unnest(string_to_array(privileges, ', ')) with ordinality as each (privilege, n)
        where not has_table_privilege(c.oid, privilege)
        group by schema, relname
        union all
        select format('update (%I) on pjsip_sync.mapping', attname) from pg_attribute
        where attrelid = (select oid from pg_class where relnamespace = (select oid from pg_namespace where nspname = 'pjsip_sync') and relname = 'mapping')
          and attname in ('fingerprint', 'stale_after', 'unreachable_online') and not has_column_privilege(attrelid, attnum, 'update')
        union all
        select format('usage on sequence pjsip_sync.%I', relname) from pg_class
        where relnamespace = (select oid from pg_namespace where nspname = 'pjsip_sync') and relname = 'revision' and relkind = 'S' and not has_sequence_privilege(oid, 'usage')
        union all
        select format('execute on function pjsip_sync.%I', proname) from pg_proc
        where pronamespace = (select oid from pg_namespace where nspname = 'pjsip_sync')
          and proname in ('refresh_mapping', 'extensions', 'write_status', 'write_status_by_row', 'reject_status', 'lock_class', 'may_notify', 'repair_triggers', 'refresh_endpoint_view') and not has_function_privilege(oid, 'execute')
        order by 1
        """;

    private const string Columns = """
        with source as (select to_regclass(source_table) as id, source_table as name, reads, writes from pjsip_sync.mapping)
        select format('%s (%s) on %s', privilege, string_agg(quote_ident(used), ', '), name)
        from (
          select id, name, 'select' as privilege, unnest(reads) as used from source
          union all select id, name, 'update', unnest(writes) from source
        ) as wanted
        join pg_attribute on attrelid = id and attname = used and not attisdropped
        where not has_column_privilege(id, attnum, privilege)
        group by name, privilege
        union all
        select format('%s on %s', string_agg(privilege, ', ' order by n), status_table)
        from pjsip_sync.mapping cross join unnest(array['select', 'insert', 'update', 'delete']) with ordinality as each (privilege, n)
        where not has_table_privilege(to_regclass(nullif(status_table, '')), privilege)
        group by status_table
        order by 1
        """;

    private const string Policies = """
        select format('create policy pjsip_sync on %s to %I using (true)', hidden, current_user) from pjsip_sync.tables_with_hidden_rows() as hidden order by 1
        """;

    public static async Task<MissingPrivileges> MissingAsync(NpgsqlConnection connection, string realtimeSchema, CancellationToken cancellation)
    {
        var grants = await ReadAsync(new NpgsqlCommand(Tables, connection) { Parameters = { new() { Value = realtimeSchema } } }, cancellation);
        // Without these the mapping, which names the columns, cannot be read.
        return grants.Count > 0
            ? new MissingPrivileges(grants, [])
            : new MissingPrivileges(await ReadAsync(new NpgsqlCommand(Columns, connection), cancellation), await ReadAsync(new NpgsqlCommand(Policies, connection), cancellation));
    }

    private static async Task<List<string>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using (command)
        {
            var missing = new List<string>();
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                missing.Add(reader.GetString(0));
            return missing;
        }
    }
}

/// <summary>What this session's role lacks.</summary>
/// <param name="Grants">Each as it would stand in a GRANT.</param>
/// <param name="Policies">Statements, one for each table with row-level policies that may hide rows.</param>
internal sealed record MissingPrivileges(IReadOnlyList<string> Grants, IReadOnlyList<string> Policies)
{
    public bool Any => Grants.Count + Policies.Count > 0;

    /// <summary>In words, for a person.</summary>
    public string Found => string.Join("; ", [.. Grants, .. Policies.Count > 0 ? ["a row-level policy that shows it every row"] : Array.Empty<string>()]);

    /// <summary>What to do.</summary>
    public string Advice => string.Join("; ",
    [
        .. Grants.Count > 0 ? ["run pjsip-sync-worker init --roles as the owner of the tables and let the worker be the role pjsip_sync, or grant these by hand"] : Array.Empty<string>(),
        .. Policies.Count > 0 ? [$"as the owner of the table: {string.Join("; ", Policies)} (bypassrls for the role does the same)"] : Array.Empty<string>(),
    ]);
}
