-- Function record_replicated(): the body of the row trigger for logical replication, which applies rows and not statements.
insert into pjsip_sync.template (name, body) values ('record_replicated', $template$
create or replace function pjsip_sync.record_replicated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
    begin
      if tg_op <> 'INSERT' then
        insert into pjsip_sync.change (id) select coalesce(({{number_text}})::text, '') from (select old.*) as extension;
      end if;
      if tg_op <> 'DELETE' then
        insert into pjsip_sync.change (id) select coalesce(({{number_text}})::text, '') from (select new.*) as extension;
      end if;
      {{record_replicated_row_key}}
          if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), 3) and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off'
             and pjsip_sync.may_notify() then
            perform pg_notify('pjsip_sync_change', '');
          end if;
      return null;
    exception when others then
      raise log 'pjsip_sync could not record a replicated change, the next reconcile finds it: %', sqlerrm;
      return null;
    end
    $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
