-- Function write_status_by_row(): writes row by row, after write_status() failed on some numbers. A row that fails again is rejected
-- and costs no other row its status. With ids NULL tries the rejected rows that are due again.
-- Returns each number and its problem: NULL when it was written, '' when the application holds the row, else the reason of the rejection.
insert into pjsip_sync.template (name, body) values ('write_status_by_row', $template$
create or replace function pjsip_sync.write_status_by_row(ids text[] default null, refresh_after interval default '5 minutes')
returns table (number text, problem text)
language plpgsql volatile as $body$
    #variable_conflict use_column
    declare
      pjsip_sync_numbers text[] := $1;
      one record;
      state text; message text; relation text; attribute text; rule text; context text;
    begin
      -- others' transactions do not wait for long because a trigger on one of these rows waits
      perform set_config('lock_timeout', '25ms', true);
      for one in
        select due.row_key, due.id from (
          select row_key, id from pjsip_sync.status_rejected where $1 is null and retry_at <= now() order by retry_at limit 50) as due
        union all
        select stale.row_key, coalesce(stale.number, '') from ({{mismatches}}) as stale where $1 is not null
      loop
        number := one.id;
        begin
          -- so that what the application checks at commit fails here
          set constraints all immediate;
          problem := (select max('') from pjsip_sync.write_status(array[one.id], $2, one.row_key));
          if problem is null then
            delete from pjsip_sync.status_rejected where row_key = one.row_key;
          end if;
        exception
          when lock_not_available then
            problem := '';
          when others then
            -- the server is at fault, not the row
            if sqlstate ~ '^(25|40|53|57|58)' then
              raise;
            end if;
            get stacked diagnostics state = returned_sqlstate, message = message_text, relation = table_name, attribute = column_name, rule = constraint_name, context = pg_exception_context;
            problem := pjsip_sync.reject_status(one.row_key, one.id, state, message, relation, attribute, rule, context);
        end;
        return next;
      end loop;
    end
    $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
