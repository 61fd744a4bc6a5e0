-- Function last_registrations() while Source:StatusTable is missing or unfit.
insert into pjsip_sync.template (name, body) values ('last_registrations_nowhere', $template$
create or replace function pjsip_sync.last_registrations(ids text[] default null)
returns table (number text, row_key text, registered_at timestamptz, ip text)
language sql stable as $body$ select null::text, null::text, null::timestamptz, null::text where false $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
