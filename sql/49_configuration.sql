-- Puts a mapping into force, keeps it up to date with the application's table, and installs the triggers.
-- Assumes all files before it.
set client_min_messages = warning;

-- Generates everything that names the source table, from the stored mapping and the current columns of the table.
create or replace function pjsip_sync.generate() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  m record;
begin
  select * into m from pjsip_sync.current_mapping();
  update pjsip_sync.mapping set indexed = m.indexed, types = pjsip_sync.column_types()
  where (indexed, types) is distinct from (m.indexed, pjsip_sync.column_types());
  perform pjsip_sync.generate_reading(m), pjsip_sync.generate_bucket_digests(m), pjsip_sync.generate_recording(m);
  if (select status_table = '' from pjsip_sync.mapping) then
    perform pjsip_sync.generate_status_writing(m);
  else
    perform pjsip_sync.generate_status_table_writing(m.status_table);
  end if;
  perform pjsip_sync.record_used_columns(m.source, m.columns, m.active);
  perform pjsip_sync.refresh_endpoint_view();
end
$generate$;

-- Maps the columns that the application's table has got since, and returns whether there are any: a field that is not configured is the
-- column of its own name.
create or replace function pjsip_sync.map_new_columns() returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $map$
begin
  update pjsip_sync.mapping m
  set columns = completed.columns || m.columns, active = completed.active
  from (
    select pjsip_sync.complete_columns(source_table, configured) as columns,
           case active when 'true' then pjsip_sync.complete_active(source_table, configured_active) else active end as active
    from pjsip_sync.mapping) as completed
  where not m.columns ?& array(select jsonb_object_keys(completed.columns)) or m.active <> completed.active;
  return found;
end
$map$;

-- Forgets an Asterisk server and its registrations, unless a worker follows it. Returns whether it did.
create or replace function pjsip_sync.forget_node(name text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $forget$
begin
  if not pg_try_advisory_xact_lock(pjsip_sync.node_lock_class(), hashtext(forget_node.name)) then
    return false;
  end if;
  insert into pjsip_sync.status_recheck (id) select distinct endpoint from pjsip_sync.contact where contact.node = forget_node.name;
  delete from pjsip_sync.node where node.name = forget_node.name;
  return found;
end
$forget$;

-- Follows what the application has altered in its table: columns added, dropped or of another type. Returns what is left out now.
-- Runs with the rights of the installer, because the worker may not create functions.
create or replace function pjsip_sync.refresh_mapping() returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $refresh$
declare
  mapping     pjsip_sync.mapping;
  faults      text[];
  is_unusable boolean; -- no extension can be read
  has_new_columns boolean;
begin
  has_new_columns := pjsip_sync.map_new_columns();
  select * into mapping from pjsip_sync.mapping;
  select coalesce(array_agg(fault.problem order by fault.problem), '{}'),
         bool_or(fault.name is null or fault.name in ('number', 'password', 'active'))
  into faults, is_unusable
  from (
    select * from pjsip_sync.mapping_faults(mapping.source_table, mapping.columns, mapping.active)
    union all
    select 'status_table', pjsip_sync.status_table_fault(mapping.source_table, mapping.status_table)) as fault
  where fault.problem is not null;
  if is_unusable then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(faults, '; ');
  end if;
  if has_new_columns or mapping.left_out is distinct from faults then
    update pjsip_sync.mapping m set left_out = faults;
    perform pjsip_sync.generate();
    insert into pjsip_sync.change (id) values (null);
    perform pjsip_sync.notify_change();
  elsif exists (select from pjsip_sync.current_mapping() as now
                where (now.indexed, pjsip_sync.column_types()) is distinct from (mapping.indexed, mapping.types)) then
    perform pjsip_sync.generate();
  end if;
  if pjsip_sync.lacks_column_grants() then
    begin
      perform pjsip_sync.grant_source_columns();
    exception when insufficient_privilege then
      null; -- The installer does not own this table. SourceRepair.cs says so.
    end;
  end if;
  perform pjsip_sync.refresh_endpoint_view();
  return query select unnest(faults);
end
$refresh$;
revoke all on function pjsip_sync.refresh_mapping() from public;

-- Installs a mapping: checks it, stores it, generates the functions, installs the triggers.
create or replace function pjsip_sync.configure(
  source_table text, columns jsonb, active text, realtime_schema text, status_table text default '')
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $configure$
declare
  problems   text[];
  before     pjsip_sync.mapping;
  given      jsonb;
  given_active constant text := active;
begin
  if status_table <> '' then
    -- Nothing is written into the source table unless a column is mapped explicitly.
    columns := (select jsonb_object_agg(name, 'null') from pjsip_sync.extension_fields(true) as name) || columns;
  end if;
  given := columns;
  columns := pjsip_sync.complete_columns(source_table, columns);
  active  := pjsip_sync.complete_active(source_table, active);
  select array_agg(fault.problem) into problems from (
    select problem from pjsip_sync.mapping_faults(source_table, columns, active)
    union all
    select pjsip_sync.status_table_fault(source_table, status_table)
    union all
    select format('Source:Columns has "%s", which is written to Source:StatusTable: remove one of them', name)
    from pjsip_sync.extension_fields(true) as name where status_table <> '' and columns ? name) as fault
  where fault.problem is not null;
  if problems is not null then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(problems, E'\n');
  end if;

  select * into before from pjsip_sync.mapping;
  insert into pjsip_sync.mapping as m (schema_version, source_table, columns, active, realtime_schema, status_table,
                                      configured, configured_active)
  values (pjsip_sync.schema_version(), to_regclass(source_table)::text, configure.columns, configure.active, configure.realtime_schema,
          coalesce(to_regclass(nullif(status_table, ''))::text, ''), given, given_active)
  on conflict (singleton) do update
  set schema_version = excluded.schema_version, source_table = excluded.source_table, columns = excluded.columns,
      active = excluded.active, realtime_schema = excluded.realtime_schema, status_table = excluded.status_table, left_out = '{}',
      configured = excluded.configured, configured_active = excluded.configured_active,
      -- This fingerprint makes an older worker that still runs stand by, because it does not know the new schema.
      fingerprint = case when m.schema_version = excluded.schema_version then m.fingerprint else 'schema ' || excluded.schema_version end
  where (m.schema_version, m.source_table, m.columns, m.active, m.realtime_schema, m.status_table, m.left_out,
         m.configured, m.configured_active)
    is distinct from (excluded.schema_version, excluded.source_table, excluded.columns, excluded.active, excluded.realtime_schema,
                      excluded.status_table, '{}'::text[], excluded.configured, excluded.configured_active);
  if found then
    -- Only a mapping that changes which extensions exist is a cause of removals. A first mapping, an upgrade, or another column for the
    -- context is none.
    insert into pjsip_sync.change (id, cause)
    select null, case when before.singleton and (before.source_table, before.columns->>'number', before.active)
      is distinct from (m.source_table, m.columns->>'number', m.active) then 'mapping' end
    from pjsip_sync.mapping m;
    perform pjsip_sync.notify_change();
  end if;

  perform pjsip_sync.generate(), pjsip_sync.grant_source_columns(), pjsip_sync.install_triggers();
  if not (select indexed from pjsip_sync.mapping) then
    raise warning '%', pjsip_sync.index_advice();
  end if;
end
$configure$;
