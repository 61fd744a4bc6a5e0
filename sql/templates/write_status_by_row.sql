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
  due record;
  state text; message text; relation text; attribute text; rule text; context text;
begin
  -- A trigger on one of these rows may wait. The limit keeps other transactions from waiting long for the rows written so far.
  perform set_config('lock_timeout', '25ms', true);
  for due in
    select rejected.row_key, rejected.id from (
      select row_key, id from pjsip_sync.status_rejected where $1 is null and retry_at <= now() order by retry_at limit 50) as rejected
    union all
    select mismatch.row_key, coalesce(mismatch.number, '') from (
        {{mismatches}}
    ) as mismatch
    where $1 is not null
      and not exists (
        select from pjsip_sync.status_rejected r where r.row_key = mismatch.row_key and r.id = coalesce(mismatch.number, ''))
  loop
    number := due.id;
    begin
      -- Checks of the application that are deferred to the commit fail here.
      set constraints all immediate;
      problem := (select max('') from pjsip_sync.write_status(array[due.id], $2, due.row_key));
      if problem is null then
        delete from pjsip_sync.status_rejected where row_key = due.row_key;
      end if;
    exception
      when lock_not_available then
        problem := '';
      when others then
        -- These classes are faults of the server or the transaction, not of the row.
        if sqlstate ~ '^(25|40|53|57|58)' then
          raise;
        end if;
        get stacked diagnostics state = returned_sqlstate, message = message_text, relation = table_name, attribute = column_name,
          rule = constraint_name, context = pg_exception_context;
        problem := pjsip_sync.reject_status(due.row_key, due.id, state, message, relation, attribute, rule, context);
    end;
    return next;
  end loop;
end
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
