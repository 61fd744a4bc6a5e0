-- Gives the trigger functions, which run inside the application's statements, to a role that cannot log in and may only record changes.
-- Assumes that the functions are generated (50_mapping.sql or 51_status_mapping.sql).
set client_min_messages = warning;
do $own$
begin
  grant usage on schema pjsip_sync to pjsip_sync_owner;
  grant insert on pjsip_sync.change, pjsip_sync.row_key_change, pjsip_sync.status_recheck to pjsip_sync_owner;
  grant select on pjsip_sync.contact, pjsip_sync.mailbox, pjsip_sync.node to pjsip_sync_owner;
  if exists (select from pg_proc join pg_roles on pg_roles.oid = proowner
             where pg_proc.oid in ('pjsip_sync.record_change'::regproc, 'pjsip_sync.record_replicated'::regproc)
               and rolname <> 'pjsip_sync_owner') then
    if not pg_has_role(current_user, 'pjsip_sync_owner', 'member') then
      execute format('grant pjsip_sync_owner to %I', current_user);
    end if;
    grant create on schema pjsip_sync to pjsip_sync_owner;
    alter function pjsip_sync.record_change() owner to pjsip_sync_owner;
    alter function pjsip_sync.record_replicated() owner to pjsip_sync_owner;
    revoke create on schema pjsip_sync from pjsip_sync_owner;
  end if;
  -- Another role must not put these functions on a table of its own, whose columns could run its code with this role's rights.
  revoke execute on function pjsip_sync.record_change(), pjsip_sync.record_replicated() from public;
exception when insufficient_privilege or undefined_object then
  raise warning 'the trigger functions belong to %: no role pjsip_sync_owner could be made by this role', current_user;
end
$own$;
