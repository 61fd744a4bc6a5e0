-- Function record_change(): the body of the statement triggers. Records which extensions changed, in the application's transaction.
-- An error never reaches the application.
-- A NOTIFY is sent only while a worker is idle: an idle worker holds the idle lock. A worker that is awake finds the change by itself,
-- and cannot become idle before this transaction ends. NOTIFY makes commits queue behind one lock, and two-phase commit forbids it.
-- A statement of more than 1,000 rows makes one record of each hundred further rows.
insert into pjsip_sync.template (name, body) values ('record_change', $template$
create or replace function pjsip_sync.record_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $body$
#variable_conflict use_column
declare
  recorded       bigint;
  updated        integer := 0; -- rows of an UPDATE: 0, 1, or 2 for more than one
  old_row        record;
  new_row        record;
  writes_nothing boolean; -- the columns that the worker writes are as before
begin
  begin
    if tg_op = 'INSERT' then
      {{record_new_rows}}
      -- An extension that is deleted and imported again may be registered.
      if exists (select from pjsip_sync.contact) then
        insert into pjsip_sync.status_recheck (id)
        select inserted.number from (
          select coalesce(({{number_text}})::text, '') as number from new_rows as extension
        ) as inserted
        where exists (select from pjsip_sync.contact where contact.endpoint = inserted.number);
      end if;
    elsif tg_op = 'DELETE' then
      {{record_old_rows}}
    elsif tg_op = 'UPDATE' then
      -- Nearly always one row. Reading it costs a fraction of a query that compares.
      for new_row in select {{image}} from new_rows as extension loop
        updated := updated + 1;
        exit when updated > 1;
      end loop;
      if updated > 1 then
        if exists (select from new_rows offset 1000) then
          insert into pjsip_sync.change (id, more_ids)
          select ids[1], ids[2:] from (
            select array_agg(number) as ids from (
              select number, row_number() over () / 100 as page from (
                {{changed_numbers}}
              ) as changed
            ) as numbered group by page
          ) as pages;
        else
          insert into pjsip_sync.change (id)
          {{changed_numbers}};
        end if;
        get diagnostics recorded = row_count;
        {{record_row_key_changes}}
      elsif updated = 1 then
        select {{image}} into old_row from old_rows as extension;
        if not old_row.is_read *= new_row.is_read then
          insert into pjsip_sync.change (id) values (new_row.number);
          if old_row.number <> new_row.number then
            insert into pjsip_sync.change (id) values (old_row.number);
            {{record_row_key_change}}
          end if;
          recorded := 1;
        end if;
        writes_nothing := old_row.is_written *= new_row.is_written;
      end if;
      -- An application may save a row with a status that is out of date.
      -- (Variables and a query in one condition would be planned anew by each statement.)
      if (updated > 1 or updated = 1 and not writes_nothing)
         and coalesce(current_setting('pjsip_sync.writing_status', true), '') <> 'on' then
        if exists (select from pjsip_sync.node) then
          insert into pjsip_sync.status_recheck (id)
          select new_row.number from {{paired_rows}}
          where (old_row.is_written *= new_row.is_written) is not true and new_row.number is not null;
        end if;
      end if;
    else
      insert into pjsip_sync.change (id, cause) values (null, 'truncate');
      recorded := 1;
    end if;
    if recorded > 0 then
      if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), pjsip_sync.idle_worker_lock())
         and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off' then
        perform pjsip_sync.notify_change();
      end if;
    end if;
  exception when others then
    raise log 'pjsip_sync could not tell what changed, so the worker compares all extensions: %', sqlerrm;
    begin
      insert into pjsip_sync.change (id) values (null);
    exception when others then
      raise log 'pjsip_sync could not record a change, the next full comparison finds it: %', sqlerrm;
    end;
  end;
  return null;
end
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
