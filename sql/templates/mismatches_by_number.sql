-- Fragment: rows among pjsip_sync_numbers whose status differs from the view registration. Each look-up uses an index. The number ''
-- stands for rows without a number as well.
insert into pjsip_sync.template (name, body) values ('mismatches_by_number', $template$select mismatch.* from (
          select extension_row.*, coalesce(r.status, 'offline') as status, r.registered_at, host(r.address) as ip, r.device_state
          from (
            {{rows_by_number}}
            union all
            {{rows}} where {{number}} is null and '' = any (pjsip_sync_numbers)
          ) as extension_row
          left join lateral (
            select * from pjsip_sync.registration r where r.number = extension_row.number and r.row_key = extension_row.row_key offset 0
          ) r on true
        ) as mismatch
        where ({{differs}})$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
