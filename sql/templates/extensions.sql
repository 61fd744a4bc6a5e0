-- Function extensions(): the application's rows under our names; with ids those of these numbers.
insert into pjsip_sync.template (name, body) values ('extensions', $template$
create or replace function pjsip_sync.extensions(ids text[] default null)
returns table (
  row_key text, number text, active boolean, password text, display_name text, context text, caller_id_name text, caller_id_number text,
  voicemail_enabled text, voicemail_mailbox text, transport text, codecs text, max_contacts text, profile text, settings text)
language sql stable as $body$
  {{extension_rows}}
  where {{number}} is not null and ($1 is null or {{number_text}} = any ($1))
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
