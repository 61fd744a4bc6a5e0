-- Announces and rejects statuses, and generates the functions that write them, from the templates.
-- Assumes 40_protocol.sql to 46_templates.sql. The parameter m is a row of current_mapping().
set client_min_messages = warning;

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

-- Generates the functions that write the status into the application's rows: status_mismatches(), write_status() and
-- write_status_by_row().
create or replace function pjsip_sync.generate_status_writing(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  assignments    text;
  differs        text;
  status_changes text; -- whether a row that is written gets another status
  rows           text;
  mismatches     text;
begin
  select string_agg(format('%I = ', mapped) || format(value, typ, replace(quote_ident(mapped), '%', '%%')), ', ' order by ordinality),
         string_agg(format(case when difference like '%distinct from ' then difference || value else difference end, typ), ' or ' order by ordinality),
         coalesce(max(format('now.old_1 is distinct from ' || value, typ)) filter (where name = 'status'), 'true')
  into assignments, differs, status_changes
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
  differs := coalesce(differs, 'false');
  -- PostgreSQL demands an assignment. Without a mapped column differs is false, so that this one is never reached.
  assignments := coalesce(assignments, (
    select format('%1$I = extension.%1$I', attname) from pg_attribute
    where attrelid = m.source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1));
  rows := format('select extension.tableoid as part, extension.ctid as place, %s as number, %s as row_key, %s from %s as extension',
    m.number_is, m.row_key,
    (select string_agg(coalesce('extension.' || quote_ident(m.columns->>name), 'null::text') || ' as old_' || ordinality, ', ' order by ordinality)
     from pjsip_sync.extension_fields(true) with ordinality as known (name, ordinality)),
    m.source);
  mismatches := pjsip_sync.render_template('mismatches_by_number', jsonb_build_object(
    'rows_by_number', pjsip_sync.by_number_sql(m, rows, 'pjsip_sync_numbers'), 'rows', rows, 'number', m.number, 'differs', differs));

  execute pjsip_sync.render_template('status_mismatches', jsonb_build_object('rows', rows, 'differs', differs));
  execute pjsip_sync.render_template('write_status', jsonb_build_object(
    'mismatches', mismatches, 'source_table', m.source::text, 'assignments', assignments, 'status_changes', status_changes));
  execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object('mismatches', mismatches
    || ' and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = coalesce(now.number, ''''))'));
end
$generate$;

-- Generates the same functions for a status table of its own (Source:StatusTable), which has a row for each row of the registration
-- view. No row of the source is written. While the table is missing or unfit (target is NULL) nothing is written.
create or replace function pjsip_sync.generate_status_table_writing(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  columns     text;
  new_values  text;
  assignments text;
  old_values  text;
  differs     text;
  new_status  text;
  marks       jsonb;
begin
  if target is null then
    execute pjsip_sync.render_template('status_mismatches_nowhere', '{}');
    execute pjsip_sync.render_template('write_status_nowhere', '{}');
    execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object(
      'mismatches', 'select null::text as number, null::text as row_key where false'));
    return;
  end if;
  select string_agg(name, ', ' order by n), string_agg(value, ', ' order by n), string_agg(format('%1$s = excluded.%1$s', name), ', ' order by n),
         string_agg(format('t.%1$s as old_%1$s', name), ', ' order by n), string_agg(coalesce(difference, format('now.old_%s is distinct from %s', name, value)), ' or ' order by n)
  into columns, new_values, assignments, old_values, differs
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
  select case when typ = 'boolean'::regtype then '(now.status = ''online'')' else 'now.status::' || format_type(atttypid, atttypmod) end
  into new_status
  from pjsip_sync.base_type(target, 'status'), pg_attribute where attrelid = target and attname = 'status';

  marks := jsonb_build_object('status_table', target::text, 'old_values', old_values, 'differs', differs);
  execute pjsip_sync.render_template('status_table_mismatches', marks);
  marks := jsonb_build_object('mismatches', pjsip_sync.render_template('status_table_mismatches_by_number', marks));
  execute pjsip_sync.render_template('write_status_table', marks || jsonb_build_object(
    'status_table', target::text, 'columns', columns, 'values', new_values, 'assignments', assignments, 'new_status', new_status));
  execute pjsip_sync.render_template('write_status_by_row', jsonb_build_object('mismatches', marks->>'mismatches'
    || ' and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = now.number)'));
end
$generate$;
