-- The mailboxes as Asterisk's app_voicemail reads them in realtime (extconfig.conf): a mailbox exists as soon as an
-- endpoint has it, and no longer. It stands beside the ps_* tables, for the ODBC driver describes only what is there.
set client_min_messages = warning;
set search_path = :"realtime_schema", pg_catalog;

do $voicemail$
begin
  -- A function with a string body, for a view would forbid Asterisk's own migrations to alter ps_endpoints.
  execute format($f$
    create or replace function pjsip_sync.mailboxes()
    returns table (mailbox text, context text, fullname text)
    language sql stable as $body$
      select split_part(listed, '@', 1), coalesce(nullif(split_part(listed, '@', 2), ''), 'default'),
             min(substring(callerid from '^"(.*)" <'))
      from %I.ps_endpoints, unnest(string_to_array(mailboxes, ',')) as listed
      group by 1, 2
    $body$ $f$, current_schema);
  -- The PIN is another random word each time it is read: a phone reaches its own mailbox by its login (*97), and nobody
  -- any mailbox by guessing.
  create or replace view ps_mailboxes as
  select (mailbox || '@' || context)::varchar(255) as uniqueid, mailbox::varchar(255), context::varchar(255),
         gen_random_uuid()::varchar(80) as password, coalesce(fullname, '')::varchar(255) as fullname
  from pjsip_sync.mailboxes();
exception when insufficient_privilege or wrong_object_type or invalid_table_definition then
  raise warning 'there is no voicemail for extensions: the view %.ps_mailboxes could not be made: %', current_schema, sqlerrm;
end
$voicemail$;
reset search_path;
