-- The mailboxes as Asterisk's app_voicemail reads them in realtime (extconfig.conf): a mailbox exists as soon as an
-- endpoint has it, and no longer.
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
end
$voicemail$;
reset search_path;

-- The PIN is another random word each time it is read: a phone reaches its own mailbox by its login (*97), and nobody
-- any mailbox by guessing.
create or replace view pjsip_sync.voicemail as
select mailbox || '@' || context as uniqueid, mailbox, context, gen_random_uuid()::text as password, coalesce(fullname, '') as fullname
from pjsip_sync.mailboxes();
