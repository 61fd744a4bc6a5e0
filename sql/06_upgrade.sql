-- The version of the schema, and the migration of older versions. Every statement can run again.
set client_min_messages = warning;

create schema if not exists pjsip_sync;

-- Refuses to install over a newer version, and migrates an older one.
do $version$
declare
  ours constant integer := 9; -- the same as Installation.SchemaVersion
  installed integer;
  renamed   record;
begin
  if to_regclass('pjsip_sync.mapping') is not null then
    select schema_version into installed from pjsip_sync.mapping;
    if installed > ours then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('the schema pjsip_sync has version %s, newer than the %s of this worker: upgrade the worker', installed, ours);
    end if;
    -- Functions that are gone, or whose arguments or results have changed.
    if installed < 7 then
      drop function if exists pjsip_sync.is_indexed(regclass, text), pjsip_sync.current_mapping(),
        pjsip_sync.configure(text, jsonb, text, text);
    end if;
    if installed < 9 then
      drop function if exists pjsip_sync.repair_triggers(), pjsip_sync.consistent_device_state(text, text);
    end if;
    -- Version 8 gave these objects other names. Their rows and grants stay.
    if installed < 8 then
      for renamed in
        select * from (values
          ('endpoint', 'managed_endpoint'), ('shape', 'column_set'), ('compared', 'bucket_digest'), ('overwritten', 'status_recheck'),
          ('moved', 'row_key_change'), ('reserved', 'reserved_name'), ('unmet', 'missing_reference'),
          ('endpoint_revision', 'managed_endpoint_revision'), ('endpoint_tombstone', 'managed_endpoint_tombstone'),
          ('reserved_id', 'reserved_name_id')) as known (old_name, new_name)
        where to_regclass('pjsip_sync.' || old_name) is not null
      loop
        execute format('alter %s pjsip_sync.%I rename to %I',
          (select case relkind when 'i' then 'index' else 'table' end
           from pg_class where oid = to_regclass('pjsip_sync.' || renamed.old_name)),
          renamed.old_name, renamed.new_name);
      end loop;
      for renamed in
        select * from (values
          ('managed_endpoint', 'shape', 'column_set'), ('change', 'others', 'more_ids'), ('bucket_digest', 'part', 'bucket'),
          ('bucket_digest', 'mark', 'digest'), ('row_key_change', 'was', 'old_keys'), ('row_key_change', 'became', 'new_keys')
        ) as known (relation, old_name, new_name)
        join pg_attribute on attrelid = to_regclass('pjsip_sync.' || relation) and attname = old_name
      loop
        execute format('alter table pjsip_sync.%I rename %I to %I', renamed.relation, renamed.old_name, renamed.new_name);
      end loop;
      for renamed in
        select pg_proc.oid::regprocedure as signature from pg_proc
        where pronamespace = 'pjsip_sync'::regnamespace and proname in (
          'source', 'source_of', 'project', 'project_each', 'stale', 'adapt', 'mend_triggers', 'place_triggers', 'note_columns',
          'lacks_columns', 'image_sql', 'numbered_sql', 'marks', 'part_of', 'comparison', 'fitting_state', 'known_columns', 'grant_source',
          'generate_marks', 'generate_projection', 'generate_status_projection', 'generate_project_each')
      loop
        execute format('drop function %s', renamed.signature);
      end loop;
    end if;
  end if;
  execute format('create or replace function pjsip_sync.schema_version() returns integer language sql immutable as $$ select %s $$', ours);
end
$version$;
