-- Fragment of record_replicated(), for a row key that holds the number.
insert into pjsip_sync.template (name, body) values ('record_replicated_row_key', $template$if tg_op = 'UPDATE' then
    insert into pjsip_sync.row_key_change (old_keys, new_keys)
    select array[old_row.row_key], array[new_row.row_key]
    from (select {{row_key}} as row_key from (select old.*) as extension) as old_row,
         (select {{row_key}} as row_key from (select new.*) as extension) as new_row
    where old_row.row_key <> new_row.row_key and exists (select from pjsip_sync.mailbox);
  end if;$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
