-- Function write_status(): writes the status of these numbers (NULL: of all that differ) into the application's rows and announces each
-- change of status. With only_row writes the row of that key alone, else all but the rejected ones.
-- Returns the numbers that could not be written because the application holds their rows.
insert into pjsip_sync.template (name, body) values ('write_status', $template$
create or replace function pjsip_sync.write_status(
  ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
returns setof text
-- plpgsql keeps its plan from call to call
language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
    begin
      -- so that the trigger knows its own master's hand; and a plan made while the tables were empty would read them whole for each row
      perform set_config('pjsip_sync.writing_status', 'on', true), set_config('enable_seqscan', 'off', true);
      return query
      with stale as materialized ({{mismatches}} and case when $3 is null then true and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = coalesce(now.number, '')) else now.row_key = $3 end
      ), held as materialized (
        -- with all of stale's columns: joined to it once more, each row would be compared with each
        select stale.*, extension.ctid as found
        from {{source_table}} as extension
        join stale on stale.part = extension.tableoid and stale.place = extension.ctid
        for no key update of extension skip locked
      ), written as (
        update {{source_table}} as extension set {{assignments}}
        from held as now
        -- one that somebody wrote meanwhile is found in another place
        where extension.tableoid = now.part and extension.ctid = now.place and now.found = now.place
        -- here, for only a data-modifying part of a statement is sure to be carried out whatever the plan is
        -- (a number too long to be anybody's has no news either, and would not fit)
        returning now.part, now.place, case when {{status_changes}} and length(now.number) <= 255
          then pjsip_sync.announce_status(now.number, now.status, now.device_state, now.ip) is null end as announced
      )
      select coalesce(stale.number, '')::text from stale
      where not exists (select from written where written.part = stale.part and written.place = stale.place);
    end
    $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
