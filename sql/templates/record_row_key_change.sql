-- Fragment of record_change() for one updated row, for a row key that holds the number.
insert into pjsip_sync.template (name, body)
values ('record_row_key_change', $template$insert into pjsip_sync.row_key_change (old_keys, new_keys)
            select array[old_row.row_key], array[new_row.row_key] where exists (select from pjsip_sync.mailbox);$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
