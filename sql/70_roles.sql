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
        null; -- another installation on this server made it meanwhile
      end;
    end if;
  end loop;
exception when insufficient_privilege then
  raise exception using errcode = 'insufficient_privilege',
    message = format('%s may not make the roles pjsip_sync and asterisk: run init --roles as a superuser, or create them first', current_user);
end
$roles$;

-- The worker: its own schema, but not the mapping, of which refresh_mapping() makes functions with the installer's rights.
-- Schema/Privileges.cs checks each of these when the worker starts.
grant usage on schema pjsip_sync to pjsip_sync;
grant select, insert, update, delete on pjsip_sync.managed_endpoint, pjsip_sync.rejected, pjsip_sync.status_rejected, pjsip_sync.unloadable, pjsip_sync.missing_reference, pjsip_sync.reserved_name,
  pjsip_sync.node, pjsip_sync.contact, pjsip_sync.device,
  pjsip_sync.bucket_digest to pjsip_sync;
grant select, insert, delete on pjsip_sync.change, pjsip_sync.status_recheck to pjsip_sync;
grant select, insert on pjsip_sync.column_set to pjsip_sync;
grant select, insert, update on pjsip_sync.mailbox, pjsip_sync.message_lamp to pjsip_sync;
grant select, delete on pjsip_sync.row_key_change to pjsip_sync;
grant select on pjsip_sync.mapping, pjsip_sync.registration, pjsip_sync.problem to pjsip_sync;
grant update (fingerprint, stale_after, unreachable_online) on pjsip_sync.mapping to pjsip_sync;
grant usage on sequence pjsip_sync.revision to pjsip_sync;
grant execute on function pjsip_sync.refresh_mapping(), pjsip_sync.repair_triggers(), pjsip_sync.refresh_endpoint_view() to pjsip_sync;

-- The worker writes what Asterisk reads; Asterisk writes its registrations, and the worker lets those of a deleted
-- extension expire.
set search_path = :"realtime_schema", pg_catalog;
grant usage on schema :"realtime_schema" to pjsip_sync, asterisk;
grant select, insert, update, delete on ps_endpoints, ps_auths, ps_aors to pjsip_sync;
grant select on ps_endpoints, ps_auths, ps_aors to asterisk;
grant select, insert, update, delete on ps_contacts to asterisk;
grant select, update, delete on ps_contacts to pjsip_sync;
reset search_path;

select pjsip_sync.grant_source_columns();

do $say$
declare
  mapping pjsip_sync.mapping;
begin
  select * into mapping from pjsip_sync.mapping;
  raise info '%', format($text$The roles are ready: pjsip_sync is the worker, asterisk is Asterisk's ODBC link.
Give each a password once, in psql:  \password pjsip_sync  and  \password asterisk
Your application needs rights on its own table only, and none in the schema pjsip_sync:
  grant select, insert, update, delete on %s to YOUR_APPLICATION;
To read the registrations in detail as well:
  grant usage on schema pjsip_sync to YOUR_APPLICATION;
  grant select on pjsip_sync.registration, pjsip_sync.problem to YOUR_APPLICATION;$text$, mapping.source_table);
end
$say$;
