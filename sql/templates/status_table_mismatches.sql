-- Function status_mismatches() for Source:StatusTable.
insert into pjsip_sync.template (name, body) values ('status_table_mismatches', $template$
create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
returns setof text
language sql stable as $body$
  select mismatch.number
  from (
    select coalesce(r.number, t.number) as number, coalesce(r.row_key, t.number) as row_key, r.number is null as is_gone,
           r.status, r.registered_at, host(r.address) as ip, r.device_state, {{old_values}}
    from pjsip_sync.registration r full join {{status_table}} t on t.number = r.number
  ) as mismatch
  where (mismatch.is_gone or {{differs}})
    and not exists (select from pjsip_sync.status_rejected r where r.row_key = mismatch.row_key and r.id = mismatch.number)
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
