-- How the application's table is watched and read. Everything that names that table is generated here, from
-- pjsip_sync.mapping, as functions with string bodies: the application may alter its own columns without meeting us.
set client_min_messages = warning;

-- The role that owns what runs inside the application's statements. It cannot log in.
do $owner$
begin
  if not exists (select from pg_roles where rolname = 'pjsip_sync_owner') then
    create role pjsip_sync_owner nologin;
  end if;
exception when insufficient_privilege or duplicate_object or unique_violation then
  null; -- installed by a role that may not make roles: the functions then belong to that role
end
$owner$;

-- The advisory locks of this project, each with one writer at a time.
create or replace function pjsip_sync.lock_class() returns integer
language sql immutable parallel safe as $$ select 1885957737 $$;
comment on function pjsip_sync.lock_class() is 'first key of every advisory lock: 1 = target and endpoint, 2 = extensions.status, 3 = a worker sleeps';

-- Whether there is room for notifications. The queue is one for the whole server and grows while any session that listens stays in a
-- transaction; where it is full every commit that notifies fails. What notifies nobody is found by polling.
create or replace function pjsip_sync.may_notify() returns boolean
language sql volatile as $$ select pg_catalog.pg_notification_queue_usage() < 0.5 $$;

-- A mapped value as SQL: a column of the source table by its name, or an expression on its columns.
create or replace function pjsip_sync.column_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select quote_ident(attname) from pg_attribute
     where attrelid = source and attname = mapped and attnum > 0 and not attisdropped),
    '(' || mapped || E'\n)')
$$;

-- The type of a column, behind its domains, and whether its collation calls different texts equal. No row for an expression.
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

-- The number as a text that is equal only to itself.
create or replace function pjsip_sync.number_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((
    select case
      when folds then format('(%s)::text collate "default"', pjsip_sync.column_sql(source, mapped))
      when typ in ('text'::regtype, 'varchar'::regtype) then pjsip_sync.column_sql(source, mapped) end
    from pjsip_sync.base_type(source, mapped)), format('(%s)::text', pjsip_sync.column_sql(source, mapped)))
$$;

-- A text as the number that is written so and no other way, or NULL.
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

-- Whether a row has the number that an SQL expression of type text gives: in the column's own type, so that its own index
-- is used, and where that calls different texts equal (1.0 and 1.00, a and A) in text as well.
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
    from pjsip_sync.base_type(source, mapped) join pg_type on pg_type.oid = typ), format('%s = %s', pjsip_sync.number_sql(source, mapped), wanted))
$$;

-- A mapped value as it is compared with what it was: a column as it is, an expression by its text.
create or replace function pjsip_sync.comparable_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when sql like '(%' then sql || '::text' else sql end from pjsip_sync.column_sql(source, mapped) as sql
$$;

-- The extensions in 4,096 parts.
create or replace function pjsip_sync.bucket_of(id text) returns integer
language sql immutable parallel safe as $$ select (hashtextextended(id, 0) & 4095)::integer $$;

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

-- Whether an index finds an extension by its number: one that begins with it, for any other is read whole.
create or replace function pjsip_sync.is_indexed(source regclass, mapped text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $indexed$
declare
  plan json;
begin
  execute format('explain (format json) select from unnest(array[''1'']) as wanted (number_wanted) cross join lateral (select from %s as extension where %s offset 0) as found',
    source, pjsip_sync.number_condition(source, mapped, 'number_wanted')) into plan;
  return exists (
    select from jsonb_path_query(plan::jsonb, 'strict $.** ? (exists (@."Index Cond"))') as node
    join pg_class on relname = node->>'Index Name'
    join pg_index on indexrelid = pg_class.oid
    left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid in (select source union select relid from pg_partition_tree(source))
      and coalesce(attname, mapped) = mapped);
end
$indexed$;

-- The tables that an expression of the mapping reads beside its own row, by the plan of it: among what it selects, only a
-- subquery can read one.
create or replace function pjsip_sync.tables_read(plan jsonb) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $read$
  select array_agg(distinct format('%I.%I', scan->>'Schema', scan->>'Relation Name'))
  from jsonb_path_query(plan, '$.** ? (@."Parent Relationship" == "SubPlan" || @."Parent Relationship" == "InitPlan").** ? (exists (@."Relation Name"))') as scan
$read$;

-- Our names for what an extension consists of, in the order of extensions()'s columns; then what is written back.
create or replace function pjsip_sync.extension_fields(written_back boolean) returns setof text
language sql immutable rows 20 as $$
  select unnest(case when written_back
    then array['status', 'last_registered_at', 'last_registered_ip', 'device_state']
    else array['number', 'password', 'display_name', 'context', 'caller_id_name', 'caller_id_number', 'voicemail_enabled',
               'voicemail_mailbox', 'transport', 'codecs', 'max_contacts', 'profile', 'settings'] end)
$$;

-- Why a column cannot be what one of our names is written back to, and what could; NULL when it can.
create or replace function pjsip_sync.write_fault(source regclass, name text, mapped text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $fault$
declare
  attribute pg_attribute;
  declared  text;
  typ       regtype;
  value     text;
  held      text;
  rule      record;
  allowed   boolean;
begin
  select * into attribute from pg_attribute where attrelid = source and attname = mapped and attnum > 0 and not attisdropped;
  if not found then
    return format('"%s" is written by the worker, so it must be a column, not an expression', mapped);
  elsif attribute.attgenerated <> '' or attribute.attidentity <> '' then
    return format('"%s" is a generated column, which cannot be written: map another one', mapped);
  end if;
  select base.typ into typ from pjsip_sync.base_type(source, mapped) as base;
  declared := format_type(attribute.atttypid, attribute.atttypmod);
  if name = 'last_registered_at' then
    return case when typ not in ('timestamptz'::regtype, 'timestamp'::regtype)
      then format('"%s" is of type %s, which does not hold a date with its time: make it timestamptz', mapped, declared) end;
  end if;
  foreach value in array case name
    when 'status' then case when typ = 'boolean'::regtype then array['true', 'false'] else array['online', 'offline'] end
    when 'last_registered_ip' then array['255.255.255.255', '2001:db8:1111:2222:3333:4444:5555:6666']
    else array['NOT_INUSE', 'INUSE', 'RINGING', 'RINGINUSE', 'BUSY', 'ONHOLD', 'UNAVAILABLE', 'UNKNOWN', 'INVALID'] end
  loop
    begin
      execute format('select (%L::%s)::text', value, declared) into held;
    exception when others then
      held := null;
    end;
    -- an inet or cidr shows its netmask
    if (case name when 'last_registered_ip' then split_part(held, '/', 1) else held end) is distinct from value then
      return format('"%s" is of type %s, which cannot hold %s: make it %s', mapped, declared, value,
        case name when 'status' then 'text or boolean' when 'last_registered_ip' then 'inet or text' else 'text' end);
    end if;
    for rule in
      select conname, pg_get_expr(conbin, conrelid) as expression from pg_constraint
      where conrelid = source and contype = 'c' and conkey = array[attribute.attnum]
    loop
      execute format('select %s from (select %L::%s as %I) as written', rule.expression, value, declared, mapped) into allowed;
      if not allowed then
        return format('"%s" may not be %s, since the constraint %s forbids it: let it be allowed there', mapped, value, rule.conname);
      end if;
    end loop;
  end loop;
  return null;
end
$fault$;

-- What is wrong with a table of its own for the status; NULL when nothing is.
create or replace function pjsip_sync.status_table_fault(source_table text, status_table text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $fault$
declare
  relation regclass := to_regclass(nullif(status_table, ''));
  problem  text;
begin
  if status_table = '' then
    return null;
  elsif relation is null then
    return format('Source:StatusTable: %s does not exist: create it, or run init with --create-status-table', status_table);
  elsif relation = to_regclass(source_table) then
    return format('Source:StatusTable: %s is Source:Table itself: name another table, or take Source:StatusTable away', status_table);
  elsif (select relkind from pg_class where oid = relation) not in ('r', 'p') then
    return format('Source:StatusTable: %s is not a table', status_table);
  elsif not exists (select from pjsip_sync.base_type(relation, 'number') where typ in ('text'::regtype, 'varchar'::regtype))
     or not exists (select from pg_index join pg_attribute on attrelid = indrelid and attname = 'number' and attnum = indkey[0]
                    where indrelid = relation and indisunique and indnkeyatts = 1 and indpred is null and indimmediate) then
    return format('Source:StatusTable: %s needs a column number that is its primary key, of type text', status_table);
  elsif not exists (select from pg_attribute where attrelid = relation and attname = 'status' and not attisdropped) then
    return format('Source:StatusTable: %s needs a column status', status_table);
  end if;
  select format('Source:StatusTable: %s: %s', status_table, pjsip_sync.write_fault(relation, name, name)) into problem
  from pjsip_sync.extension_fields(true) as name
  join pg_attribute on attrelid = relation and attname = name and not attisdropped
  where pjsip_sync.write_fault(relation, name, name) is not null limit 1;
  return problem;
end
$fault$;

-- The table that Source:StatusTable names, for an application that has none yet (init --create-status-table).
create or replace function pjsip_sync.create_status_table(status_table text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $create$
begin
  if to_regclass(status_table) is null then
    execute format('create table %s (number text primary key, row_key text not null, status text not null, device_state text, '
      'last_registered_at timestamptz, last_registered_ip inet) with (fillfactor = 80)', status_table);
  end if;
end
$create$;

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

-- What is wrong with a complete mapping: the name at fault (NULL: the table itself) and the problem with what would be right.
create or replace function pjsip_sync.mapping_faults(source_table text, columns jsonb, active text)
returns table (name text, problem text)
language plpgsql set search_path = pg_catalog, pg_temp set row_security = on as $check$
declare
  source  regclass := to_regclass(source_table);
  kind    "char";
  mapped  record;
  meaning text;
  plan    jsonb;
begin
  if source is null then
    problem := format('table %s does not exist: create it, name another in Source:Table, or run init with --create-extensions', source_table);
    return next;
    return;
  end if;
  select relkind into kind from pg_class where oid = source;
  if kind = 'v' or kind = 'm' then
    problem := format('%s is a view: triggers see no changes behind a view, so name the table it reads from', source);
    return next;
    return;
  elsif kind not in ('r', 'p') then
    problem := format('%s is not a table (relkind %s)', source, kind);
    return next;
    return;
  end if;
  if exists (select from pg_inherits join pg_class parent on parent.oid = inhparent
             where inhrelid = source and parent.relkind = 'r')
     or (kind = 'r' and exists (select from pg_inherits where inhparent = source)) then
    problem := format('%s is part of an inheritance tree: statement triggers do not see its rows as one table; use a plain or a partitioned table', source);
    return next;
    return;
  end if;
  if exists (select from pg_inherits where inhrelid = source) then
    problem := format('%s is a partition: name the partitioned table it belongs to', source);
    return next;
    return;
  end if;
  if (select count(*) from pg_attribute where attrelid = source and not attisdropped
      and attname in ('context', 'exten', 'priority', 'app', 'appdata')) = 5 then
    problem := format('%s is Asterisk''s own dialplan table (context, exten, priority, app, appdata), not a table of phones: '
      'name the application''s table in Source:Table (init --create-extensions can make one under a name that is free)', source);
    return next;
    return;
  end if;
  for mapped in
    select key, value from jsonb_each_text(columns)
    union all select 'active', active
    order by 1
  loop
    name := mapped.key;
    meaning := case when mapped.key = 'active' then 'Source:Active' else 'Source:Columns:' || replace(initcap(replace(mapped.key, '_', ' ')), ' ', '') end;
    if mapped.key <> 'active' and mapped.key not in (select pjsip_sync.extension_fields(false) union all select pjsip_sync.extension_fields(true)) then
      problem := format('%s is not known: the names are %s', meaning,
        (select string_agg(replace(initcap(replace(ours, '_', ' ')), ' ', ''), ', ') from (select pjsip_sync.extension_fields(false) union all select pjsip_sync.extension_fields(true)) as known (ours)));
      return next;
      continue;
    end if;
    if mapped.value ~ '^[[:alpha:]_][[:alnum:]_$]*$' and lower(mapped.value) not in ('true', 'false', 'null')
       and not exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0 and not attisdropped) then
      problem := format('%s: %s has no column "%s"', meaning, source, mapped.value);
      return next;
      continue;
    end if;
    if mapped.key in (select pjsip_sync.extension_fields(true)) then
      problem := coalesce(
        pjsip_sync.write_fault(source, mapped.key, mapped.value),
        (select format('"%s" is %s as well: map another column', mapped.value, key) from jsonb_each_text(columns || jsonb_build_object('Source:Active', active)) where value = mapped.value and key <> mapped.key limit 1));
      if problem is not null then
        problem := format('%s: %s, or map null to do without', meaning, problem);
        return next;
      end if;
      continue;
    end if;
    if exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0
               and to_jsonb(pg_attribute)->>'attgenerated' = 'v') then
      problem := format('%s: "%s" is a virtual generated column, which triggers cannot see: make it STORED or map its expression', meaning, mapped.value);
      return next;
      continue;
    end if;
    begin
      execute format('explain (verbose, format json) select '
        || case when mapped.key = 'active' then 'case when %2$s then 1 end' else '(%2$s)::text' end || ' from %1$s extension',
        source, pjsip_sync.column_sql(source, mapped.value)) into plan;
      -- (a policy's own subqueries would be in the plan too)
      if not row_security_active(source) and pjsip_sync.tables_read(plan) is not null then
        problem := format('%s reads %s beside its own row: a change there would go unseen, and each look-up would read it for every row. '
          'Map a column of %s that has the value: one that a trigger keeps, or a stored generated column where the row alone decides',
          meaning, array_to_string(pjsip_sync.tables_read(plan), ', '), source);
        return next;
      end if;
    exception when others then
      problem := format('%s: %s (an expression names columns without their table, and what is not in pg_catalog with its schema)', meaning, sqlerrm);
      return next;
    end;
  end loop;
end
$check$;

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

-- The tables of which row-level policies may hide rows from this role, or forbid it to write some: where no policy that
-- says simply "true" allows it each command, or where a restrictive one says anything else.
create or replace function pjsip_sync.tables_with_hidden_rows() returns setof regclass
language sql stable set search_path = pg_catalog, pg_temp as $hidden$
  select relation
  from pjsip_sync.mapping m
  cross join lateral (
    select to_regclass(m.source_table), 'rw'
    union all select to_regclass(format('%I.%I', m.realtime_schema, name)), 'rawd' from unnest(array['ps_endpoints', 'ps_auths', 'ps_aors']) as name
  ) as needed (relation, commands)
  where row_security_active(relation) and exists (
    select from unnest(string_to_array(commands, null)) as command
    left join lateral (
      select polpermissive, coalesce(pg_get_expr(polqual, polrelid), 'true') = 'true' and coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true' as is_true
      from pg_policy
      where polrelid = relation and polcmd in ('*', command::"char")
        and exists (select from unnest(polroles) as role where role = 0 or pg_has_role(current_user, role, 'usage'))
    ) as policy on true
    group by command
    having not coalesce(bool_or(polpermissive and is_true), false) or bool_or(not polpermissive and not is_true))
$hidden$;

-- True, or an error: a row that a policy hides must not look like one that was deleted. Asked after the source was read and in the same
-- transaction, which by then holds a lock on it: no policy can have changed in between. As a part of the reading itself it would be lost
-- where the planner knows that a policy shows nothing.
create or replace function pjsip_sync.sees_every_row() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $sees$
declare
  hidden text;
begin
  -- nearly always none has any policy, which is known at a fraction of what a look at policies costs
  perform from pjsip_sync.mapping m
  where row_security_active(to_regclass(m.source_table))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_endpoints'))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_auths'))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_aors'));
  if not found then
    return true;
  end if;
  select string_agg(relation::text, ', ') into hidden from pjsip_sync.tables_with_hidden_rows() as relation;
  if hidden is not null then
    raise exception using errcode = 'insufficient_privilege',
      message = format('row-level security of %s may hide rows from the role %s: verify-config says which policy is enough', hidden, current_user);
  end if;
  return true;
end
$sees$;

-- Of what types the columns are of which the generated functions depend on the type.
create or replace function pjsip_sync.column_types() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), case when attcollation <> 0 then attcollation::regcollation::text end, attnotnull), ', ' order by attrelid, attnum), '')
  from pjsip_sync.current_mapping() as m
  join pg_attribute on attnum > 0 and not attisdropped
    and (attrelid = m.source and attname in (select m.columns->>name from (select 'number' union all select pjsip_sync.extension_fields(true)) as known (name)) or attrelid = m.status_table)
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

-- The application's rows under our names: extensions() and extensions_by_number(). A row whose number is NULL is no phone.
create or replace function pjsip_sync.generate_reading(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  wanted text;
  rows   text;
  shape constant text := 'table (row_key text, number text, active boolean, password text, display_name text, context text, '
    'caller_id_name text, caller_id_number text, voicemail_enabled text, voicemail_mailbox text, transport text, '
    'codecs text, max_contacts text, profile text, settings text)';
begin
  select string_agg(format('       (%s)::text as %I', coalesce(pjsip_sync.column_sql(m.source, m.columns->>name), 'null'), name), E',\n' order by ordinality)
  into wanted
  from pjsip_sync.extension_fields(false) with ordinality as known (name, ordinality)
  where name <> 'number';
  rows := format($s$
      select %s as row_key,
             (%s)::text as number,
             coalesce((%s)::boolean, false) as active,
      %s
      from %s as extension$s$,
    m.row_key, m.number_is, pjsip_sync.column_sql(m.source, m.active), wanted, m.source);
  execute format($f$
    create or replace function pjsip_sync.extensions(ids text[] default null) returns %s language sql stable as $body$
      %s where %s is not null and ($1 is null or %s = any ($1))
    $body$ $f$, shape, rows, m.number, m.number_is);

  execute format($f$
    create or replace function pjsip_sync.extensions_by_number(ids text[]) returns %s language sql stable as $body$
      %s
    $body$ $f$, shape, pjsip_sync.by_number_sql(m, rows, '$1'));
end
$generate$;

-- The mark of a part is that of all its rows: whoever writes one makes another row of it. What an expression reads beside
-- the row nobody knows: then there are no marks.
create or replace function pjsip_sync.generate_bucket_digests(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
begin
  execute format($f$
    create or replace function pjsip_sync.bucket_digests() returns table (bucket integer, digest numeric) language sql stable as $body$
      select pjsip_sync.bucket_of(id), case when %1$L then sum(hashtextextended(place, seed)) end
      from (
        select coalesce((%2$s)::text, '') as id, ctid::text || xmin::text as place, tableoid::bigint as seed from %3$s as extension
        union all select id, ctid::text || xmin::text, 1 from pjsip_sync.managed_endpoint
        union all select coalesce(id, ''), ctid::text || xmin::text, 2 from pjsip_sync.rejected
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_endpoints
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_auths
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_aors
      ) as rows
      group by 1
    $body$ $f$,
    (select bool_and(pjsip_sync.column_sql(m.source, mapped) not like '(%') from (
       select value from jsonb_each_text(m.columns) union all select nullif(m.active, 'true')) as known (mapped)),
    m.number_is, m.source, m.realtime_schema);
end
$generate$;

-- The bodies of the triggers: record_change() and record_replicated(). Nothing in them may ever reach the application as
-- an error.
create or replace function pjsip_sync.generate_recording(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  image   text;
  pairs   text;
  changed text;
  numbers text;
  of_all  text;
  by_number constant boolean := pjsip_sync.keyed_by_number(m.source, m.columns->>'number');
  -- Statements of more rows make one record of each hundred.
  short constant integer := 1000;
  pages constant text := 'insert into pjsip_sync.change (id, more_ids) select ids[1], ids[2:] from (
              select array_agg(number) as ids from (select number, row_number() over () / 100 as page from (%s) as numbers) as numbered group by page) as pages';
  -- A worker that sleeps holds lock 3 and must be woken; one that is awake finds the change by itself, and cannot fall asleep
  -- before this transaction has ended. A NOTIFY makes commits queue behind one lock, and two-phase commit forbids it.
  ring constant text := $r$
          if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), 3) and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off'
             and pjsip_sync.may_notify() then
            perform pg_notify('pjsip_sync_change', '');
          end if;$r$;
begin
  -- What is read of a row and what is written to it: equal images are equal values, whatever their types.
  select format('coalesce((%s)::text, '''') as number, row(%s) as is_read, row(%s) as is_written', m.number_is,
    concat_ws(', ', pjsip_sync.comparable_sql(m.source, m.active),
      (select string_agg(format('extension.%I', attname), ', ') from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = m.source and indisprimary),
      string_agg(pjsip_sync.comparable_sql(m.source, m.columns->>name), ', ') filter (where name in (select pjsip_sync.extension_fields(false)))),
    string_agg(format('extension.%I', m.columns->>name), ', ') filter (where name in (select pjsip_sync.extension_fields(true))))
  into image
  from jsonb_object_keys(m.columns) as mapped (name);
  if by_number then
    image := format('%s, %s as row_key', image, m.row_key);
  end if;
  -- Both transition tables have one order. Whatever the pairs, what differs is in a pair that differs; who has no partner is NULL.
  pairs := format($s$
              (select row_number() over () as place, %1$s from old_rows as extension) as was
              full join (select row_number() over () as place, %1$s from new_rows as extension) as became using (place)$s$, image);
  changed := format('select unnest(case when was.number = became.number then array[was.number] else array[was.number, became.number] end) as number '
    'from %s where (was.is_read *= became.is_read) is not true', pairs);
  numbers := format('select coalesce((%s)::text, '''') as number from <rows> as extension', m.number_is);
  of_all := format($s$insert into pjsip_sync.change (id) %1$s limit %2$s;
          get diagnostics recorded = row_count;
          if recorded = %2$s then
            %3$s;
          end if;$s$, numbers, short, format(pages, numbers || ' offset ' || short));

  execute format($f$
    create or replace function pjsip_sync.record_change() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $body$
    #variable_conflict use_column
    declare
      recorded     bigint;
      several      boolean; -- of no row at all NULL
      was          record;
      became       record;
      same_written boolean;
    begin
      begin
        if tg_op = 'INSERT' then
          %5$s
          -- a re-import of extensions that are registered
          if exists (select from pjsip_sync.contact) then
            insert into pjsip_sync.status_recheck (id)
            select mine.number from (%1$s) as mine
            where exists (select from pjsip_sync.contact where contact.endpoint = mine.number);
          end if;
        elsif tg_op = 'DELETE' then
          %6$s
        elsif tg_op = 'UPDATE' then
          -- nearly always one row, which is read at a fraction of what a query costs that compares
          for became in select %2$s from new_rows as extension loop
            several := several is not null;
            exit when several;
          end loop;
          if several then
            if exists (select from new_rows offset %9$s) then
              %7$s;
            else
              insert into pjsip_sync.change (id) %8$s;
            end if;
            get diagnostics recorded = row_count;%10$s
          elsif several is not null then
            select %2$s into was from old_rows as extension;
            if not was.is_read *= became.is_read then
              insert into pjsip_sync.change (id) values (became.number);
              if was.number <> became.number then
                insert into pjsip_sync.change (id) values (was.number);%11$s
              end if;
              recorded := 1;
            end if;
            same_written := was.is_written *= became.is_written;
          end if;
          -- a row that somebody saved with the status it had before
          -- (a condition of variables and a query in one would be planned anew by each statement)
          if (several or not same_written) and coalesce(current_setting('pjsip_sync.writing_status', true), '') <> 'on' then
            if exists (select from pjsip_sync.node) then
              insert into pjsip_sync.status_recheck (id)
              select became.number from %3$s
              where (was.is_written *= became.is_written) is not true and became.number is not null;
            end if;
          end if;
        else
          insert into pjsip_sync.change (id, cause) values (null, 'truncate');
          recorded := 1;
        end if;
        if recorded > 0 then
          %4$s
        end if;
      exception when others then
        raise log 'pjsip_sync could not tell what changed, everything is looked at again: %%', sqlerrm;
        begin
          insert into pjsip_sync.change (id) values (null);
        exception when others then
          raise log 'pjsip_sync could not record a change, the next reconcile finds it: %%', sqlerrm;
        end;
      end;
      return null;
    end
    $body$ $f$, replace(numbers, '<rows>', 'new_rows'), image, pairs, ring,
    replace(of_all, '<rows>', 'new_rows'), replace(of_all, '<rows>', 'old_rows'), format(pages, changed), changed, short,
    case when by_number then format($s$
            insert into pjsip_sync.row_key_change (old_keys, new_keys) select array_agg(was.row_key), array_agg(became.row_key) from %s
            where was.row_key <> became.row_key and exists (select from pjsip_sync.mailbox) having count(*) > 0;$s$, pairs) end,
    case when by_number then $s$
                insert into pjsip_sync.row_key_change (old_keys, new_keys) select array[was.row_key], array[became.row_key] where exists (select from pjsip_sync.mailbox);$s$ end);

  -- Logical replication applies rows, not statements: fires only in its sessions, and costs the application nothing.
  execute format($f$
    create or replace function pjsip_sync.record_replicated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
    begin
      if tg_op <> 'INSERT' then
        insert into pjsip_sync.change (id) select coalesce((%1$s)::text, '') from (select old.*) as extension;
      end if;
      if tg_op <> 'DELETE' then
        insert into pjsip_sync.change (id) select coalesce((%1$s)::text, '') from (select new.*) as extension;
      end if;
      %3$s%2$s
      return null;
    exception when others then
      raise log 'pjsip_sync could not record a replicated change, the next reconcile finds it: %%', sqlerrm;
      return null;
    end
    $body$ $f$, m.number_is, ring, case when by_number then format($s$if tg_op = 'UPDATE' then
        insert into pjsip_sync.row_key_change (old_keys, new_keys) select array[was.row_key], array[became.row_key]
        from (select %1$s as row_key from (select old.*) as extension) as was, (select %1$s as row_key from (select new.*) as extension) as became
        where was.row_key <> became.row_key and exists (select from pjsip_sync.mailbox);
      end if;
      $s$, m.row_key) end);
end
$generate$;

-- What a notification says of the device. Asterisk tells of a registration and of the device in either order: where its last
-- word on the device is older than the status, this is what it says next.
create or replace function pjsip_sync.consistent_device_state(status text, device_state text) returns text
language sql immutable parallel safe as $$
  select case
    when status = 'online' and device_state in ('UNAVAILABLE', 'UNKNOWN', 'INVALID') then 'NOT_INUSE'
    when status = 'offline' and device_state not in ('UNKNOWN', 'INVALID') then 'UNAVAILABLE'
    else device_state end
$$;

-- Tells who listens of a changed status, and counts it for the worker's metrics.
create or replace function pjsip_sync.announce_status(number text, status text, device_state text, ip text) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select pg_notify('extension_status', json_build_object(
    'number', number, 'status', status, 'device_state', pjsip_sync.consistent_device_state(status, device_state), 'ip', ip,
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text)
  where pjsip_sync.may_notify();
  select set_config('pjsip_sync.status_changes', (coalesce(nullif(current_setting('pjsip_sync.status_changes', true), ''), '0')::integer + 1)::text, true);
$$;

-- Notes that the status of a row cannot be written, and why: in words of ours, for the server's may repeat a value. What a
-- trigger of the application says is for people to read; the row's password is taken out of it.
create or replace function pjsip_sync.reject_status(
  row_key text, id text, state text, message text, relation text, attribute text, rule text, context text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $reject$
#variable_conflict use_variable
declare
  secret text;
  reason text := case
    when state = '23502' then format('%s must have a value', attribute)
    when rule <> '' then format('%s violates the constraint %s', relation, rule)
    when state = '22001' then 'a value is too long'
    when state not like 'P0%' then format('the database refuses it (SQLSTATE %s)', state)
    end;
begin
  if reason is null then
    -- as it is, and as a row, JSON or a literal shows it
    for secret in
      select unnest(array[r.password, replace(r.password, '"', '""'), substring(to_json(r.password)::text from '^"(.*)"$'), substring(quote_literal(r.password) from '^E?.(.*).$')])
      from pjsip_sync.extensions_by_number(array[id]) as r where r.row_key = reject_status.row_key and r.password <> ''
    loop
      message := replace(message, secret, '***');
    end loop;
    reason := left(regexp_replace(message, '[[:cntrl:]]+', ' ', 'g'), 200);
  end if;
  -- of the way to the error only the place, for the rest may have values
  reason := 'its status cannot be written: ' || concat_ws(', in ', reason, substring(context from '(?n)^PL/pgSQL function ((?!pjsip_sync[.]).*)$'));
  insert into pjsip_sync.status_rejected as r (row_key, id, reason, retry_at)
  values (row_key, id, reason, now() + interval '1 second')
  on conflict on constraint status_rejected_pkey do update
  set id = excluded.id, reason = excluded.reason, attempts = r.attempts + 1, retry_at = now() + least(power(2, r.attempts), 30) * interval '1 second';
  return reason;
end
$reject$;

-- Row by row, when write_status() failed on the rows of some numbers: what fails again is rejected and costs no other its status.
-- Without numbers tries rejected rows again. Returns each number with why it was rejected, '' when its row is held, NULL when it was written.
create or replace function pjsip_sync.generate_status_writing_by_row(stale text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
begin
  execute format($f$
    create or replace function pjsip_sync.write_status_by_row(ids text[] default null, refresh_after interval default '5 minutes')
    returns table (number text, problem text)
    language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := $1;
      one record;
      state text; message text; relation text; attribute text; rule text; context text;
    begin
      -- others' transactions do not wait for long because a trigger on one of these rows waits
      perform set_config('lock_timeout', '25ms', true);
      for one in
        select due.row_key, due.id from (
          select row_key, id from pjsip_sync.status_rejected where $1 is null and retry_at <= now() order by retry_at limit 50) as due
        union all
        select stale.row_key, coalesce(stale.number, '') from (%s) as stale where $1 is not null
      loop
        number := one.id;
        begin
          -- so that what the application checks at commit fails here
          set constraints all immediate;
          problem := (select max('') from pjsip_sync.write_status(array[one.id], $2, one.row_key));
          if problem is null then
            delete from pjsip_sync.status_rejected where row_key = one.row_key;
          end if;
        exception
          when lock_not_available then
            problem := '';
          when others then
            -- the server is at fault, not the row
            if sqlstate ~ '^(25|40|53|57|58)' then
              raise;
            end if;
            get stacked diagnostics state = returned_sqlstate, message = message_text, relation = table_name, attribute = column_name, rule = constraint_name, context = pg_exception_context;
            problem := pjsip_sync.reject_status(one.row_key, one.id, state, message, relation, attribute, rule, context);
        end;
        return next;
      end loop;
    end
    $body$ $f$, stale);
end
$generate$;

-- Status back to the application's rows, as the registration view has it: status_mismatches() names the rows that say something else,
-- write_status() writes them.
create or replace function pjsip_sync.generate_status_writing(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  written text;
  differs text;
  flipped text; -- whether a row that is written gets another status
  rows    text;
  stale   text;
  by_number text;
  unless_rejected constant text := ' and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = coalesce(now.number, ''''))';
begin
  select string_agg(format('%I = ', mapped) || format(value, typ, replace(quote_ident(mapped), '%', '%%')), ', ' order by ordinality),
         string_agg(format(case when difference like '%distinct from ' then difference || value else difference end, typ), ' or ' order by ordinality),
         coalesce(max(format('now.old_1 is distinct from ' || value, typ)) filter (where name = 'status'), 'true')
  into written, differs, flipped
  from (
    select name, ordinality, mapped, typ, difference,
      case when name = 'status' and base = 'boolean'::regtype then '(now.status = ''online'')'
           when name = 'device_state' and attnotnull then 'coalesce(now.device_state, ''UNKNOWN'')::%1$s'
           else value end as value
    from (values
        ('status',             1, 'now.status::%1$s', 'now.old_1 is distinct from '),
        ('last_registered_at', 2, 'coalesce(now.registered_at::%1$s, extension.%2$s)',
          '(now.registered_at is not null and (now.old_2 is null or now.old_2 < now.registered_at - refresh_after))'),
        ('last_registered_ip', 3, 'coalesce(now.ip::%1$s, extension.%2$s)',
          '(now.ip is not null and now.old_3 is distinct from now.ip::%1$s)'),
        ('device_state',       4, 'now.device_state::%1$s', 'now.old_4 is distinct from ')
      ) as known (name, ordinality, value, difference)
    cross join lateral (
      select attname as mapped, format_type(atttypid, atttypmod) as typ, attnotnull, (select base.typ from pjsip_sync.base_type(m.source, attname) as base) as base from pg_attribute
      where attrelid = m.source and attname = m.columns->>name and attnum > 0 and not attisdropped) as t) as written_back;

  -- All extensions, or those numbered. '' stands for those without a number as well, and each form is one that
  -- its own index answers.
  rows := format('select extension.tableoid as part, extension.ctid as place, %s as number, %s as row_key, %s from %s as extension',
    m.number_is, m.row_key,
    (select string_agg(coalesce('extension.' || quote_ident(m.columns->>name), 'null::text') || ' as old_' || ordinality, ', ' order by ordinality)
     from pjsip_sync.extension_fields(true) with ordinality as known (name, ordinality)),
    m.source);
  stale := $s$
        select now.* from (
          select mine.*, coalesce(r.status, 'offline') as status, r.registered_at, host(r.address) as ip, r.device_state
          from (%1$s) as mine
          left join %2$s
        ) as now
        where ($s$ || replace(coalesce(differs, 'false'), '%', '%%') || ')';
  by_number := format(stale, format('%s union all %s where %s is null and '''' = any (pjsip_sync_numbers)', pjsip_sync.by_number_sql(m, rows, 'pjsip_sync_numbers'), rows, m.number),
    'lateral (select * from pjsip_sync.registration r where r.number = mine.number and r.row_key = mine.row_key offset 0) r on true');

  execute format($f$
    create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
    returns setof text
    language sql stable as $body$ select coalesce(number, '') from (%s) as stale $body$ $f$,
    format(stale, rows, 'pjsip_sync.registration r on r.number = mine.number and r.row_key = mine.row_key') || unless_rejected);

  -- Returns the numbers that could not be written because the application holds their rows; announces each change of status.
  -- With the key of a row writes that one alone, else all but the rejected ones.
  execute format($f$
    create or replace function pjsip_sync.write_status(ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
    returns setof text
    -- plpgsql keeps its plan from call to call
    language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
    begin
      -- so that the trigger knows its own master's hand; and a plan made while the tables were empty would read them whole for each row
      perform set_config('pjsip_sync.writing_status', 'on', true), set_config('enable_seqscan', 'off', true);
      return query
      with stale as materialized (%3$s
      ), held as materialized (
        -- with all of stale's columns: joined to it once more, each row would be compared with each
        select stale.*, extension.ctid as found
        from %1$s as extension
        join stale on stale.part = extension.tableoid and stale.place = extension.ctid
        for no key update of extension skip locked
      ), written as (
        update %1$s as extension set %2$s
        from held as now
        -- one that somebody wrote meanwhile is found in another place
        where extension.tableoid = now.part and extension.ctid = now.place and now.found = now.place
        -- here, for only a data-modifying part of a statement is sure to be carried out whatever the plan is
        -- (a number too long to be anybody's has no news either, and would not fit)
        returning now.part, now.place, case when %4$s and length(now.number) <= 255
          then pjsip_sync.announce_status(now.number, now.status, now.device_state, now.ip) is null end as announced
      )
      select coalesce(stale.number, '')::text from stale
      where not exists (select from written where written.part = stale.part and written.place = stale.place);
    end
    $body$ $f$,
    m.source,
    -- nothing mapped: an assignment that is never reached
    coalesce(written, (select format('%1$I = extension.%1$I', attname) from pg_attribute
      where attrelid = m.source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1)),
    by_number || ' and case when $3 is null then true' || unless_rejected || ' else now.row_key = $3 end',
    flipped);
  perform pjsip_sync.generate_status_writing_by_row(by_number || unless_rejected);
end
$generate$;

-- Status into a table of its own, which has a row for each of the registration view's: no row of the source is written.
create or replace function pjsip_sync.generate_status_table_writing(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  names   text;
  written text;
  updated text;
  olds    text;
  differs text;
  rows    text;
  unless_rejected constant text := ' and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = now.number)';
  -- while the table is missing or unfit nothing is written
  nothing constant text := 'select now.* from (select null::text as number, null::text as row_key) as now where false';
begin
  select string_agg(name, ', ' order by n), string_agg(value, ', ' order by n), string_agg(format('%1$s = excluded.%1$s', name), ', ' order by n),
         string_agg(format('t.%1$s as old_%1$s', name), ', ' order by n), string_agg(coalesce(difference, format('now.old_%s is distinct from %s', name, value)), ' or ' order by n)
  into names, written, updated, olds, differs
  from (
    select name, n, difference, format(case
        when name = 'status' and base = 'boolean'::regtype then '(now.status = ''online'')'
        when name = 'device_state' and attnotnull then 'coalesce(now.device_state, ''UNKNOWN'')::%1$s'
        else value end, typ) as value
    from (values
        ('number', 1, 'now.number::%1$s', null), ('row_key', 2, 'now.row_key::%1$s', null), ('status', 3, 'now.status::%1$s', null), ('device_state', 4, 'now.device_state::%1$s', null),
        ('last_registered_at', 5, 'coalesce(now.registered_at::%1$s, now.old_last_registered_at)',
          '(now.registered_at is not null and (now.old_last_registered_at is null or now.old_last_registered_at < now.registered_at - refresh_after))'),
        ('last_registered_ip', 6, 'coalesce(now.ip::%1$s, now.old_last_registered_ip)', '(now.ip is not null and now.old_last_registered_ip is distinct from now.ip::%1$s)')
      ) as known (name, n, value, difference)
    cross join lateral (
      select format_type(atttypid, atttypmod) as typ, attnotnull, (select base.typ from pjsip_sync.base_type(target, name) as base) as base
      from pg_attribute where attrelid = target and attname = name and not attisdropped) as t) as present;
  differs := replace(differs, 'now.ip::%1$s', 'now.ip::' || coalesce((select format_type(atttypid, atttypmod) from pg_attribute where attrelid = target and attname = 'last_registered_ip'), 'text'));
  rows := $s$
        select now.* from (
          select coalesce(r.number, t.number) as number, coalesce(r.row_key, t.number) as row_key, r.number is null as is_gone,
                 r.status, r.registered_at, host(r.address) as ip, r.device_state, $s$ || olds || $s$
          from $s$;

  execute format($f$
    create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
    returns setof text
    language sql stable as $body$ select number from (%s) as stale $body$ $f$,
    coalesce(rows || format('pjsip_sync.registration r full join %s t on t.number = r.number) as now where (now.is_gone or %s)', target, differs), nothing) || unless_rejected);

  rows := coalesce(rows || format('unnest(pjsip_sync_numbers) as wanted (id) left join lateral (select * from pjsip_sync.registration where number = wanted.id offset 0) r on true '
    'left join lateral (select * from %s where number = wanted.id offset 0) t on true where r.number is not null or t.number is not null) as now where (now.is_gone or %s)', target, differs), nothing);
  execute format($f$
    create or replace function pjsip_sync.write_status(ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
    returns setof text
    language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
      now record;
    begin
      -- a plan made while the tables were empty would read them whole for each row
      perform set_config('enable_seqscan', 'off', true);
      for now in
        %1$s and case when $3 is null then true %3$s else now.row_key = $3 end
        order by now.number
      loop
        %2$s
      end loop;
    end
    $body$ $f$, rows, case when target is null then 'null;' else format($s$
        if now.is_gone then
          delete from %1$s where number = now.number;
          continue;
        end if;
        insert into %1$s (%2$s) values (%3$s) on conflict (number) do update set %4$s;
        if now.old_status is distinct from %5$s then
          perform pjsip_sync.announce_status(now.number, now.status, now.device_state, now.ip);
        end if;$s$,
      target, names, written, updated,
      (select case when typ = 'boolean'::regtype then '(now.status = ''online'')' else 'now.status::' || format_type(atttypid, atttypmod) end
       from pjsip_sync.base_type(target, 'status'), pg_attribute where attrelid = target and attname = 'status')) end, unless_rejected);
  perform pjsip_sync.generate_status_writing_by_row(rows || unless_rejected);
end
$generate$;

-- Everything that names the source table, from the remembered mapping and from what that table has now.
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
  perform pjsip_sync.grant_source_columns();
  perform pjsip_sync.refresh_endpoint_view();
end
$generate$;

-- Forgets an Asterisk server and its registrations, unless a worker follows it; says whether it did.
create or replace function pjsip_sync.forget_node(name text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $forget$
begin
  if not pg_try_advisory_xact_lock(pjsip_sync.lock_class() + 1, hashtext(forget_node.name)) then
    return false;
  end if;
  insert into pjsip_sync.status_recheck (id) select distinct endpoint from pjsip_sync.contact where contact.node = forget_node.name;
  delete from pjsip_sync.node where node.name = forget_node.name;
  return found;
end
$forget$;

-- Makes up for what the application altered since: columns that came or went, partitions that were attached.
-- Returns what is left out now. Runs with the rights of who installed it, for the worker may not make functions.
create or replace function pjsip_sync.refresh_mapping() returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $adapt$
declare
  mapping  pjsip_sync.mapping;
  faults   text[];
  hopeless boolean;
begin
  select * into mapping from pjsip_sync.mapping;
  select coalesce(array_agg(fault.problem order by fault.problem), '{}'),
         bool_or(fault.name is null or fault.name in ('number', 'password', 'active'))
  into faults, hopeless
  from (
    select * from pjsip_sync.mapping_faults(mapping.source_table, mapping.columns, mapping.active)
    union all
    select 'status_table', pjsip_sync.status_table_fault(mapping.source_table, mapping.status_table)) as fault
  where fault.problem is not null;
  if hopeless then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(faults, '; ');
  end if;
  if mapping.left_out is distinct from faults then
    update pjsip_sync.mapping m set left_out = faults;
    perform pjsip_sync.generate();
    insert into pjsip_sync.change (id) values (null);
    perform pg_notify('pjsip_sync_change', '') where pjsip_sync.may_notify();
  elsif exists (select from pjsip_sync.current_mapping() as now
                where (now.indexed, pjsip_sync.column_types()) is distinct from (mapping.indexed, mapping.types)) then
    perform pjsip_sync.generate();
  end if;
  if pjsip_sync.lacks_column_grants() then
    perform pjsip_sync.grant_source_columns();
  end if;
  perform pjsip_sync.refresh_endpoint_view();
  perform pjsip_sync.install_triggers();
  return query select unnest(faults);
end
$adapt$;
revoke all on function pjsip_sync.refresh_mapping() from public;

-- What is wrong when no index finds an extension by its number, and which one would.
create or replace function pjsip_sync.index_advice() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select format('no index finds an extension by its number, so every change would read the whole table: create index on %s ((%s))', source,
    case when pjsip_sync.number_condition(source, mapped, '''''') like pjsip_sync.column_sql(source, mapped) || ' %' then pjsip_sync.column_sql(source, mapped)
         else pjsip_sync.number_sql(source, mapped) end)
  from (select to_regclass(source_table) as source, columns->>'number' as mapped from pjsip_sync.mapping) as m
$$;

-- Installs a mapping: checks it, remembers it, generates the functions, places the triggers.
create or replace function pjsip_sync.configure(source_table text, columns jsonb, active text, realtime_schema text, status_table text default '')
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $configure$
declare
  problems text[];
  before   pjsip_sync.mapping;
begin
  if status_table <> '' then
    -- nothing is written into the source unless somebody says so
    columns := (select jsonb_object_agg(name, 'null') from pjsip_sync.extension_fields(true) as name) || columns;
  end if;
  columns := pjsip_sync.complete_columns(source_table, columns);
  active  := pjsip_sync.complete_active(source_table, active);
  select array_agg(fault.problem) into problems from (
    select problem from pjsip_sync.mapping_faults(source_table, columns, active)
    union all
    select pjsip_sync.status_table_fault(source_table, status_table)
    union all
    select format('Source:Columns has "%s", which is written to Source:StatusTable: take one of them away', name)
    from pjsip_sync.extension_fields(true) as name where status_table <> '' and columns ? name) as fault
  where fault.problem is not null;
  if problems is not null then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(problems, E'\n');
  end if;

  select * into before from pjsip_sync.mapping;
  insert into pjsip_sync.mapping as m (schema_version, source_table, columns, active, realtime_schema, status_table)
  values (8, to_regclass(source_table)::text, configure.columns, configure.active, configure.realtime_schema, coalesce(to_regclass(nullif(status_table, ''))::text, ''))
  on conflict (singleton) do update
  set schema_version = excluded.schema_version, source_table = excluded.source_table, columns = excluded.columns,
      active = excluded.active, realtime_schema = excluded.realtime_schema, status_table = excluded.status_table, left_out = '{}',
      -- an older worker that still runs stands by: it does not know all that is recorded now
      fingerprint = case when m.schema_version = excluded.schema_version then m.fingerprint else 'schema ' || excluded.schema_version end
  where (m.schema_version, m.source_table, m.columns, m.active, m.realtime_schema, m.status_table, m.left_out)
    is distinct from (excluded.schema_version, excluded.source_table, excluded.columns, excluded.active, excluded.realtime_schema, excluded.status_table, '{}'::text[]);
  if found then
    -- Only another answer to which extensions there are is a cause of removals; a first answer, an upgrade, or another column for the context is none.
    insert into pjsip_sync.change (id, cause)
    select null, case when before.singleton and (before.source_table, before.columns->>'number', before.active) is distinct from (m.source_table, m.columns->>'number', m.active) then 'mapping' end
    from pjsip_sync.mapping m;
    perform pg_notify('pjsip_sync_change', '') where pjsip_sync.may_notify();
  end if;

  perform pjsip_sync.generate();
  if exists (
    select from pg_trigger where tgfoid = 'pjsip_sync.record_change'::regproc and tgenabled <> 'A' or tgfoid = 'pjsip_sync.record_replicated'::regproc and tgenabled <> 'R')
  then
    perform pjsip_sync.repair_triggers();
  else
    perform pjsip_sync.install_triggers();
  end if;
  if not (select indexed from pjsip_sync.mapping) then
    raise warning '%', pjsip_sync.index_advice();
  end if;
end
$configure$;

-- Puts the triggers on the source table and on every partition of it, takes them off any other table, and what bears
-- their names and is something else out of their way.
create or replace function pjsip_sync.install_triggers() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $place$
declare
  source   regclass := (select to_regclass(source_table) from pjsip_sync.mapping);
  relation regclass;
  wanted   record;
begin
  for wanted in
    select tgrelid::regclass as relation, tgname as name from pg_trigger
    cross join lateral (
      select tgfoid in ('pjsip_sync.record_change'::regproc, 'pjsip_sync.record_replicated'::regproc) as is_ours,
             tgrelid = source or exists (select from pg_partition_tree(source) where relid = tgrelid) as is_here) as t
    where (is_ours or tgname ~ '^pjsip_sync_(insert|update|delete|truncate|replicated)$') and is_ours <> is_here
  loop
    execute format('drop trigger %I on %s', wanted.name, wanted.relation);
  end loop;
  for relation in
    select source union select relid from pg_partition_tree(source)
  loop
    for wanted in
      select * from (values
        ('pjsip_sync_insert',   'insert',   'referencing new table as new_rows'),
        ('pjsip_sync_update',   'update',   'referencing old table as old_rows new table as new_rows'),
        ('pjsip_sync_delete',   'delete',   'referencing old table as old_rows'),
        ('pjsip_sync_truncate', 'truncate', '')) as known (name, event, referencing)
    loop
      if not exists (select from pg_trigger where tgrelid = relation and tgname = wanted.name) then
        execute format('create trigger %I after %s on %s %s for each statement execute function pjsip_sync.record_change()',
          wanted.name, wanted.event, relation, wanted.referencing);
        -- also for sessions that replay data with session_replication_role = replica
        execute format('alter table %s enable always trigger %I', relation, wanted.name);
      end if;
    end loop;
    if (select relkind from pg_class where oid = relation) = 'r'
       and not exists (select from pg_trigger where tgrelid = relation and tgname = 'pjsip_sync_replicated') then
      execute format('create trigger pjsip_sync_replicated after insert or update or delete on %s for each row execute function pjsip_sync.record_replicated()', relation);
      execute format('alter table %s enable replica trigger pjsip_sync_replicated', relation);
    end if;
  end loop;
end
$place$;
