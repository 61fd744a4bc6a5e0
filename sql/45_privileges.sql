-- The rights of the worker's role on the application's table: to read the columns of the mapping, and to write those of the status.
-- Assumes 41_columns.sql.
set client_min_messages = warning;

-- Records in mapping.reads and mapping.writes which columns of the source table the generated functions use. What an expression reads is
-- taken from the dependencies of a temporary view on it.
create or replace function pjsip_sync.record_used_columns(source regclass, columns jsonb, active text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $record$
declare
  expressions text;
  is_read    text[];
  is_written text[];
  called     regprocedure;
begin
  select string_agg(format('(%s)::text', pjsip_sync.column_sql(source, value)), ', ') into expressions
  from (select value from jsonb_each_text(columns) union all select active) as mapped (value);
  execute format('create view pjsip_sync.used (%s) as select %s from %s as extension',
    (select string_agg('c' || n, ', ' order by n) from generate_series(1, (select count(*) + 1 from jsonb_object_keys(columns))) as n),
    expressions, source);

  with used as (
    select r.ev_action::text ~ '\{VAR :varno \d+ :varattno 0 ' as whole_row, d.refobjsubid
    from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid = source
    where r.ev_class = 'pjsip_sync.used'::regclass
  )
  select array_agg(attname::text order by attnum) into is_read
  from pg_attribute
  where attrelid = source and not attisdropped
    and (attnum in (select refobjsubid from used) and attnum > 0
      or attnum > 0 and exists (select from used where whole_row)
      or attnum = any ((select indkey from pg_index where indrelid = source and indisprimary)::smallint[])
      -- write_status() finds the rows to write by ctid; bucket_digests() sees new row versions by ctid and xmin.
      or attname in ('ctid', 'tableoid', 'xmin'));

  for called in
    select p.oid
    from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
    join pg_proc p on p.oid = d.refobjid and p.provolatile <> 'i'
    where r.ev_class = 'pjsip_sync.used'::regclass
  loop
    raise warning 'the mapping calls %, which is not IMMUTABLE: what it reads beside the row is not watched, '
      'so a change there is seen by the next full comparison only', called;
  end loop;
  drop view pjsip_sync.used;

  select coalesce(array_agg(attname::text order by attnum), '{}') into is_written
  from pjsip_sync.extension_fields(true) as known (name)
  join pg_attribute on attrelid = source and attname = columns->>name and attnum > 0 and not attisdropped;
  -- Without a status column write_status() has an assignment that is never carried out, but needs the right to it.
  if is_written = '{}' and (select status_table = '' from pjsip_sync.mapping) then
    select array[attname::text] into is_written from pg_attribute
    where attrelid = source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1;
  end if;

  update pjsip_sync.mapping m set reads = is_read, writes = is_written
  where (m.reads, m.writes) is distinct from (is_read, is_written);
end
$record$;

-- Grants the role pjsip_sync exactly those columns, if init --roles has given it the schema. Called again whenever the mapping or the table
-- has changed.
create or replace function pjsip_sync.grant_source_columns() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $grant$
declare
  mapping pjsip_sync.mapping;
  source  regclass;
  granted record;
begin
  if not exists (select from pg_roles where rolname = 'pjsip_sync' and not rolsuper)
     or not has_schema_privilege('pjsip_sync', 'pjsip_sync', 'usage') then
    return;
  end if;
  select * into mapping from pjsip_sync.mapping;
  source := to_regclass(mapping.source_table);
  -- An owner has every right already. The revoke would take some away.
  if pg_has_role('pjsip_sync', (select relowner from pg_class where oid = source), 'usage') then
    return;
  end if;
  execute format('revoke all on %s from pjsip_sync', source);
  execute format('grant usage on schema %s to pjsip_sync', (select relnamespace::regnamespace from pg_class where oid = source));
  -- The application may have dropped a column since.
  for granted in
    select privilege, string_agg(quote_ident(name), ', ') as columns
    from (select 'select' as privilege, unnest(mapping.reads) as name union all select 'update', unnest(mapping.writes)) as used
    join pg_attribute on attrelid = source and attname = name and not attisdropped
    group by privilege
  loop
    execute format('grant %s (%s) on %s to pjsip_sync', granted.privilege, granted.columns, source);
  end loop;
  if to_regclass(nullif(mapping.status_table, '')) is not null then
    execute format('grant usage on schema %s to pjsip_sync',
      (select relnamespace::regnamespace from pg_class where oid = to_regclass(nullif(mapping.status_table, ''))));
    execute format('grant select, insert, update, delete on %s to pjsip_sync', mapping.status_table);
  end if;
end
$grant$;

-- Returns whether the role pjsip_sync lacks the right to the source table's schema or to a column, if init --roles has given the role the
-- schema pjsip_sync. A table or a column that was dropped and made again has lost its grants.
create or replace function pjsip_sync.lacks_column_grants() returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $lacks$
  select exists (
    select from pjsip_sync.mapping m
    cross join lateral (
      select unnest(m.reads) as name, 'select' as privilege union all select unnest(m.writes), 'update') as wanted
    join pg_class c on c.oid = pjsip_sync.source_relation()
    join pg_attribute a on a.attrelid = c.oid and a.attname = wanted.name and not a.attisdropped
    join pg_roles r on r.rolname = 'pjsip_sync' and has_schema_privilege(r.oid, 'pjsip_sync', 'usage')
    where not has_schema_privilege(r.oid, c.relnamespace, 'usage')
       or not has_column_privilege(r.oid, a.attrelid, a.attnum, wanted.privilege))
$lacks$;
