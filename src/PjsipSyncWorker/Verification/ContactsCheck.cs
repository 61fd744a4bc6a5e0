using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Verification;

/// <summary>Whether an Asterisk can keep registrations where it should: without that it reads every phone and lets none register.</summary>
internal sealed class ContactsCheck(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    public async Task<Finding> LookAsync(CancellationToken cancellation)
    {
        if (settings.Asterisk.ContactsInAstdb)
            return Finding.Pass("in each server's own astdb");
        if (!await new RealtimeLink(asterisk).HasFamilyAsync("ps_contacts", cancellation))
        {
            return Finding.Fail("extconfig.conf has no line for ps_contacts: no phone can register",
                "In extconfig.conf, section [settings]: ps_contacts = odbc,asterisk; then restart Asterisk. Or keep them in astdb: sorcery.conf, and Asterisk:Render:Contacts says so");
        }
        var missing = await MissingAsync(cancellation);
        return missing is null ? Finding.Pass("in ps_contacts")
            : Finding.Fail($"Asterisk's role {settings.Asterisk.Render.DatabaseUser} lacks {missing} on ps_contacts: no phone can register", "Grant it: init --roles, run by the owner of the tables");
    }

    /// <returns>Null when nothing is missing, and when another role than the configured one is connected: then nobody here knows.</returns>
    private async Task<string?> MissingAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select string_agg(privilege, ', ' order by n)
            from pg_roles r, pg_class c, unnest(array['select', 'insert', 'update', 'delete']) with ordinality as each (privilege, n)
            where rolname = $1 and relname = 'ps_contacts' and relnamespace = (select oid from pg_namespace where nspname = $2)
              and exists (select from pg_stat_activity where usesysid = r.oid and datname = current_database())
              and not has_table_privilege(r.oid, c.oid, privilege)
            """);
        command.Parameters.Add(new() { Value = settings.Asterisk.Render.DatabaseUser });
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        return await command.ExecuteScalarAsync(cancellation) as string;
    }
}
