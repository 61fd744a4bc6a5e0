-- Function status_mismatches(): numbers of rows whose status differs from the view registration.
insert into pjsip_sync.template (name, body) values ('status_mismatches', $template$
create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
returns setof text
language sql stable as $body$
  select coalesce(mismatch.number, '')
  from (
    select extension_row.*, coalesce(r.status, 'offline') as status, r.registered_at, host(r.address) as ip, r.device_state
    from ({{rows}}) as extension_row
    left join pjsip_sync.registration r on r.number = extension_row.number and r.row_key = extension_row.row_key
  ) as mismatch
  where ({{differs}})
    and not exists (
      select from pjsip_sync.status_rejected r where r.row_key = mismatch.row_key and r.id = coalesce(mismatch.number, ''))
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
