-- Function record_replicated(): the body of the row trigger for logical replication, which applies rows and not statements.
insert into pjsip_sync.template (name, body) values ('record_replicated', $template$
create or replace function pjsip_sync.record_replicated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
  if tg_op <> 'INSERT' then
    insert into pjsip_sync.change (id)
    select coalesce(({{number_text}})::text, '') from (select old.*) as extension;
  end if;
  if tg_op <> 'DELETE' then
    insert into pjsip_sync.change (id)
    select coalesce(({{number_text}})::text, '') from (select new.*) as extension;
  end if;
  {{record_row_key}}
  if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), pjsip_sync.idle_worker_lock())
     and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off' then
    perform pjsip_sync.notify_change();
  end if;
  return null;
exception when others then
  raise log 'pjsip_sync could not record a replicated change, the next full comparison finds it: %', sqlerrm;
  return null;
end
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
