-- Function last_registrations(): when and from where a phone of each extension registered last, as the application's table has it; with ids
-- those of these numbers. row_key is NULL with Source:StatusTable, which has a row for each number.
insert into pjsip_sync.template (name, body) values ('last_registrations', $template$
create or replace function pjsip_sync.last_registrations(ids text[] default null)
returns table (number text, row_key text, registered_at timestamptz, ip text)
language sql stable as $body$
  select number, row_key, old_last_registered_at::timestamptz, split_part(old_last_registered_ip::text, '/', 1)
  from (
    select number, row_key, old_last_registered_at, old_last_registered_ip from ({{rows}}) as all_rows where $1 is null
    union all
    select number, row_key, old_last_registered_at, old_last_registered_ip from ({{rows_by_number}}) as rows_by_number
  ) as extension_row
  where old_last_registered_at is not null or old_last_registered_ip is not null
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
