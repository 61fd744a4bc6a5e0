-- Fragment: rows of Source:StatusTable among pjsip_sync_numbers that differ from the view registration, are missing or are surplus.
insert into pjsip_sync.template (name, body) values ('status_table_mismatches_by_number', $template$select mismatch.* from (
          select coalesce(r.number, t.number) as number, coalesce(r.row_key, t.number) as row_key, r.number is null as is_gone,
                 r.status, r.registered_at, host(r.address) as ip, r.device_state, {{old_values}}
          from unnest(pjsip_sync_numbers) as wanted (id)
          left join lateral (select * from pjsip_sync.registration where number = wanted.id offset 0) r on true
          left join lateral (select * from {{status_table}} where number = wanted.id offset 0) t on true
          where r.number is not null or t.number is not null
        ) as mismatch
        where (mismatch.is_gone or {{differs}})$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
