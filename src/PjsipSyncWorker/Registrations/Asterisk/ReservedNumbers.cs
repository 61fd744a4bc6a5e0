using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>
/// The table <c>pjsip_sync.reserved_name</c>: numbers that no extension may have, because a file of one Asterisk node has an object of that
/// name.
/// </summary>
internal sealed class ReservedNumbers(NpgsqlDataSource dataSource, string node)
{
    /// <summary>Replaces the names of this node, and records a change of each extension whose name was added or removed.</summary>
    /// <param name="names">The names, each with its file.</param>
    /// <returns>The names that were added or removed.</returns>
    public async Task<List<string>> ReplaceAsync(IReadOnlyDictionary<string, string> names, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with named as (
              select id, file from unnest($2, $3) as named (id, file)
            ), gone as (
              delete from pjsip_sync.reserved_name r
              where node = $1 and not exists (select from named where named.id = r.id)
              returning id
            ), kept as (
              insert into pjsip_sync.reserved_name as r (node, id, file) select $1, id, file from named
              on conflict (node, id) do update set file = excluded.file where r.file <> excluded.file
              returning id
            ), recorded as (
              insert into pjsip_sync.change (id) select id from gone union select id from kept returning id
            )
            select id, pjsip_sync.notify_change() from recorded
            """);
        command.Parameters.Add(new() { Value = node });
        command.Parameters.Add(Parameter.Texts([.. names.Keys]));
        command.Parameters.Add(Parameter.Texts([.. names.Values]));
        return await command.ReadTextsAsync(cancellation);
    }
}
