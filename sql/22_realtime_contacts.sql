-- Asterisk's table ps_contacts, where it was made by 20_realtime.sql: columns and an index that later versions need.
set client_min_messages = warning;
do $use$ begin perform set_config('search_path', format('%I, pg_catalog', current_setting('pjsip_sync.realtime_schema')), false); end $use$;

-- Widens and completes ps_contacts. What a phone reports about itself may have any length, and Asterisk answers 200 even if it could not
-- store the contact. The same happens when a column is missing that this release of Asterisk writes.
do $contacts$
declare
  wanted record;
begin
  if not exists (select from pg_constraint where conrelid = to_regclass('ps_contacts') and conname = 'ps_contacts_endpoint_id_key') then
    return; -- Made by Asterisk's own scripts.
  end if;
  for wanted in
    select known.name, known.type, attnum is null as is_missing
    from (values
      ('uri', 'text'), ('path', 'text'), ('user_agent', 'text'), ('via_addr', 'text'), ('call_id', 'text'), ('expiration_time', 'bigint'),
      ('qualify_frequency', 'integer'), ('qualify_timeout', 'double precision'), ('outbound_proxy', 'varchar(255)'),
      ('reg_server', 'varchar(255)'), ('via_port', 'integer'), ('endpoint', 'varchar(255)'), ('authenticate_qualify', 'ast_bool_values'),
      ('prune_on_boot', 'ast_bool_values'), ('qualify_2xx_only', 'ast_bool_values')) as known (name, type)
    left join pg_attribute on attrelid = to_regclass('ps_contacts') and attname = known.name and not attisdropped
    where attnum is null or known.type = 'text' and atttypid = 'varchar'::regtype
  loop
    execute format(case when wanted.is_missing then 'alter table ps_contacts add column %I %s'
                   else 'alter table ps_contacts alter column %I type %s' end, wanted.name, wanted.type);
  end loop;
exception when insufficient_privilege or feature_not_supported then
  raise warning 'ps_contacts stays as it is: %', sqlerrm; -- Another role owns it, or a view reads it.
end
$contacts$;

-- For each REGISTER Asterisk looks up the contacts of the AOR by the beginning of their id. In a database whose collation is not "C" only
-- this index finds them. A table made by Asterisk's own scripts, which lacks the constraint, stays as it is.
do $index$
begin
  if exists (select from pg_constraint where conrelid = to_regclass('ps_contacts') and conname = 'ps_contacts_endpoint_id_key') then
    create index if not exists ps_contacts_id_pattern on ps_contacts (id varchar_pattern_ops);
  end if;
exception when insufficient_privilege then
  null; -- Another role owns the table.
end
$index$;

reset search_path;
