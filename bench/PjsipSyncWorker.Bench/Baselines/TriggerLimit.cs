namespace PjsipSyncWorker.Bench.Baselines;

/// <summary>
/// The limit: a trigger that writes the three tables inside the application's own transaction. Nothing can be sooner; everything
/// is paid by the application.
/// </summary>
internal static class TriggerLimit
{
    public static Task InstallAsync(BenchDatabase database) => database.ExecuteAsync("""
        create function write_through() returns trigger language plpgsql as $$
        begin
          insert into ps_aors (id, max_contacts, qualify_frequency, remove_existing, remove_unavailable)
          select number, 5, 60, 'yes', 'yes' from new_rows
          on conflict (id) do update set max_contacts = excluded.max_contacts;
          insert into ps_auths (id, auth_type, username, password)
          select number, 'userpass', number, password from new_rows
          on conflict (id) do update set password = excluded.password;
          insert into ps_endpoints (id, aors, auth, context, disallow, allow, direct_media, rewrite_contact, force_rport,
            rtp_symmetric, callerid)
          select number, number, number, 'internal', 'all', 'ulaw,alaw', 'no', 'yes', 'yes', 'yes', '<' || number || '>' from new_rows
          on conflict (id) do update set callerid = excluded.callerid;
          return null;
        end $$;
        create trigger write_through_insert after insert on extensions referencing new table as new_rows for each statement
          execute function write_through();
        create trigger write_through_update after update on extensions referencing new table as new_rows for each statement
          execute function write_through();
        """);
}
