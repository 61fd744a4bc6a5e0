-- The triggers on the application's table that record its changes: whether they are there, and how they come back when the application has
-- made its table anew, put another table in its place, or turned triggers off.
-- Assumes 45_privileges.sql. The generated functions (47_recording.sql) are named when the functions here run.
set client_min_messages = warning;

-- Returns the tables that need triggers: the source table and each of its partitions.
create or replace function pjsip_sync.recorded_tables() returns setof regclass
language sql stable set search_path = pg_catalog, pg_temp as $$
  select source from pjsip_sync.source_relation() as source where source is not null
  union
  select relid from pg_partition_tree(pjsip_sync.source_relation())
$$;

-- Returns the triggers that these tables need: the name, the function, the mode (pg_trigger.tgenabled), and what CREATE TRIGGER says.
create or replace function pjsip_sync.wanted_triggers()
returns table (relation regclass, name text, calls text, enabled text, mode text, fires text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  -- ENABLE ALWAYS fires also in sessions that replay data with session_replication_role = replica.
  select relation, 'pjsip_sync_' || event, 'pjsip_sync.record_change', 'A', 'always',
         format('after %s on %s %s for each statement', event, relation, referencing)
  from pjsip_sync.recorded_tables() as relation
  cross join (values
    ('insert', 'referencing new table as new_rows'), ('update', 'referencing old table as old_rows new table as new_rows'),
    ('delete', 'referencing old table as old_rows'), ('truncate', '')) as known (event, referencing)
  union all
  -- Replication applies rows to leaves only, never to a partitioned table itself.
  select relation, 'pjsip_sync_replicated', 'pjsip_sync.record_replicated', 'R', 'replica',
         format('after insert or update or delete on %s for each row', relation)
  from pjsip_sync.recorded_tables() as relation
  join pg_class on oid = relation and relkind = 'r'
$$;

-- Returns why changes of the source table are not recorded, one line for each table and fault; no row when all triggers are right.
create or replace function pjsip_sync.trigger_faults() returns setof text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select format(problem, string_agg(name, ', ' order by name), relation, case count(*) when 1 then 'is' else 'are' end,
                case count(*) when 1 then 'calls' else 'call' end)
  from (
    select wanted.name, wanted.relation, case
      when found.oid is null then '%1$s %3$s missing on %2$s'
      when found.tgfoid is distinct from to_regproc(wanted.calls) then '%1$s on %2$s %4$s something else'
      when found.tgenabled = 'D' then '%1$s on %2$s %3$s turned off'
      when found.tgenabled::text <> wanted.enabled
        then '%1$s on %2$s %3$s not enabled ' || case wanted.enabled when 'A' then 'always' else 'for replication alone' end
      end as problem
    from pjsip_sync.wanted_triggers() as wanted
    left join pg_trigger as found on found.tgrelid = wanted.relation and found.tgname = wanted.name
  ) as fault
  where problem is not null
  group by relation, problem
  order by 1
$$;

-- Puts the triggers on the source table and on every partition of it, enables them, and drops them from any other table. Also drops
-- triggers of the same names on these tables that call other functions. When a trigger was missing or off, asks for a full comparison,
-- because changes have gone unrecorded. That is no cause of removals.
create or replace function pjsip_sync.install_triggers() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $install$
declare
  wanted record;
  was_off boolean := exists (select from pjsip_sync.trigger_faults());
begin
  for wanted in
    select tgrelid::regclass as relation, tgname as name from pg_trigger
    cross join lateral (
      select tgfoid in ('pjsip_sync.record_change'::regproc, 'pjsip_sync.record_replicated'::regproc) as is_ours,
             tgrelid in (select pjsip_sync.recorded_tables()) as is_here) as t
    where (is_ours or tgname ~ '^pjsip_sync_(insert|update|delete|truncate|replicated)$') and is_ours <> is_here
  loop
    execute format('drop trigger %I on %s', wanted.name, wanted.relation);
  end loop;
  for wanted in
    select w.*, found.oid is null as is_missing
    from pjsip_sync.wanted_triggers() as w
    left join pg_trigger as found on found.tgrelid = w.relation and found.tgname = w.name
    where found.tgenabled::text is distinct from w.enabled
  loop
    if wanted.is_missing then
      execute format('create trigger %I %s execute function %s()', wanted.name, wanted.fires, wanted.calls);
    end if;
    execute format('alter table %s enable %s trigger %I', wanted.relation, wanted.mode, wanted.name);
  end loop;
  if was_off and not exists (select from pjsip_sync.change where xid = pg_current_xact_id() and id is null) then
    insert into pjsip_sync.change (id) values (null);
    perform pjsip_sync.notify_change();
  end if;
end
$install$;

-- Gives the source table what it has lost: the grants of the role pjsip_sync, and triggers that are missing or off. Asks for a full
-- comparison, because changes in between went unrecorded. Waits only shortly for locks, because statements of the application queue behind.
-- Runs with the rights of the installer, because the worker may not alter the table.
create or replace function pjsip_sync.repair_source() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '300ms' as $repair$
begin
  perform pjsip_sync.grant_source_columns();
  insert into pjsip_sync.change (id) values (null);
  perform pjsip_sync.install_triggers(), pjsip_sync.notify_change();
end
$repair$;
revoke all on function pjsip_sync.repair_source() from public;
