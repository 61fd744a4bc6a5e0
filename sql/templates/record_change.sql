-- Function record_change(): the body of the statement triggers. Records which extensions changed, in the application's transaction.
-- An error never reaches the application.
-- A NOTIFY is sent only while a worker sleeps: such a worker holds lock 3. A worker that is awake finds the change by itself, and cannot
-- fall asleep before this transaction ends. NOTIFY makes commits queue behind one lock, and two-phase commit forbids it.
-- A statement of more than 1,000 rows makes one record of each hundred further rows.
insert into pjsip_sync.template (name, body) values ('record_change', $template$
create or replace function pjsip_sync.record_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $body$
    #variable_conflict use_column
    declare
      recorded     bigint;
      several      boolean; -- of no row at all NULL
      was          record;
      became       record;
      same_written boolean;
    begin
      begin
        if tg_op = 'INSERT' then
          insert into pjsip_sync.change (id) select coalesce(({{number_text}})::text, '') as number from new_rows as extension limit 1000;
          get diagnostics recorded = row_count;
          if recorded = 1000 then
            insert into pjsip_sync.change (id, more_ids) select ids[1], ids[2:] from (
              select array_agg(number) as ids from (select number, row_number() over () / 100 as page from (select coalesce(({{number_text}})::text, '') as number from new_rows as extension offset 1000) as numbers) as numbered group by page) as pages;
          end if;
          -- a re-import of extensions that are registered
          if exists (select from pjsip_sync.contact) then
            insert into pjsip_sync.status_recheck (id)
            select mine.number from (select coalesce(({{number_text}})::text, '') as number from new_rows as extension) as mine
            where exists (select from pjsip_sync.contact where contact.endpoint = mine.number);
          end if;
        elsif tg_op = 'DELETE' then
          insert into pjsip_sync.change (id) select coalesce(({{number_text}})::text, '') as number from old_rows as extension limit 1000;
          get diagnostics recorded = row_count;
          if recorded = 1000 then
            insert into pjsip_sync.change (id, more_ids) select ids[1], ids[2:] from (
              select array_agg(number) as ids from (select number, row_number() over () / 100 as page from (select coalesce(({{number_text}})::text, '') as number from old_rows as extension offset 1000) as numbers) as numbered group by page) as pages;
          end if;
        elsif tg_op = 'UPDATE' then
          -- nearly always one row, which is read at a fraction of what a query costs that compares
          for became in select {{image}} from new_rows as extension loop
            several := several is not null;
            exit when several;
          end loop;
          if several then
            if exists (select from new_rows offset 1000) then
              insert into pjsip_sync.change (id, more_ids) select ids[1], ids[2:] from (
              select array_agg(number) as ids from (select number, row_number() over () / 100 as page from (select unnest(case when was.number = became.number then array[was.number] else array[was.number, became.number] end) as number from {{paired_rows}} where (was.is_read *= became.is_read) is not true) as numbers) as numbered group by page) as pages;
            else
              insert into pjsip_sync.change (id) select unnest(case when was.number = became.number then array[was.number] else array[was.number, became.number] end) as number from {{paired_rows}} where (was.is_read *= became.is_read) is not true;
            end if;
            get diagnostics recorded = row_count;{{record_row_key_changes}}
          elsif several is not null then
            select {{image}} into was from old_rows as extension;
            if not was.is_read *= became.is_read then
              insert into pjsip_sync.change (id) values (became.number);
              if was.number <> became.number then
                insert into pjsip_sync.change (id) values (was.number);{{record_row_key_change}}
              end if;
              recorded := 1;
            end if;
            same_written := was.is_written *= became.is_written;
          end if;
          -- a row that somebody saved with the status it had before
          -- (a condition of variables and a query in one would be planned anew by each statement)
          if (several or not same_written) and coalesce(current_setting('pjsip_sync.writing_status', true), '') <> 'on' then
            if exists (select from pjsip_sync.node) then
              insert into pjsip_sync.status_recheck (id)
              select became.number from {{paired_rows}}
              where (was.is_written *= became.is_written) is not true and became.number is not null;
            end if;
          end if;
        else
          insert into pjsip_sync.change (id, cause) values (null, 'truncate');
          recorded := 1;
        end if;
        if recorded > 0 then
          
          if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), 3) and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off'
             and pjsip_sync.may_notify() then
            perform pg_notify('pjsip_sync_change', '');
          end if;
        end if;
      exception when others then
        raise log 'pjsip_sync could not tell what changed, everything is looked at again: %', sqlerrm;
        begin
          insert into pjsip_sync.change (id) values (null);
        exception when others then
          raise log 'pjsip_sync could not record a change, the next reconcile finds it: %', sqlerrm;
        end;
      end;
      return null;
    end
    $body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
