-- What the worker keeps in the database. Every statement can run again.
-- "if not exists" speaks of nothing to do; it is not worth a line on the screen.
set client_min_messages = warning;

create schema if not exists pjsip_sync;

-- What a newer worker installed is not put back to what this one knows.
do $version$
declare
  ours constant integer := 8; -- what configure() writes
  installed integer;
  renamed   record;
begin
  if to_regclass('pjsip_sync.mapping') is not null then
    select schema_version into installed from pjsip_sync.mapping;
    if installed > ours then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('the schema pjsip_sync has version %s, newer than the %s of this worker: upgrade the worker', installed, ours);
    end if;
    -- functions whose arguments or results have changed since
    if installed < 7 then
      drop function if exists pjsip_sync.is_indexed(regclass, text), pjsip_sync.current_mapping(), pjsip_sync.write_status(text[], interval),
        pjsip_sync.configure(text, jsonb, text, text);
    end if;
    -- Version 8 gave these objects other names. Their rows and grants stay.
    if installed < 8 then
      for renamed in
        select * from (values
          ('endpoint', 'managed_endpoint'), ('shape', 'column_set'), ('compared', 'bucket_digest'), ('overwritten', 'status_recheck'),
          ('moved', 'row_key_change'), ('reserved', 'reserved_name'), ('unmet', 'missing_reference'),
          ('endpoint_revision', 'managed_endpoint_revision'), ('endpoint_tombstone', 'managed_endpoint_tombstone'),
          ('reserved_id', 'reserved_name_id')) as known (old_name, new_name)
        where to_regclass('pjsip_sync.' || old_name) is not null
      loop
        execute format('alter %s pjsip_sync.%I rename to %I',
          (select case relkind when 'i' then 'index' else 'table' end from pg_class where oid = to_regclass('pjsip_sync.' || renamed.old_name)),
          renamed.old_name, renamed.new_name);
      end loop;
      for renamed in
        select * from (values
          ('managed_endpoint', 'shape', 'column_set'), ('change', 'others', 'more_ids'), ('bucket_digest', 'part', 'bucket'),
          ('bucket_digest', 'mark', 'digest'), ('row_key_change', 'was', 'old_keys'), ('row_key_change', 'became', 'new_keys')
        ) as known (relation, old_name, new_name)
        join pg_attribute on attrelid = to_regclass('pjsip_sync.' || relation) and attname = old_name
      loop
        execute format('alter table pjsip_sync.%I rename %I to %I', renamed.relation, renamed.old_name, renamed.new_name);
      end loop;
      for renamed in
        select pg_proc.oid::regprocedure as signature from pg_proc
        where pronamespace = 'pjsip_sync'::regnamespace and proname in (
          'source', 'source_of', 'project', 'project_each', 'stale', 'adapt', 'mend_triggers', 'place_triggers', 'note_columns', 'lacks_columns',
          'image_sql', 'numbered_sql', 'marks', 'part_of', 'comparison', 'fitting_state', 'known_columns', 'grant_source',
          'generate_marks', 'generate_projection', 'generate_status_projection', 'generate_project_each')
      loop
        execute format('drop function %s', renamed.signature);
      end loop;
    end if;
  end if;
end
$version$;

-- One row: which table is the source, how its columns map to ours, what shapes the target.
create table if not exists pjsip_sync.mapping (
  singleton          boolean primary key default true check (singleton),
  schema_version     integer not null,
  source_table       text    not null,
  columns            jsonb   not null,
  active             text    not null,
  realtime_schema    text    not null,
  left_out           text[]  not null default '{}',
  fingerprint        text,
  unreachable_online boolean  not null default false,
  stale_after        interval not null default '2 minutes'
);
alter table pjsip_sync.mapping add column if not exists reads text[] not null default '{}';
alter table pjsip_sync.mapping add column if not exists writes text[] not null default '{}';
comment on column pjsip_sync.mapping.reads is 'columns of the source table that extensions() and write_status() read; with an expression on the whole row, all of them';
comment on column pjsip_sync.mapping.writes is 'columns of the source table that write_status() writes';
alter table pjsip_sync.mapping add column if not exists indexed boolean not null default false;
comment on column pjsip_sync.mapping.indexed is 'whether an index of the source table finds an extension by its number';
alter table pjsip_sync.mapping add column if not exists status_table text not null default '';
comment on column pjsip_sync.mapping.status_table is 'where the status is written to, when it is not the source table';
alter table pjsip_sync.mapping add column if not exists types text not null default '';
comment on column pjsip_sync.mapping.types is 'of what types the columns were for which the functions were generated';

-- Which extensions are dirty. Append-only, written inside the application's own transaction;
-- id NULL means "everything". The worker removes exactly the rows it has seen.
create table if not exists pjsip_sync.change (
  xid xid8 not null default pg_current_xact_id(),
  id  text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000000);
-- how long the oldest of them waits
alter table pjsip_sync.change add column if not exists recorded_at timestamptz not null default now();
alter table pjsip_sync.change add column if not exists more_ids text[];
comment on column pjsip_sync.change.more_ids is 'further ids: a statement of very many rows makes one record of each hundred';
alter table pjsip_sync.change add column if not exists cause text;
comment on column pjsip_sync.change.cause is 'of "everything": why any number of endpoints may go (truncate, mapping); NULL: removals are limited by Sync:MaxRemoval';
create index if not exists change_xid on pjsip_sync.change (xid);
create index if not exists change_everything on pjsip_sync.change (xid) where id is null;

-- What full comparisons found equal: for each part of the extensions the mark of all its rows as they were then.
create table if not exists pjsip_sync.bucket_digest (
  bucket        integer primary key,
  digest        numeric not null,
  configuration text    not null
) with (fillfactor = 50);
comment on column pjsip_sync.bucket_digest.configuration is 'the mapping, the tables'' columns and the worker with which they were compared';

-- The sets of columns that were ever written together: what an endpoint's row of ours consists of.
create table if not exists pjsip_sync.column_set (
  id      integer generated always as identity primary key,
  columns text[] not null unique
);

-- The owner list. Only what stands here is ever changed or deleted by the worker.
create sequence if not exists pjsip_sync.revision;
create table if not exists pjsip_sync.managed_endpoint (
  id           text primary key,
  row_key      text        not null,
  adopted      boolean     not null default false,
  column_set        integer     not null,
  revision     bigint      not null,
  aor_revision bigint      not null,
  synced_at    timestamptz not null default now(),
  deleted_at   timestamptz
);
comment on column pjsip_sync.managed_endpoint.row_key is 'primary key of the application''s row this endpoint was made from';
comment on column pjsip_sync.managed_endpoint.adopted is 'the rows existed before us: released, never deleted';
comment on column pjsip_sync.managed_endpoint.column_set is 'a row of pjsip_sync.column_set; no foreign key, for it would be checked once for each endpoint written';
comment on column pjsip_sync.managed_endpoint.revision is 'rises with every change of anything that Asterisk reads';
comment on column pjsip_sync.managed_endpoint.aor_revision is 'the last revision that Asterisk is told of: more than the password changed';
comment on column pjsip_sync.managed_endpoint.deleted_at is 'tombstone, kept until every live node has refreshed';
create index if not exists managed_endpoint_revision on pjsip_sync.managed_endpoint (revision);
create index if not exists managed_endpoint_tombstone on pjsip_sync.managed_endpoint (deleted_at) where deleted_at is not null;

-- Extensions that cannot become endpoints, and why. Repairing the row clears it.
create table if not exists pjsip_sync.rejected (
  row_key     text primary key,
  id          text,
  reason      text        not null,
  rejected_at timestamptz not null default now()
);
-- a hash, since a number can be refused for being longer than a tree's entry
create index if not exists rejected_id on pjsip_sync.rejected using hash (id);

-- Whose each mailbox is. The messages of a mailbox lie on the Asterisk servers under its name, so that a name never passes to another row.
create table if not exists pjsip_sync.mailbox (
  name    text    primary key,
  row_key text,
  named   boolean not null default false
);
comment on column pjsip_sync.mailbox.row_key is 'primary key of the application''s row that it belongs to; NULL: that row is gone, and its key may come back';
comment on column pjsip_sync.mailbox.named is 'the application chose the name (voicemail_mailbox, settings)';
create index if not exists mailbox_row_key on pjsip_sync.mailbox (row_key);

-- Rows whose primary key became another, by statement and in the order of the statements: their mailboxes go with them. Only where the key
-- holds the number, and written inside the application's own transaction.
create table if not exists pjsip_sync.row_key_change (
  id     bigint generated always as identity primary key,
  old_keys text[] not null,
  new_keys text[] not null
);

-- Which mailboxes each endpoint's message lamp showed last. Asterisk goes on with these until it is told (MessageLamps.cs).
create table if not exists pjsip_sync.message_lamp (
  endpoint  text   primary key,
  mailboxes text   not null,
  revision  bigint not null default 0
);
comment on column pjsip_sync.message_lamp.revision is 'when they became others; 0: never';
create index if not exists message_lamp_revision on pjsip_sync.message_lamp (revision) where revision > 0;

-- Extensions whose status cannot be written into the application's table, and why. Tried again after 1 to 30 seconds.
create table if not exists pjsip_sync.status_rejected (
  row_key     text primary key,
  id          text        not null,
  reason      text        not null,
  rejected_at timestamptz not null default now(),
  attempts    integer     not null default 1,
  retry_at    timestamptz not null
);
create index if not exists status_rejected_retry on pjsip_sync.status_rejected (retry_at);

-- Asterisk servers. refreshed_revision counts for one process of that server only.
create table if not exists pjsip_sync.node (
  name               text primary key,
  system_name        text,
  version            text,
  process            text,
  connected          boolean not null default false,
  degraded           text,
  last_seen_at       timestamptz,
  refreshed_revision bigint not null default 0
);
-- The announcement that is open: until then this server reads these endpoints when it asks for all (35_announcements.sql).
alter table pjsip_sync.node add column if not exists announcing text[];
alter table pjsip_sync.node add column if not exists announcing_until timestamptz;
alter table pjsip_sync.node add column if not exists lamp_revision bigint not null default 0;
comment on column pjsip_sync.node.lamp_revision is 'up to here Asterisk knows which message lamp shows which mailbox';
alter table pjsip_sync.node add column if not exists codecs text[];
comment on column pjsip_sync.node.codecs is 'the codecs that this server knows by name';
comment on column pjsip_sync.node.announcing is 'endpoints that the worker announces now; NULL when none is announced';

-- Endpoints that one Asterisk cannot load while it can load others, and what sets them apart. Found out when they are announced.
create table if not exists pjsip_sync.unloadable (
  node     text        not null references pjsip_sync.node on delete cascade,
  id       text        not null,
  reason   text        not null,
  found_at timestamptz not null default now(),
  primary key (node, id)
);
create index if not exists unloadable_id on pjsip_sync.unloadable (id);

-- Endpoints that name a transport, a context or an ACL which one Asterisk does not have.
create table if not exists pjsip_sync.missing_reference (
  node     text        not null references pjsip_sync.node on delete cascade,
  id       text        not null,
  reason   text        not null,
  found_at timestamptz not null default now(),
  primary key (node, id)
);

-- Names of endpoints, auths and AORs in files of the Asterisk servers: no extension can have such a number.
create table if not exists pjsip_sync.reserved_name (
  node text not null references pjsip_sync.node on delete cascade,
  id   text not null,
  file text not null,
  primary key (node, id)
);
create index if not exists reserved_name_id on pjsip_sync.reserved_name (id);

-- The registrations seen, by node.
create table if not exists pjsip_sync.contact (
  node          text        not null references pjsip_sync.node on delete cascade,
  endpoint      text        not null,
  uri           text        not null,
  status        text        not null,
  address       inet,
  via_address   text,
  user_agent    text,
  round_trip    interval,
  expires_at    timestamptz,
  registered_at timestamptz not null,
  primary key (node, endpoint, uri)
);
create index if not exists contact_endpoint on pjsip_sync.contact (endpoint);

-- The device states seen, by node.
create table if not exists pjsip_sync.device (
  node     text not null references pjsip_sync.node on delete cascade,
  endpoint text not null,
  state    text not null,
  primary key (endpoint, node)
);

-- Extensions whose status is in doubt (a re-import, an ORM that saves an old row, a forgotten node): compared again within a second.
create table if not exists pjsip_sync.status_recheck (
  id text not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- One row per extension: what its phones are doing. extensions.status is only ever computed from this.
create or replace view pjsip_sync.registration as
select e.id as number,
       e.row_key,
       case when c.contacts > 0 then 'online' else 'offline' end as status,
       coalesce(c.contacts, 0) as contacts,
       c.address,
       c.user_agent,
       c.registered_at,
       d.state as device_state
from pjsip_sync.managed_endpoint e
cross join pjsip_sync.mapping m
left join lateral (
  select count(*)::integer as contacts,
         (array_agg(contact.address    order by contact.registered_at desc, contact.uri))[1] as address,
         (array_agg(contact.user_agent order by contact.registered_at desc, contact.uri))[1] as user_agent,
         max(contact.registered_at) as registered_at
  from pjsip_sync.contact
  join pjsip_sync.node on node.name = contact.node
  where contact.endpoint = e.id
    and (contact.status <> 'Unreachable' or m.unreachable_online)
    and (contact.expires_at is null or contact.expires_at > now())
    and node.last_seen_at > now() - m.stale_after
) c on true
left join lateral (
  -- the busiest state of any node, as Asterisk itself would aggregate them
  select device.state
  from pjsip_sync.device
  join pjsip_sync.node on node.name = device.node
  where device.endpoint = e.id
    and node.last_seen_at > now() - m.stale_after
  order by array_position(array['RINGING', 'RINGINUSE', 'INUSE', 'BUSY', 'ONHOLD', 'NOT_INUSE', 'UNAVAILABLE', 'UNKNOWN', 'INVALID'], device.state)
  limit 1
) d on true
where e.deleted_at is null;

-- Why extensions do not work, or not fully: refused, not to be loaded by an Asterisk, without something that an Asterisk does not have, or
-- with a status that cannot be written.
create or replace view pjsip_sync.problem as
select id as number, row_key, null::text as node, reason, rejected_at as since from pjsip_sync.rejected
union all
select id, row_key, null, reason, rejected_at from pjsip_sync.status_rejected
union all
select u.id, e.row_key, u.node, u.reason, u.found_at
from (select * from pjsip_sync.unloadable union all select * from pjsip_sync.missing_reference) as u
join pjsip_sync.managed_endpoint e on e.id = u.id and e.deleted_at is null;
