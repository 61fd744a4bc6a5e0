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
      -- the first one listed; the others an endpoint only watches
      select split_part(split_part(mailboxes, ',', 1), '@', 1),
             coalesce(nullif(split_part(split_part(mailboxes, ',', 1), '@', 2), ''), 'default'),
             min(substring(callerid from '^"(.*)" <'))
      from %I.ps_endpoints
      where mailboxes <> ''
      group by 1, 2
    $body$ $f$, current_schema);
  -- The PIN is another random word each time it is read: a phone reaches its own mailbox by its login (*97), and nobody
  -- any mailbox by guessing.
  create or replace view ps_mailboxes as
  select (mailbox || '@' || context)::varchar(255) as uniqueid, mailbox::varchar(255), context::varchar(255),
         gen_random_uuid()::varchar(80) as password, coalesce(fullname, '')::varchar(255) as fullname
  from pjsip_sync.mailboxes();
  -- It shows nothing to who may not read ps_endpoints, for the function reads with its caller's rights.
  grant select on ps_mailboxes to public;
exception when insufficient_privilege or wrong_object_type or invalid_table_definition then
  raise warning 'there is no voicemail for extensions: the view %.ps_mailboxes could not be made: %', current_schema, sqlerrm;
end
$voicemail$;
reset search_path;
