using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>The table <c>pjsip_sync.unloadable</c>: the endpoints that one Asterisk node cannot load, each with a reason.</summary>
/// <param name="schema">The schema of the ps_* tables.</param>
internal sealed class UnloadableTable(NpgsqlDataSource dataSource, string node, string schema)
{
    /// <summary>Returns the endpoints that this Asterisk could not load, and forgets deleted ones.</summary>
    public async Task<List<string>> ReadAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with kept as (
                   select u.id from pjsip_sync.unloadable u
                   join pjsip_sync.managed_endpoint e on e.id = u.id and e.deleted_at is null
                   where node = $1),
                 gone as (delete from pjsip_sync.unloadable where node = $1 and id not in (select id from kept))
            select id from kept
            """);
        command.Parameters.Add(Parameter.Of(node));
        return await command.ReadTextsAsync(cancellation);
    }

    /// <summary>
    /// Records that this Asterisk cannot load an endpoint. Only Asterisk's log names the rejected option, so the reason lists the options
    /// that no loadable endpoint has.
    /// </summary>
    /// <returns>The recorded reason.</returns>
    public async Task<string> AddAsync(string id, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            with loadable as (
              select to_jsonb(o) as options from {Identifier.Quote(schema)}.ps_endpoints o
              where o.id <> $2 and not exists (select from pjsip_sync.unloadable u where u.node = $1 and u.id = o.id) limit 200
            )
            insert into pjsip_sync.unloadable as u (node, id, reason)
            select $1, $2, 'Asterisk ' || $1 || ' cannot load it'
                   || coalesce('; no other extension has its ' || string_agg('endpoint.' || key, ', ' order by key), '')
                   || '. The log of Asterisk names the option that it refuses'
            from {Identifier.Quote(schema)}.ps_endpoints e cross join jsonb_each_text(to_jsonb(e)) as option (key, value)
            where e.id = $2 and value is not null and key not in ('id', 'aors', 'auth', 'callerid', 'mailboxes')
              and not exists (select from loadable where options ->> key = value)
            on conflict (node, id) do update set reason = excluded.reason
            returning reason
            """);
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.Add(Parameter.Of(id));
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Removes an endpoint that this Asterisk can load again, or that was deleted.</summary>
    public async Task RemoveAsync(string id, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("delete from pjsip_sync.unloadable where node = $1 and id = $2");
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.Add(Parameter.Of(id));
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
