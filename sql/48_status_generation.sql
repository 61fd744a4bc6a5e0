-- Generates the functions that write the status, from the templates.
-- Assumes 40_protocol.sql to 48_status.sql. The parameter m is a row of current_mapping().
set client_min_messages = warning;

-- Returns the columns of the table target that the status is written to: of each the field it is for, its name, the new value (from the
-- row called mismatch), and whether a row differs in it. columns maps fields to columns.
-- The time and the address of the last registration stay when nothing is registered: their old value is kept_prefix with the column.
-- A refresh alone moves the time only after refresh_after, because each write makes a new version of the row.
create or replace function pjsip_sync.status_columns(target regclass, columns jsonb, kept_prefix text)
returns table (field text, n bigint, name text, new_value text, differs text)
language sql stable set search_path = pg_catalog, pg_temp as $columns$
  with present as (
    select known.field, known.n, quote_ident(attname) as name, format_type(atttypid, atttypmod) as typ, attnotnull as is_not_null,
           (select base.typ = 'boolean'::regtype from pjsip_sync.base_type(target, attname) as base) as is_boolean
    from pjsip_sync.extension_fields(true) with ordinality as known (field, n)
    join pg_attribute on attrelid = target and attname = columns->>known.field and attnum > 0 and not attisdropped
  ), valued as (
    select present.field, present.n, present.name, present.typ, case present.field
      when 'status' then
        case when is_boolean then '(mismatch.status = ''online'')' else 'mismatch.status::' || typ end
      when 'last_registered_at' then 'coalesce(mismatch.registered_at::' || typ || ', ' || kept_prefix || present.name || ')'
      when 'last_registered_ip' then 'coalesce(mismatch.ip::' || typ || ', ' || kept_prefix || present.name || ')'
      when 'device_state' then
        case when is_not_null then 'coalesce(mismatch.device_state, ''UNKNOWN'')::' || typ else 'mismatch.device_state::' || typ end
      end as new_value
    from present
  )
  select valued.field, valued.n, valued.name, valued.new_value, case valued.field
    when 'last_registered_at' then '(mismatch.registered_at is not null and (mismatch.old_last_registered_at is null '
      'or mismatch.old_last_registered_at < mismatch.registered_at - refresh_after))'
    when 'last_registered_ip' then
      '(mismatch.ip is not null and mismatch.old_last_registered_ip is distinct from mismatch.ip::' || typ || ')'
    else format('mismatch.old_%s is distinct from %s', valued.field, valued.new_value) end
  from valued
$columns$;

-- Generates status_mismatches(), write_status(), write_status_by_row() and last_registrations() for the application's own rows.
create or replace function pjsip_sync.generate_status_writing(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  assignments    text;
  differs        text;
  status_changes text; -- whether a row that is written gets another status
  device_state_changes text;
  rows           text;
  mismatches     text;
begin
  select string_agg(format('%s = %s', name, new_value), ', ' order by n), string_agg(c.differs, ' or ' order by n),
         max(c.differs) filter (where field = 'status'), max(c.differs) filter (where field = 'device_state')
  into assignments, differs, status_changes, device_state_changes
  from pjsip_sync.status_columns(m.source, m.columns, 'extension.') as c;
  if assignments is null then
    -- PostgreSQL demands an assignment. No row differs, so this one is never carried out.
    select format('%1$I = extension.%1$I', attname) into assignments
    from pg_attribute
    where attrelid = m.source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1;
  end if;
  differs := coalesce(differs, 'false');
  status_changes := coalesce(status_changes, 'true');
  rows := format(
    'select extension.tableoid as table_id, extension.ctid as position, %s as number, %s as row_key, %s from %s as extension',
    m.number_is, m.row_key,
    (select string_agg(format('%s as old_%s', coalesce('extension.' || quote_ident(m.columns->>field), 'null::text'), field),
                       ', ' order by n)
     from pjsip_sync.extension_fields(true) with ordinality as known (field, n)),
    m.source);
  mismatches := pjsip_sync.render_template('mismatches_by_number', jsonb_build_object(
    'rows_by_number', pjsip_sync.by_number_sql(m, rows, 'pjsip_sync_numbers'), 'rows', rows, 'number', m.number, 'differs', differs));

  execute pjsip_sync.render_template('status_mismatches', jsonb_build_object('rows', rows, 'differs', differs));
  execute pjsip_sync.render_template('write_status', jsonb_build_object(
    'mismatches', mismatches, 'source_table', m.source::text, 'assignments', assignments, 'status_changes', status_changes,
    'device_state_changes', coalesce(device_state_changes, 'false')));
  execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object('mismatches', mismatches));
  execute pjsip_sync.render_template('last_registrations', jsonb_build_object(
    'rows', rows, 'rows_by_number', pjsip_sync.by_number_sql(m, rows, '$1')));
end
$generate$;

-- Generates the same functions for a status table of its own (Source:StatusTable), which has a row for each row of the registration
-- view. No row of the source is written. While the table is missing or unfit (target is NULL) nothing is written.
create or replace function pjsip_sync.generate_status_table_writing(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  names       text;
  new_values  text;
  assignments text;
  old_values  text;
  differs     text;
  new_status  text;
  mismatches  text;
  rows        text;
  device_state_changes text;
begin
  if target is null then
    execute pjsip_sync.render_template('status_mismatches_nowhere', '{}');
    execute pjsip_sync.render_template('write_status_nowhere', '{}');
    execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object(
      'mismatches', 'select null::text as number, null::text as row_key where false'));
    execute pjsip_sync.render_template('last_registrations_nowhere', '{}');
    return;
  end if;
  select string_agg(name, ', ' order by n), string_agg(new_value, ', ' order by n),
         string_agg(format('%1$s = excluded.%1$s', name), ', ' order by n),
         string_agg(format('t.%1$s as old_%1$s', name), ', ' order by n),
         string_agg(c.differs, ' or ' order by n), max(new_value) filter (where name = 'status'),
         max(c.differs) filter (where name = 'device_state')
  into names, new_values, assignments, old_values, differs, new_status, device_state_changes
  from (
    select n - 2 as n, attname as name, format('mismatch.%s::%s', attname, typ) as new_value,
           format('mismatch.old_%1$s is distinct from mismatch.%1$s::%2$s', attname, typ) as differs
    from unnest(array['number', 'row_key']) with ordinality as key_column (key_name, n)
    join pg_attribute on attrelid = target and attname = key_name and not attisdropped
    cross join format_type(atttypid, atttypmod) as typ
    union all
    select c.n, c.name, c.new_value, c.differs
    from pjsip_sync.status_columns(
      target, (select jsonb_object_agg(field, field) from pjsip_sync.extension_fields(true) as field), 'mismatch.old_') as c
  ) as c;

  execute pjsip_sync.render_template('status_table_mismatches', jsonb_build_object(
    'status_table', target::text, 'old_values', old_values, 'differs', differs));
  mismatches := pjsip_sync.render_template('status_table_mismatches_by_number', jsonb_build_object(
    'status_table', target::text, 'old_values', old_values, 'differs', differs));
  execute pjsip_sync.render_template('write_status_table', jsonb_build_object(
    'mismatches', mismatches, 'status_table', target::text, 'columns', names, 'values', new_values, 'assignments', assignments,
    'new_status', new_status, 'device_state_changes', coalesce(device_state_changes, 'false'),
    'old_device_state', case when device_state_changes is null then 'null' else 'mismatch.old_device_state::text' end));
  execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object('mismatches', mismatches));
  select format('select t.number::text as number, null::text as row_key, %s as old_last_registered_at, %s as old_last_registered_ip '
                'from %s as t',
                coalesce(max('t.' || attname) filter (where attname = 'last_registered_at'), 'null::text'),
                coalesce(max('t.' || attname) filter (where attname = 'last_registered_ip'), 'null::text'), target)
  into rows
  from pg_attribute where attrelid = target and not attisdropped;
  execute pjsip_sync.render_template('last_registrations', jsonb_build_object(
    'rows', rows, 'rows_by_number', rows || ' where t.number = any ($1)'));
end
$generate$;
