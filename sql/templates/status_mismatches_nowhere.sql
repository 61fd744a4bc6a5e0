-- Function status_mismatches() while Source:StatusTable is missing or unfit.
insert into pjsip_sync.template (name, body) values ('status_mismatches_nowhere', $template$
create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
returns setof text
language sql stable as $body$ select null::text where false $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
