-- The roles of a server run with least privilege (init --roles). Run by a role that may make roles; those that exist
-- already keep their password and attributes. No password is set here.
set client_min_messages = warning;
do $roles$
declare
  wanted text;
begin
  foreach wanted in array array['pjsip_sync', 'asterisk'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I login', wanted);
      exception when duplicate_object or unique_violation then
        null; -- Another installation on this server has made it in the meantime.
      end;
    end if;
  end loop;
exception when insufficient_privilege then
  raise exception using errcode = 'insufficient_privilege',
    message = format('%s may not make the roles pjsip_sync and asterisk: run init --roles as a superuser, or create them first',
      current_user);
end
$roles$;

-- The worker: what 65_requirements.sql lists, and nothing else. It may not write the mapping, because refresh_mapping() makes functions of
-- the mapping with the installer's rights.
do $grants$
declare
  required  record;
  privilege text;
begin
  execute format('grant usage on schema pjsip_sync, %I to pjsip_sync', (select realtime_schema from pjsip_sync.mapping));
  for required in select * from pjsip_sync.required_object where privileges <> '' and kind <> 'function' loop
    foreach privilege in array string_to_array(required.privileges, ', ') loop
      execute format('grant %s on %s %I.%I to pjsip_sync', privilege, required.kind, required.schema_name, required.name);
    end loop;
  end loop;
  for required in
    select p.oid::regprocedure as signature from pjsip_sync.required_object r
    join pg_namespace s on s.nspname = r.schema_name join pg_proc p on p.pronamespace = s.oid and p.proname = r.name
    where r.privileges = 'execute'
  loop
    execute format('grant execute on function %s to pjsip_sync', required.signature);
  end loop;
end
$grants$;

-- Asterisk reads what the worker writes, and writes its own registrations.
do $use$
begin
  execute format('grant usage on schema %I to asterisk', current_setting('pjsip_sync.realtime_schema'));
  perform set_config('search_path', format('%I, pg_catalog', current_setting('pjsip_sync.realtime_schema')), false);
end
$use$;
grant select on ps_endpoints, ps_auths, ps_aors to asterisk;
grant select, insert, update, delete on ps_contacts to asterisk;
reset search_path;

do $say$
declare
  mapping pjsip_sync.mapping;
begin
  perform pjsip_sync.grant_source_columns();
  select * into mapping from pjsip_sync.mapping;
  raise info '%', format($text$The roles are ready: pjsip_sync is the worker, asterisk is Asterisk's ODBC link.
On this server the system users of the same names need no password: PostgreSQL knows them by its socket (peer).
For connections by network give each role a password once, in psql:  \password pjsip_sync  and  \password asterisk
Your application needs rights on its own table only, and none in the schema pjsip_sync:
  grant select, insert, update, delete on %s to YOUR_APPLICATION;
To read the registrations in detail as well:
  grant usage on schema pjsip_sync to YOUR_APPLICATION;
  grant select on pjsip_sync.registration, pjsip_sync.problem to YOUR_APPLICATION;$text$, mapping.source_table);
end
$say$;
