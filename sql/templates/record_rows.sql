-- Fragment of record_change(): records the number of each row of a transition table.
insert into pjsip_sync.template (name, body) values ('record_rows', $template$insert into pjsip_sync.change (id)
      select coalesce(({{number_text}})::text, '') as number from {{rows}} as extension limit 1000;
      get diagnostics recorded = row_count;
      if recorded = 1000 then
        insert into pjsip_sync.change (id, more_ids)
        select ids[1], ids[2:] from (
          select array_agg(number) as ids from (
            select number, row_number() over () / 100 as page from (
              select coalesce(({{number_text}})::text, '') as number from {{rows}} as extension offset 1000
            ) as further
          ) as numbered group by page
        ) as pages;
      end if;$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
