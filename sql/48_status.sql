-- Announces a status and a device state to applications, and records that one cannot be written.
-- Assumes 40_protocol.sql.
set client_min_messages = warning;

-- Notifies the channel extension_status of a changed status, and counts it for the worker's metrics and its log. The device state of an
-- offline extension is UNAVAILABLE here, because the end of a call that outlasts the registration is announced on the other channel alone.
create or replace function pjsip_sync.announce_status(number text, status text, device_state text, ip text) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select pg_notify('extension_status', json_build_object(
    'number', number, 'status', status,
    'device_state', case when status = 'offline' and device_state not in ('UNKNOWN', 'INVALID') then 'UNAVAILABLE' else device_state end,
    'ip', ip, 'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text)
  where pjsip_sync.may_notify();
  select set_config('pjsip_sync.status_changes',
    (coalesce(nullif(current_setting('pjsip_sync.status_changes', true), ''), '0')::integer + 1)::text, true),
    case when current_setting('pjsip_sync.changed_numbers', true) <> ''
      then set_config('pjsip_sync.changed_numbers', concat(current_setting('pjsip_sync.changed_numbers'),
        E'\n', case when status = 'online' then '+' else '-' end, replace(number, E'\n', ' ')), true) end;
$$;

-- Notifies the channel extension_device_state of a changed device state: a call rings, begins, is held or ends.
create or replace function pjsip_sync.announce_device_state(number text, status text, device_state text, previous text) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select pg_notify('extension_device_state', json_build_object(
    'number', number, 'device_state', device_state, 'previous', left(previous, 80), 'status', status,
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text)
  where pjsip_sync.may_notify();
$$;

-- Records that the status of a row cannot be written, and returns the reason. The reason does not use the message of the server, which may
-- repeat a value of the row. The message of an application's trigger is kept, with the row's password taken out.
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
    -- As it is, and as a row, JSON or a literal shows it.
    for secret in
      select unnest(array[r.password, replace(r.password, '"', '""'), substring(to_json(r.password)::text from '^"(.*)"$'),
                          substring(quote_literal(r.password) from '^E?.(.*).$')])
      from pjsip_sync.extensions_by_number(array[id]) as r where r.row_key = reject_status.row_key and r.password <> ''
    loop
      message := replace(message, secret, '***');
    end loop;
    reason := left(regexp_replace(message, '[[:cntrl:]]+', ' ', 'g'), 200);
  end if;
  -- Of the context only the function and line, because the rest may contain values.
  reason := 'its status cannot be written: '
    || concat_ws(', in ', reason, substring(context from '(?n)^PL/pgSQL function ((?!pjsip_sync[.]).*)$'));
  insert into pjsip_sync.status_rejected as r (row_key, id, reason, retry_at)
  values (row_key, id, reason, now() + interval '1 second')
  on conflict on constraint status_rejected_pkey do update
  set id = excluded.id, reason = excluded.reason, attempts = r.attempts + 1,
      retry_at = now() + least(power(2, r.attempts), 30) * interval '1 second';
  return reason;
end
$reject$;
