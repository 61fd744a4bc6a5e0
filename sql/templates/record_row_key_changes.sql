-- Fragment of record_change() for several updated rows, for a row key that holds the number.
insert into pjsip_sync.template (name, body)
values ('record_row_key_changes', $template$insert into pjsip_sync.row_key_change (old_keys, new_keys)
        select array_agg(old_row.row_key), array_agg(new_row.row_key) from {{paired_rows}}
        where old_row.row_key <> new_row.row_key and exists (select from pjsip_sync.mailbox) having count(*) > 0;$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
