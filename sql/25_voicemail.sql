-- The mailboxes as Asterisk's app_voicemail reads them in realtime (extconfig.conf): a mailbox exists while an endpoint has it. The view
-- is in the schema of the ps_* tables, because the ODBC driver describes only what is there.
set client_min_messages = warning;
do $use$ begin perform set_config('search_path', format('%I, pg_catalog', current_setting('pjsip_sync.realtime_schema')), false); end $use$;

do $voicemail$
begin
  -- A function with a string body, because a view would keep Asterisk's own migrations from altering ps_endpoints.
  execute format($f$
    create or replace function pjsip_sync.mailboxes()
    returns table (mailbox text, context text, fullname text)
    language sql stable as $body$
      -- The first mailbox of the list. An endpoint only watches the others.
      select split_part(split_part(mailboxes, ',', 1), '@', 1),
             coalesce(nullif(split_part(split_part(mailboxes, ',', 1), '@', 2), ''), 'default'),
             min(substring(callerid from '^"(.*)" <'))
      from %I.ps_endpoints
      where mailboxes <> ''
      group by 1, 2
    $body$ $f$, current_schema);
  -- The PIN is random each time it is read, so that no PIN can be guessed. A phone reaches its own mailbox without one (*97).
  create or replace view ps_mailboxes as
  select (mailbox || '@' || context)::varchar(255) as uniqueid, mailbox::varchar(255), context::varchar(255),
         gen_random_uuid()::varchar(80) as password, coalesce(fullname, '')::varchar(255) as fullname
  from pjsip_sync.mailboxes();
  -- The function reads with the rights of its caller, so a role without rights on ps_endpoints sees nothing.
  grant select on ps_mailboxes to public;

  -- A mailbox that an older worker made stays with the row that has it.
  execute format($f$
    insert into pjsip_sync.mailbox (name, row_key, named)
    select split_part(mailboxes, ',', 1), row_key, split_part(mailboxes, ',', 1) <> id || '@default' as named
    from %I.ps_endpoints join pjsip_sync.managed_endpoint using (id)
    where mailboxes <> '' and deleted_at is null
    order by named
    on conflict do nothing
    $f$, current_schema);
exception when insufficient_privilege or wrong_object_type or invalid_table_definition then
  raise warning 'there is no voicemail for extensions: the view %.ps_mailboxes could not be made: %', current_schema, sqlerrm;
end
$voicemail$;
reset search_path;

-- Returns the mailbox of a row that names none: the one it has, else NUMBER@default, else NUMBER@default-2 (-3 and so on) where that name
-- is or was another row's.
create or replace function pjsip_sync.mailbox_of(row_key text, number text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $mailbox$
declare
  wanted text;
  owner  record;
begin
  select name into wanted from pjsip_sync.mailbox m where m.row_key = mailbox_of.row_key and not named order by name limit 1;
  for n in 1 .. 1000000 loop
    exit when wanted is not null;
    wanted := number || '@default' || case when n > 1 then '-' || n else '' end;
    select m.row_key into owner from pjsip_sync.mailbox m where name = wanted;
    if found and owner.row_key is distinct from mailbox_of.row_key then
      wanted := null;
    end if;
  end loop;
  return wanted;
end
$mailbox$;

-- Returns whether the key of a row changes with its number.
create or replace function pjsip_sync.keyed_by_number(source regclass, number text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(bool_or(attname = number), true)
  from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey)
  where indrelid = source and indisprimary
$$;

-- Moves mailboxes to the new keys of their rows, in the order of the changes.
create or replace function pjsip_sync.move_mailboxes() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $move$
declare
  moved record;
begin
  for moved in
    with gone as (delete from pjsip_sync.row_key_change returning id, old_keys, new_keys)
    select old_keys, new_keys from gone order by id
  loop
    -- The row that had one of these keys before is gone.
    update pjsip_sync.mailbox m set row_key = null where m.row_key = any (moved.new_keys) and m.row_key <> all (moved.old_keys);
    update pjsip_sync.mailbox m set row_key = moved.new_keys[array_position(moved.old_keys, m.row_key)]
    where m.row_key = any (moved.old_keys);
  end loop;
end
$move$;

-- Takes the mailboxes away from rows that are gone, so that a later row with the same key gets another mailbox.
create or replace function pjsip_sync.leave_mailboxes(ids text[], row_keys text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $leave$
declare
  source regclass;
  number text;
begin
  select to_regclass(source_table), columns->>'number' into source, number from pjsip_sync.mapping;
  if pjsip_sync.keyed_by_number(source, number) then
    update pjsip_sync.mailbox m set row_key = null
    where m.row_key = any (row_keys)
      and not exists (select from pjsip_sync.extensions_by_number(ids) as extension where extension.row_key = m.row_key);
  -- A key from a sequence or a random UUID never comes back.
  elsif not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = any (indkey)
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where indrelid = source and indisprimary
    having count(*) = 1 and bool_or(attidentity <> '' or atttypid = 'uuid'::regtype or pg_get_expr(adbin, adrelid) like 'nextval(%'))
  then
    -- The row may still exist under another number.
    update pjsip_sync.mailbox m set row_key = null
    where m.row_key = any (row_keys)
      and not exists (select from pjsip_sync.extensions() as extension where extension.row_key = m.row_key);
  end if;
end
$leave$;
