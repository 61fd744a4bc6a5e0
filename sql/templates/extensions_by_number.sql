-- Function extensions_by_number(): the same as extensions(ids), by the index of the number.
insert into pjsip_sync.template (name, body) values ('extensions_by_number', $template$
create or replace function pjsip_sync.extensions_by_number(ids text[])
returns table (
  row_key text, number text, active boolean, password text, display_name text, context text, caller_id_name text, caller_id_number text,
  voicemail_enabled text, voicemail_mailbox text, transport text, codecs text, max_contacts text, profile text, settings text)
language sql stable as $body$
  {{extension_rows_by_number}}
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
