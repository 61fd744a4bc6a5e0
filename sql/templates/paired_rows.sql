-- Fragment: old and new rows of an UPDATE, paired. Both transition tables list rows in the same order, so rows are paired by position.
-- A changed row always ends up in a differing pair; an unpaired row is NULL on the other side.
insert into pjsip_sync.template (name, body) values ('paired_rows', $template$(
            select row_number() over () as position, {{image}} from old_rows as extension) as old_row
          full join (
            select row_number() over () as position, {{image}} from new_rows as extension) as new_row using (position)$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
