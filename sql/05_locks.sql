-- Takes all locks of an upgrade at once and in the order in which the application takes them, so that neither waits for the other in a
-- circle: an application's transaction locks its own table first and then, through the trigger, tables of the schema pjsip_sync.
-- Each lock is waited for only shortly, because new statements of the application queue behind it. When one cannot be had the
-- installation fails with SQLSTATE 55P03 and has changed nothing: run it again (init does so by itself).
-- Only in a transaction (psql -1) do the locks last until the end.
set client_min_messages = warning;

do $locks$
declare
  source   regclass;
  relation regclass;
begin
  if to_regclass('pjsip_sync.mapping') is null or to_regprocedure('pjsip_sync.lock_class()') is null then
    return;
  end if;
  -- Workers hold these while they write. They queue behind this and fail harmlessly afterwards, or stand by.
  perform set_config('lock_timeout', '1s', true);
  execute 'select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1), pg_advisory_xact_lock(pjsip_sync.lock_class(), 2)';

  perform set_config('lock_timeout', '300ms', true);
  select to_regclass(source_table) into source from pjsip_sync.mapping;
  if source is not null then
    execute format('lock table %s in share row exclusive mode', source);
  end if;
  -- Views first, because whoever reads a view locks it before its tables. LOCK TABLE on a view locks what it reads as well, so the
  -- view of the system catalogs (missing_privilege) is left out.
  for relation in
    select oid from pg_class
    where relnamespace = 'pjsip_sync'::regnamespace
      and (relkind = 'r' or relname in ('registration', 'problem', 'live_contact', 'contact_lifetime', 'required_object'))
    order by relkind desc, relname
  loop
    execute format('lock table %s in access exclusive mode', relation);
  end loop;
  perform set_config('lock_timeout', '1s', true);
end
$locks$;
