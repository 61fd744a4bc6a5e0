-- The names and numbers that the worker and the database share, and the roles that own functions.
-- Assumes 10_schema.sql.
set client_min_messages = warning;

-- The roles that own the functions in which code of the application may run. They cannot log in. pjsip_sync_owner owns the trigger
-- functions, which run inside the application's statements, and pjsip_sync_evaluator the function evaluate_restricted(). They are two,
-- because an owner may alter its functions, and what runs in a trigger is not undone.
do $owners$
declare
  wanted text;
begin
  foreach wanted in array array['pjsip_sync_owner', 'pjsip_sync_evaluator'] loop
    if to_regrole(wanted) is null then
      begin
        execute format('create role %I nologin', wanted);
      exception when insufficient_privilege or duplicate_object or unique_violation then
        null; -- The installing role may not make roles. The functions then belong to that role.
      end;
    end if;
  end loop;
end
$owners$;

-- The advisory locks. Each has two keys; Postgres/AdvisoryLock.cs uses these functions.
--
--   (lock_class(), realtime_lock())     transaction   writes ps_endpoints, ps_auths, ps_aors and managed_endpoint
--   (lock_class(), status_lock())       transaction   writes the status
--   (lock_class(), idle_worker_lock())  session       an idle worker holds it exclusively; the trigger notifies when it cannot share it
--   (node_lock_class(), hash of name)   session       follows this Asterisk server
create or replace function pjsip_sync.lock_class() returns integer
language sql immutable parallel safe as $$ select 1885957737 $$;
create or replace function pjsip_sync.realtime_lock() returns integer
language sql immutable parallel safe as $$ select 1 $$;
create or replace function pjsip_sync.status_lock() returns integer
language sql immutable parallel safe as $$ select 2 $$;
create or replace function pjsip_sync.idle_worker_lock() returns integer
language sql immutable parallel safe as $$ select 3 $$;
create or replace function pjsip_sync.node_lock_class() returns integer
language sql immutable parallel safe as $$ select pjsip_sync.lock_class() + 1 $$;
comment on function pjsip_sync.lock_class() is 'first key of the advisory locks: 1 = ps_* tables, 2 = status, 3 = an idle worker';

-- The channels of NOTIFY; C# names them in Postgres/Channels.cs.
--
--   pjsip_sync_change        empty   something is recorded in pjsip_sync.change
--   pjsip_sync_revision      empty   pjsip_sync.managed_endpoint has a higher revision
--   extension_status         JSON    a status changed (announce_status())
--   extension_device_state   JSON    a device state changed (announce_device_state())

-- The session settings by which statements of one transaction speak to each other. Each is set with set_config(..., true).
--
--   pjsip_sync.writing_status   on    write_status() -> the trigger: this UPDATE is the worker's, so the status needs no recheck
--   pjsip_sync.status_changes   n     announce_status() -> the worker: how many statuses changed in this transaction
--   pjsip_sync.changed_numbers  text  announce_status() -> the worker: a line for each changed status, + (online) or - and the number; only
--                                     while the worker has set it to a first line
--   pjsip_sync.taken_ids        ids   the worker's statement that removes changes -> the next statements of its batch (ChangeQueue.cs)
--   pjsip_sync.notify           off   an application that uses two-phase commit -> the trigger: no NOTIFY, the worker polls

-- Returns whether the queue of notifications has room. The whole server shares one queue, which grows while any listening session stays
-- in a transaction. When it is full, every commit that notifies fails. The worker polls for what is not notified.
create or replace function pjsip_sync.may_notify() returns boolean
language sql volatile as $$ select pg_catalog.pg_notification_queue_usage() < 0.5 $$;

-- Wakes the workers that are idle. Returns true when it has notified, NULL when the queue has no room.
create or replace function pjsip_sync.notify_change() returns boolean
language sql volatile as $$
  select case when pjsip_sync.may_notify() then pg_catalog.pg_notify('pjsip_sync_change', '') is null end
$$;

-- How many buckets the extensions are hashed into, for comparisons: a power of 2.
create or replace function pjsip_sync.bucket_count() returns integer
language sql immutable parallel safe as $$ select 4096 $$;

-- Returns the bucket of an extension, from 0.
create or replace function pjsip_sync.bucket_of(id text) returns integer
language sql immutable parallel safe as $$ select (hashtextextended(id, 0) & (pjsip_sync.bucket_count() - 1))::integer $$;

-- Returns our names of the fields of an extension, in the order of the columns of extensions(); or of the fields that are written back.
create or replace function pjsip_sync.extension_fields(written_back boolean) returns setof text
language sql immutable rows 20 as $$
  select unnest(case when written_back
    then array['status', 'last_registered_at', 'last_registered_ip', 'device_state']
    else array['number', 'password', 'display_name', 'context', 'caller_id_name', 'caller_id_number', 'voicemail_enabled',
               'voicemail_mailbox', 'transport', 'codecs', 'max_contacts', 'profile', 'settings'] end)
$$;
