-- The mapping as it applies now: completed, without what the table lacks, as SQL.
-- Everything that names the application's table is generated from it, as functions with string bodies, so that the application can alter
-- its own columns. Assumes 42_mapping_faults.sql.
set client_min_messages = warning;

-- Returns the table of this name, which has a schema; NULL when there is none. Needs no right to the schema, unlike to_regclass().
create or replace function pjsip_sync.find_table(name text) returns regclass
language sql stable set search_path = pg_catalog, pg_temp as $$
  select pg_class.oid::regclass
  from parse_ident(nullif(name, '')) as part
  join pg_namespace on nspname = part[1]
  join pg_class on relnamespace = pg_namespace.oid and relname = part[2]
$$;

-- Returns the source table; NULL when there is none.
create or replace function pjsip_sync.source_relation() returns regclass
language sql stable set search_path = pg_catalog, pg_temp as $$ select pjsip_sync.find_table(source_table) from pjsip_sync.mapping $$;

-- Returns what differs between a configuration and the installed mapping, one line each.
create or replace function pjsip_sync.mapping_differences(
  source_table text, columns jsonb, active text, realtime_schema text, status_table text) returns setof text
language sql stable set search_path = pg_catalog, pg_temp as $differences$
  with m as (select * from pjsip_sync.mapping)
  select format('%s is %s, installed is %s', setting, coalesce(nullif(given, ''), 'not given'), coalesce(nullif(installed, ''), 'none'))
  from (
    select 'Source:Table', $1, m.source_table from m where pjsip_sync.find_table($1) is distinct from pjsip_sync.source_relation()
    union all
    -- A field that is not configured may be mapped to the column of the same name.
    select 'Source:Columns:' || replace(initcap(replace(field, '_', ' ')), ' ', ''), $2->>field, m.columns->>field
    from m cross join lateral (
      select jsonb_object_keys($2) as field union select jsonb_object_keys(m.columns)) as known
    where case when $2 ? field
      then m.columns->>field is distinct from $2->>field and (m.columns ? field or lower($2->>field) <> 'null')
      else m.columns->>field <> field end
    union all
    select 'Source:Active', $3, m.active from m where case when $3 = '' then m.active not in ('enabled', 'true') else m.active <> $3 end
    union all
    select 'Realtime:Schema', $4, m.realtime_schema from m where $4 not in ('', m.realtime_schema)
    union all
    select 'Source:StatusTable', $5, m.status_table from m
    where ($5 = '') <> (m.status_table = '')
       or pjsip_sync.find_table($5) is distinct from pjsip_sync.find_table(m.status_table)
  ) as difference (setting, given, installed)
$differences$;

-- Returns a mapping with every field that has a column: a field that is not given is the column of the same name, where the table has it.
-- A field mapped to null is written back nowhere.
create or replace function pjsip_sync.complete_columns(source_table text, columns jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select (jsonb_build_object('number', 'number', 'password', 'password')
    || coalesce(jsonb_object_agg(attname, attname) filter (where attname is not null), '{}')
    || columns)
    - array(select name from pjsip_sync.extension_fields(true) as name where lower(columns->>name) = 'null')
  from (select pjsip_sync.extension_fields(false) union all select pjsip_sync.extension_fields(true)) as known (name)
  left join pg_attribute on attrelid = to_regclass(source_table) and attname = name and attnum > 0 and not attisdropped
$$;

create or replace function pjsip_sync.complete_active(source_table text, active text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(nullif(active, ''),
    (select 'enabled' from pg_attribute where attrelid = to_regclass(source_table) and attname = 'enabled' and not attisdropped),
    'true')
$$;

-- Returns the mapping as it applies now, as SQL on a row called extension. Fields whose columns the table no longer has are left out.
-- Nothing can be generated without number, password and the active predicate.
create or replace function pjsip_sync.current_mapping(
  out source regclass, out columns jsonb, out active text, out realtime_schema text,
  out row_key      text,     -- the primary key, else the number itself
  out number       text,
  out number_is    text,     -- the number as text
  out indexed      boolean,  -- whether an index finds an extension by its number
  out status_table regclass) -- Source:StatusTable; NULL: there is none, or it cannot be used
language plpgsql stable set search_path = pg_catalog, pg_temp as $current$
begin
  select to_regclass(m.source_table),
         m.columns - coalesce((
           select array_agg(fault.name) from pjsip_sync.mapping_faults(m.source_table, m.columns, m.active) fault), '{}'),
         m.active, m.realtime_schema,
         case when pjsip_sync.status_table_fault(m.source_table, m.status_table) is null then to_regclass(nullif(m.status_table, '')) end
  into source, columns, active, realtime_schema, status_table
  from pjsip_sync.mapping m;
  number := pjsip_sync.column_sql(source, columns->>'number');
  number_is := pjsip_sync.number_sql(source, columns->>'number');
  indexed := pjsip_sync.is_indexed(source, columns->>'number');
  select string_agg(format('extension.%I::text', attname), ' || ''/'' || ' order by ordinality)
  into row_key
  from pg_index, unnest(indkey) with ordinality as key (attnum, ordinality)
  join pg_attribute using (attnum)
  where indrelid = source and indisprimary and attrelid = source;
  row_key := coalesce(row_key, format('coalesce((%s)::text, '''')', number_is));
end
$current$;

-- Returns the columns on whose type the generated functions depend, with their types, and the primary key.
create or replace function pjsip_sync.column_types() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod),
                                       case when attcollation <> 0 then attcollation::regcollation::text end, attnotnull),
                             ', ' order by attrelid, attnum), '') || coalesce('; ' || max(m.row_key), '')
  from pjsip_sync.current_mapping() as m
  join pg_attribute on attnum > 0 and not attisdropped
    and (attrelid = m.status_table
      or attrelid = m.source
         and attname in (select m.columns->>name from (select 'number' union all select pjsip_sync.extension_fields(true)) as known (name)))
$$;

-- Returns a hash of all that a comparison depends on beside the rows: the worker, the mapping, the columns of the tables. Digests stored
-- under another fingerprint do not count.
create or replace function pjsip_sync.comparison_fingerprint(worker text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select md5(concat_ws(e'\n', worker, mapping, (
    select string_agg(concat_ws(' ', attrelid::regclass, attnum, attname, atttypid::regtype, atttypmod, attisdropped),
                      ',' order by attrelid::regclass::text, attnum)
    from pg_attribute
    where attrelid in (to_regclass(source_table), to_regclass(quote_ident(realtime_schema) || '.ps_endpoints'),
                       to_regclass(quote_ident(realtime_schema) || '.ps_auths'), to_regclass(quote_ident(realtime_schema) || '.ps_aors')))))
  from pjsip_sync.mapping
$$;

-- Returns rows, a query on the rows called extension, restricted to the numbers of the array ids. Where an index finds a number, each
-- number is looked up by itself, because other plans of the planner read the whole table for each batch of a large import.
create or replace function pjsip_sync.by_number_sql(m record, rows text, ids text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $by_number$
begin
  if m.indexed then
    return format('select extension.* from unnest(%s) as pjsip_sync_wanted (pjsip_sync_number) '
      'cross join lateral (%s where %s offset 0) as extension',
      ids, rows, pjsip_sync.number_condition(m.source, m.columns->>'number', 'pjsip_sync_number'));
  end if;
  return format('%s join unnest(%s) as pjsip_sync_wanted (pjsip_sync_number) on %s = pjsip_sync_number', rows, ids, m.number_is);
end
$by_number$;

-- Returns what to do when no index finds an extension by its number: the index to create.
create or replace function pjsip_sync.index_advice() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select format('no index finds an extension by its number, so every change would read the whole table: create index on %s ((%s))',
    source,
    case when pjsip_sync.number_condition(source, mapped, '''''') like pjsip_sync.column_sql(source, mapped) || ' %'
      then pjsip_sync.column_sql(source, mapped) else pjsip_sync.number_sql(source, mapped) end)
  from (select to_regclass(source_table) as source, columns->>'number' as mapped from pjsip_sync.mapping) as m
$$;
