-- Function status_mismatches(): numbers of rows whose status differs from the view registration.
insert into pjsip_sync.template (name, body) values ('status_mismatches', $template$
create or replace function pjsip_sync.status_mismatches(refresh_after interval default '5 minutes')
returns setof text
language sql stable as $body$ select coalesce(number, '') from (
        select now.* from (
          select mine.*, coalesce(r.status, 'offline') as status, r.registered_at, host(r.address) as ip, r.device_state
          from ({{rows}}) as mine
          left join pjsip_sync.registration r on r.number = mine.number and r.row_key = mine.row_key
        ) as now
        where ({{differs}}) and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = coalesce(now.number, ''))) as stale $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
