-- Fragment: the numbers of updated rows that differ in what is read of them, the old and the new number.
insert into pjsip_sync.template (name, body) values ('changed_numbers', $template$select unnest(
            case when old_row.number = new_row.number then array[old_row.number] else array[old_row.number, new_row.number] end) as number
          from {{paired_rows}}
          where (old_row.is_read *= new_row.is_read) is not true$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
