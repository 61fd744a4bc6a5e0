-- Function write_status() for Source:StatusTable.
insert into pjsip_sync.template (name, body) values ('write_status_table', $template$
create or replace function pjsip_sync.write_status(
  ids text[] default null, refresh_after interval default '5 minutes', only_row text default null)
returns setof text
language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := array(select distinct unnest(coalesce($1, array(select pjsip_sync.status_mismatches($2)))));
      now record;
    begin
      -- a plan made while the tables were empty would read them whole for each row
      perform set_config('enable_seqscan', 'off', true);
      for now in
        {{mismatches}} and case when $3 is null then true  and not exists (select from pjsip_sync.status_rejected s where s.row_key = now.row_key and s.id = now.number) else now.row_key = $3 end
        order by now.number
      loop
        
        if now.is_gone then
          delete from {{status_table}} where number = now.number;
          continue;
        end if;
        insert into {{status_table}} ({{columns}}) values ({{values}}) on conflict (number) do update set {{assignments}};
        if now.old_status is distinct from {{new_status}} then
          perform pjsip_sync.announce_status(now.number, now.status, now.device_state, now.ip);
        end if;
      end loop;
    end
    $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
