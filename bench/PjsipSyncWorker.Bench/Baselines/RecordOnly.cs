namespace PjsipSyncWorker.Bench.Baselines;

/// <summary>
/// The least that a trigger can do which loses nothing, needs no rights of the application and keeps its errors to itself:
/// it writes the numbers into a table. It tells nobody, and does not look whether anything changed.
/// </summary>
internal static class RecordOnly
{
    public static Task InstallAsync(BenchDatabase database) => database.ExecuteAsync("""
        create table recorded (xid xid8 not null default pg_current_xact_id(), number text, recorded_at timestamptz not null default now());
        create index on recorded (xid);
        create function record_only() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
          begin
            insert into public.recorded (number) select number from new_rows;
          exception when others then
            raise log 'lost: %', sqlerrm;
          end;
          return null;
        end $$;
        create trigger record_insert after insert on extensions referencing new table as new_rows for each statement
          execute function record_only();
        create trigger record_update after update on extensions referencing old table as old_rows new table as new_rows
          for each statement execute function record_only();
        """);
}
