-- The names and numbers that the worker and the database share, and the role that owns the trigger functions.
-- Assumes 10_schema.sql.
set client_min_messages = warning;

-- The role that owns what runs inside the application's statements. It cannot log in.
do $owner$
begin
  if not exists (select from pg_roles where rolname = 'pjsip_sync_owner') then
    create role pjsip_sync_owner nologin;
  end if;
exception when insufficient_privilege or duplicate_object or unique_violation then
  null; -- installed by a role that may not make roles: the functions then belong to that role
end
$owner$;

-- The advisory locks of this project, each with one writer at a time.
create or replace function pjsip_sync.lock_class() returns integer
language sql immutable parallel safe as $$ select 1885957737 $$;
comment on function pjsip_sync.lock_class() is 'first key of every advisory lock: 1 = target and endpoint, 2 = extensions.status, 3 = a worker sleeps';

-- Whether there is room for notifications. The queue is one for the whole server and grows while any session that listens stays in a
-- transaction; where it is full every commit that notifies fails. What notifies nobody is found by polling.
create or replace function pjsip_sync.may_notify() returns boolean
language sql volatile as $$ select pg_catalog.pg_notification_queue_usage() < 0.5 $$;

-- The extensions in 4,096 parts.
create or replace function pjsip_sync.bucket_of(id text) returns integer
language sql immutable parallel safe as $$ select (hashtextextended(id, 0) & 4095)::integer $$;

-- Our names for what an extension consists of, in the order of extensions()'s columns; then what is written back.
create or replace function pjsip_sync.extension_fields(written_back boolean) returns setof text
language sql immutable rows 20 as $$
  select unnest(case when written_back
    then array['status', 'last_registered_at', 'last_registered_ip', 'device_state']
    else array['number', 'password', 'display_name', 'context', 'caller_id_name', 'caller_id_number', 'voicemail_enabled',
               'voicemail_mailbox', 'transport', 'codecs', 'max_contacts', 'profile', 'settings'] end)
$$;
