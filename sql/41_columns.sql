-- A mapped value (a column or an expression) as SQL, by its type.
-- Assumes 40_protocol.sql. evaluate() (41_evaluation.sql) is named when the functions here run.
set client_min_messages = warning;

-- Returns a mapped value as SQL: a column of the source table by its name, or an expression on its columns, in parentheses.
create or replace function pjsip_sync.column_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select quote_ident(attname) from pg_attribute
     where attrelid = source and attname = mapped and attnum > 0 and not attisdropped),
    '(' || mapped || E'\n)')
$$;

-- Returns the type of a column, under its domains, and whether its collation treats different texts as equal. No row for an expression.
create or replace function pjsip_sync.base_type(source regclass, mapped text, out typ regtype, out folds boolean) returns setof record
language sql stable rows 1 set search_path = pg_catalog, pg_temp as $$
  with recursive base as (
    select atttypid as id, coalesce(collisdeterministic is false, false) as folds
    from pg_attribute left join pg_collation on pg_collation.oid = attcollation
    where attrelid = source and attname = mapped and attnum > 0 and not attisdropped
    union all
    select typbasetype, base.folds from base join pg_type on pg_type.oid = base.id where typtype = 'd'
  )
  select base.id::regtype, base.folds from base join pg_type on pg_type.oid = base.id where typtype <> 'd'
$$;

-- Returns SQL for the number as a text that is equal only to itself.
create or replace function pjsip_sync.number_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((
    select case
      when folds then format('(%s)::text collate "default"', pjsip_sync.column_sql(source, mapped))
      when typ in ('text'::regtype, 'varchar'::regtype) then pjsip_sync.column_sql(source, mapped) end
    from pjsip_sync.base_type(source, mapped)), format('(%s)::text', pjsip_sync.column_sql(source, mapped)))
$$;

-- Each returns a text as a value of that type if the text is the canonical form of the value, else NULL.
create or replace function pjsip_sync.as_bigint(written text) returns bigint
language sql immutable parallel safe as $$
  select case when written ~ '^(0|-?[1-9][0-9]{0,18})$' then
    case when written::numeric between -9223372036854775808 and 9223372036854775807 then written::bigint end end
$$;
create or replace function pjsip_sync.as_numeric(written text) returns numeric
language sql immutable parallel safe as $$
  select case when written ~ '^-?[0-9]+([.][0-9]+)?$' and length(written) <= 255 then written::numeric end
$$;
create or replace function pjsip_sync.as_uuid(written text) returns uuid
language sql immutable parallel safe as $$
  select case when written ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then written::uuid end
$$;

-- Returns the condition that a row has the number given by wanted, an SQL expression of type text. Compares in the type of the column, so
-- that its index is used, and also as text where the type treats different texts as equal (1.0 and 1.00, a and A).
create or replace function pjsip_sync.number_condition(source regclass, mapped text, wanted text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((
    select format(
      case
        when typ in ('text'::regtype, 'varchar'::regtype) then case when folds then '%1$s = %3$s and %2$s = %3$s' end
        when typ in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then '%1$s = pjsip_sync.as_bigint(%3$s)'
        when typ = 'uuid'::regtype then '%1$s = pjsip_sync.as_uuid(%3$s)'
        when typ = 'numeric'::regtype then '%1$s = pjsip_sync.as_numeric(%3$s) and %2$s = %3$s'
        when typ = 'bpchar'::regtype then '%1$s = %3$s::bpchar and %2$s = %3$s'
        when typname = 'citext' then '%1$s operator(%4$s.=) %3$s::%4$s.citext and %2$s = %3$s'
      end,
      pjsip_sync.column_sql(source, mapped), pjsip_sync.number_sql(source, mapped), wanted, typnamespace::regnamespace)
    from pjsip_sync.base_type(source, mapped) join pg_type on pg_type.oid = typ),
    format('%s = %s', pjsip_sync.number_sql(source, mapped), wanted))
$$;

-- Returns a mapped value as it is compared with its old value: a column as it is, an expression as text.
create or replace function pjsip_sync.comparable_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when sql like '(%' then sql || '::text' else sql end from pjsip_sync.column_sql(source, mapped) as sql
$$;

-- Returns whether an index finds an extension by its number. The index must begin with the number, because any other is scanned whole.
create or replace function pjsip_sync.is_indexed(source regclass, mapped text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $indexed$
declare
  plan jsonb := pjsip_sync.evaluate(source, format(
    'explain (format json) select from unnest(array[''1'']) as wanted (number_wanted) '
    'cross join lateral (select from %s as extension where %s offset 0) as found',
    source, pjsip_sync.number_condition(source, mapped, 'number_wanted')));
begin
  if plan is null then
    return exists (
      select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = source and attname = mapped and indisvalid and indpred is null);
  end if;
  return exists (
    select from jsonb_path_query(plan, 'strict $.** ? (exists (@."Index Cond"))') as node
    join pg_class on relname = node->>'Index Name'
    join pg_index on indexrelid = pg_class.oid
    left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid in (select source union select relid from pg_partition_tree(source))
      and coalesce(attname, mapped) = mapped);
end
$indexed$;

-- Returns the tables that an expression of the mapping reads beside its own row, taken from the plan of the expression. Only a subquery
-- can read another table.
create or replace function pjsip_sync.tables_read(plan jsonb) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $read$
  select array_agg(distinct format('%I.%I', scan->>'Schema', scan->>'Relation Name'))
  from jsonb_path_query(plan,
    '$.** ? (@."Parent Relationship" == "SubPlan" || @."Parent Relationship" == "InitPlan").** ? (exists (@."Relation Name"))') as scan
$read$;

-- Returns the same from the dependencies of a view on the expression, for an expression that cannot be planned with restricted rights. A
-- view is parsed, and nothing of it is evaluated. Misses a subquery on the source table itself.
create or replace function pjsip_sync.tables_named(source regclass, expression text) returns text[]
language plpgsql set search_path = pg_catalog, pg_temp as $named$
declare
  named text[];
begin
  execute format('create view pjsip_sync.used as select %s as value from %s as extension', expression, source);
  select array_agg(distinct format('%I.%I', relnamespace::regnamespace, relname)) into named
  from pg_rewrite r
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
  join pg_class c on c.oid = d.refobjid
  where r.ev_class = 'pjsip_sync.used'::regclass and d.refobjid not in (source, r.ev_class);
  drop view pjsip_sync.used;
  return named;
end
$named$;
