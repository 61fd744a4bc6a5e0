-- Function write_status(): writes the status of these numbers (NULL: of all that differ) into the application's rows and announces each
-- change of status and of device state. With only_row writes the row of that key alone, else all but the rejected ones.
-- Returns the numbers that could not be written because the application holds their rows.
insert into pjsip_sync.template (name, body) values ('write_status', $template$
create or replace function pjsip_sync.write_status(
  ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
returns setof text
-- plpgsql keeps the plan from call to call.
language plpgsql volatile as $body$
#variable_conflict use_column
declare
  pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
begin
  -- Tells the trigger that this UPDATE comes from the worker. Also disables sequential scans, because a plan that was cached while
  -- the tables were empty would scan them once per row.
  perform set_config('pjsip_sync.writing_status', 'on', true), set_config('enable_seqscan', 'off', true);
  return query
  with mismatch as materialized (
    select mismatch.* from (
        {{mismatches}}
    ) as mismatch
    where case when $3 is null
      then not exists (
        select from pjsip_sync.status_rejected r where r.row_key = mismatch.row_key and r.id = coalesce(mismatch.number, ''))
      else mismatch.row_key = $3 end
  ), locked as materialized (
    -- With all columns of mismatch: a second join to it would compare each row with each.
    select mismatch.*, extension.ctid as locked_position
    from {{source_table}} as extension
    join mismatch on mismatch.table_id = extension.tableoid and mismatch.position = extension.ctid
    for no key update of extension skip locked
  ), written as (
    update {{source_table}} as extension set {{assignments}}
    from locked as mismatch
    -- A row that was written in between has another position.
    where extension.tableoid = mismatch.table_id and extension.ctid = mismatch.position and mismatch.locked_position = mismatch.position
    -- Announced here, because only a data-modifying part of a statement is carried out whatever the plan is.
    -- A number of more than 255 characters is no endpoint and would not fit into a notification.
    returning mismatch.table_id, mismatch.position, case when {{status_changes}} and length(mismatch.number) <= 255
      then pjsip_sync.announce_status(mismatch.number, mismatch.status, mismatch.device_state, mismatch.ip) is null end as announced,
      case when {{device_state_changes}} and length(mismatch.number) <= 255
      then pjsip_sync.announce_device_state(
        mismatch.number, mismatch.status, mismatch.device_state, mismatch.old_device_state::text) is null end as device_state_announced
  )
  select coalesce(mismatch.number, '')::text from mismatch
  where not exists (select from written where written.table_id = mismatch.table_id and written.position = mismatch.position);
end
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
