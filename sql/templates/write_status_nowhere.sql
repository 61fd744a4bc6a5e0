-- Function write_status() while Source:StatusTable is missing or unfit: writes nothing.
insert into pjsip_sync.template (name, body) values ('write_status_nowhere', $template$
create or replace function pjsip_sync.write_status(
  ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
returns setof text
language sql volatile as $body$ select null::text where false $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
