-- What is wrong with a mapping, in words that say what would be right.
-- Assumes 41_evaluation.sql.
set client_min_messages = warning;

-- Returns why the field name cannot be written to a column, and what would be right; NULL when it can.
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
      -- NULL when a CHECK of a domain cannot be evaluated with restricted rights.
      held := coalesce(pjsip_sync.evaluate(source, format('select (%L::%s)::text', value, declared)), value);
    exception when others then
      held := null;
    end;
    -- An inet or cidr shows its netmask.
    if (case name when 'last_registered_ip' then split_part(held, '/', 1) else held end) is distinct from value then
      return format('"%s" is of type %s, which cannot hold %s: make it %s', mapped, declared, value,
        case name when 'status' then 'text or boolean' when 'last_registered_ip' then 'inet or text' else 'text' end);
    end if;
    for rule in
      select conname, pg_get_expr(conbin, conrelid) as expression from pg_constraint
      where conrelid = source and contype = 'c' and conkey = array[attribute.attnum]
    loop
      allowed := pjsip_sync.evaluate(source,
        format('select %s from (select %L::%s as %I) as written', rule.expression, value, declared, mapped));
      if not allowed then
        return format('"%s" may not be %s, since the constraint %s forbids it: let it be allowed there', mapped, value, rule.conname);
      end if;
    end loop;
  end loop;
  return null;
end
$fault$;

-- Returns what is wrong with Source:StatusTable; NULL when nothing is, or when there is none ('').
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
    return format('Source:StatusTable: %s is Source:Table itself: name another table, or remove Source:StatusTable', status_table);
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

-- Creates the table that Source:StatusTable names, unless it exists (init --create-status-table).
create or replace function pjsip_sync.create_status_table(status_table text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $create$
begin
  if to_regclass(status_table) is null then
    execute format('create table %s (number text primary key, row_key text not null, status text not null, device_state text, '
      'last_registered_at timestamptz, last_registered_ip inet) with (fillfactor = 80)', status_table);
  end if;
end
$create$;

-- Returns what is wrong with a complete mapping: the field at fault (NULL: the table itself), and the problem with what would be right.
create or replace function pjsip_sync.mapping_faults(source_table text, columns jsonb, active text)
returns table (name text, problem text)
language plpgsql set search_path = pg_catalog, pg_temp set row_security = on as $check$
declare
  source  regclass := to_regclass(source_table);
  kind    "char";
  mapped  record;
  meaning text;
  plan    jsonb;
  sql     text; -- a mapped value
  others  text[];
begin
  if source is null then
    problem := format('table %s does not exist: create it, name another in Source:Table, or run init with --create-extensions',
      source_table);
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
    problem := format('%s is part of an inheritance tree: statement triggers do not see its rows as one table; '
      'use a plain or a partitioned table', source);
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
    meaning := case when mapped.key = 'active' then 'Source:Active'
               else 'Source:Columns:' || replace(initcap(replace(mapped.key, '_', ' ')), ' ', '') end;
    if mapped.key <> 'active'
       and mapped.key not in (select pjsip_sync.extension_fields(false) union all select pjsip_sync.extension_fields(true)) then
      problem := format('%s is not known: the names are %s', meaning,
        (select string_agg(replace(initcap(replace(ours, '_', ' ')), ' ', ''), ', ')
         from (select pjsip_sync.extension_fields(false) union all select pjsip_sync.extension_fields(true)) as known (ours)));
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
        (select format('"%s" is %s as well: map another column', mapped.value, key)
         from jsonb_each_text(columns || jsonb_build_object('Source:Active', active))
         where value = mapped.value and key <> mapped.key limit 1));
      if problem is not null then
        problem := format('%s: %s, or map null to do without', meaning, problem);
        return next;
      end if;
      continue;
    end if;
    if exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0
               and to_jsonb(pg_attribute)->>'attgenerated' = 'v') then
      problem := format('%s: "%s" is a virtual generated column, which triggers cannot see: make it STORED or map its expression',
        meaning, mapped.value);
      return next;
      continue;
    end if;
    begin
      sql := format(case when mapped.key = 'active' then 'case when %s then 1 end' else '(%s)::text' end,
        pjsip_sync.column_sql(source, mapped.value));
      plan := pjsip_sync.evaluate(source, format('explain (verbose, format json) select %s from %s extension', sql, source));
      -- The subqueries of a row-level policy would be in the plan as well.
      others := case
        when plan is not null and not row_security_active(source) then pjsip_sync.tables_read(plan)
        when plan is null and pjsip_sync.column_sql(source, mapped.value) like '(%' then pjsip_sync.tables_named(source, sql) end;
      if others is not null then
        problem := format('%s reads %s beside its own row: a change there would go unseen, and each look-up would read it for every row. '
          'Map a column of %s that has the value: one that a trigger keeps, or a stored generated column where the row alone decides',
          meaning, array_to_string(others, ', '), source);
        return next;
      end if;
    exception when others then
      problem := format('%s: %s (an expression names columns without their table, and what is not in pg_catalog with its schema)',
        meaning, sqlerrm);
      return next;
    end;
  end loop;
end
$check$;
