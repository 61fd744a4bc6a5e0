-- Function write_status() for Source:StatusTable.
insert into pjsip_sync.template (name, body) values ('write_status_table', $template$
create or replace function pjsip_sync.write_status(
  ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
returns setof text
language plpgsql volatile as $body$
#variable_conflict use_column
declare
  pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
  mismatch record;
begin
  -- A plan that was cached while the tables were empty would scan them once per row.
  perform set_config('enable_seqscan', 'off', true);
  for mismatch in
    select mismatch.* from (
        {{mismatches}}
    ) as mismatch
    where case when $3 is null
      then not exists (select from pjsip_sync.status_rejected r where r.row_key = mismatch.row_key and r.id = mismatch.number)
      else mismatch.row_key = $3 end
    order by mismatch.number
  loop
    if mismatch.is_gone then
      delete from {{status_table}} where number = mismatch.number;
      continue;
    end if;
    insert into {{status_table}} ({{columns}}) values ({{values}})
    on conflict (number) do update set {{assignments}};
    if mismatch.old_status is distinct from {{new_status}} then
      perform pjsip_sync.announce_status(mismatch.number, mismatch.status, mismatch.device_state, mismatch.ip);
    end if;
    if {{device_state_changes}} then
      perform pjsip_sync.announce_device_state(mismatch.number, mismatch.status, mismatch.device_state, {{old_device_state}});
    end if;
  end loop;
end
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
