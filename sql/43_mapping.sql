-- The mapping as it applies now: completed, without what the table lacks, as SQL.
-- Everything that names the application's table is generated from it, as functions with string bodies, so that the application can alter
-- its own columns. Assumes 42_mapping_faults.sql.
set client_min_messages = warning;

-- A mapping with nothing left open: what is not given is the column of our own name, where the table has it. What is
-- written back nowhere has the expression null.
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

-- The mapping as it applies now, in SQL on a row called extension. What the table has no longer is left out; without
-- number, password or the active predicate there is nothing to generate.
create or replace function pjsip_sync.current_mapping(
  out source regclass, out columns jsonb, out active text, out realtime_schema text,
  out row_key   text,    -- the primary key, else the number itself
  out number    text,
  out number_is text,    -- the number as text
  out indexed   boolean, -- whether an index finds it
  out status_table regclass) -- the table that the status is written to, when it is not the source
language plpgsql stable set search_path = pg_catalog, pg_temp as $current$
begin
  select to_regclass(m.source_table), m.columns - coalesce((select array_agg(fault.name) from pjsip_sync.mapping_faults(m.source_table, m.columns, m.active) fault), '{}'),
         m.active, m.realtime_schema, case when pjsip_sync.status_table_fault(m.source_table, m.status_table) is null then to_regclass(nullif(m.status_table, '')) end
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

-- Of what types the columns are of which the generated functions depend on the type.
create or replace function pjsip_sync.column_types() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), case when attcollation <> 0 then attcollation::regcollation::text end, attnotnull), ', ' order by attrelid, attnum), '')
  from pjsip_sync.current_mapping() as m
  join pg_attribute on attnum > 0 and not attisdropped
    and (attrelid = m.source and attname in (select m.columns->>name from (select 'number' union all select pjsip_sync.extension_fields(true)) as known (name)) or attrelid = m.status_table)
$$;

-- With what a comparison was made: what other configuration finds equal is not known to be equal.
create or replace function pjsip_sync.comparison_fingerprint(worker text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select md5(concat_ws(e'\n', worker, mapping, (
    select string_agg(concat_ws(' ', attrelid::regclass, attnum, attname, atttypid::regtype, atttypmod, attisdropped), ',' order by attrelid::regclass::text, attnum)
    from pg_attribute
    where attrelid in (to_regclass(source_table), to_regclass(quote_ident(realtime_schema) || '.ps_endpoints'),
                       to_regclass(quote_ident(realtime_schema) || '.ps_auths'), to_regclass(quote_ident(realtime_schema) || '.ps_aors')))))
  from pjsip_sync.mapping
$$;

-- Of a query on the rows called extension those with one of some numbers. Each number is looked up by itself where an index
-- does that, for what else the planner may think of reads the whole table for each batch of a large import.
create or replace function pjsip_sync.by_number_sql(m record, rows text, ids text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return format(case when m.indexed
      then 'select extension.* from unnest(%1$s) as pjsip_sync_wanted (pjsip_sync_number) cross join lateral (%2$s where %3$s offset 0) as extension'
      else '%2$s join unnest(%1$s) as pjsip_sync_wanted (pjsip_sync_number) on %3$s' end,
    ids, rows, case when m.indexed then pjsip_sync.number_condition(m.source, m.columns->>'number', 'pjsip_sync_number') else m.number_is || ' = pjsip_sync_number' end);
end
$$;

-- What is wrong when no index finds an extension by its number, and which one would.
create or replace function pjsip_sync.index_advice() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select format('no index finds an extension by its number, so every change would read the whole table: create index on %s ((%s))', source,
    case when pjsip_sync.number_condition(source, mapped, '''''') like pjsip_sync.column_sql(source, mapped) || ' %' then pjsip_sync.column_sql(source, mapped)
         else pjsip_sync.number_sql(source, mapped) end)
  from (select to_regclass(source_table) as source, columns->>'number' as mapped from pjsip_sync.mapping) as m
$$;
