-- The tables of the worker. Every statement can run again.
-- Messages of "if not exists" are turned off. Assumes 06_upgrade.sql.
set client_min_messages = warning;

-- One row: the application's table, how its columns map to our fields, and what else decides what is written for Asterisk.
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
comment on column pjsip_sync.mapping.reads is
  'columns of the source table that extensions() and write_status() read; with an expression on the whole row, all of them';
comment on column pjsip_sync.mapping.writes is 'columns of the source table that write_status() writes';
alter table pjsip_sync.mapping add column if not exists indexed boolean not null default false;
comment on column pjsip_sync.mapping.indexed is 'whether an index of the source table finds an extension by its number';
alter table pjsip_sync.mapping add column if not exists status_table text not null default '';
comment on column pjsip_sync.mapping.status_table is 'where the status is written to, when it is not the source table';
alter table pjsip_sync.mapping add column if not exists types text not null default '';
alter table pjsip_sync.mapping add column if not exists configured jsonb not null default '{}';
comment on column pjsip_sync.mapping.configured is
  'the fields of columns that Source:Columns names; each other field is the column of its own name, also one that the table gets later';
alter table pjsip_sync.mapping add column if not exists configured_active text not null default '';
comment on column pjsip_sync.mapping.configured_active is 'Source:Active; empty: the column enabled, also one that the table gets later';
comment on column pjsip_sync.mapping.types is 'types of the columns for which the functions were generated';

-- The queue of changed extensions. Append-only, written inside the application's own transaction. An id of NULL means "everything".
-- The worker removes exactly the rows it has read, because a transaction with a lower xid may commit later.
create table if not exists pjsip_sync.change (
  xid xid8 not null default pg_current_xact_id(),
  id  text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000000);
alter table pjsip_sync.change add column if not exists recorded_at timestamptz not null default now();
alter table pjsip_sync.change add column if not exists more_ids text[];
comment on column pjsip_sync.change.more_ids is 'further ids: a statement of more than 1,000 rows makes one record of each hundred';
alter table pjsip_sync.change add column if not exists cause text;
comment on column pjsip_sync.change.cause is
  'for id NULL: why any number of endpoints may be removed (truncate, mapping); NULL: removals are limited by Sync:MaxRemoval';
create index if not exists change_xid on pjsip_sync.change (xid);
create index if not exists change_everything on pjsip_sync.change (xid) where id is null;

-- What full comparisons have found equal: for each bucket of extensions the digest of all its row versions at that time. A bucket is
-- compared again only if its digest has changed.
create table if not exists pjsip_sync.bucket_digest (
  bucket        integer primary key,
  digest        numeric not null,
  configuration text    not null
) with (fillfactor = 50);
comment on column pjsip_sync.bucket_digest.configuration is 'comparison_fingerprint() at the time of the comparison';

-- The sets of columns that were ever written together for one endpoint.
create table if not exists pjsip_sync.column_set (
  id      integer generated always as identity primary key,
  columns text[] not null unique
);

-- The endpoints that the worker owns. It changes and deletes no others.
create sequence if not exists pjsip_sync.revision;
create table if not exists pjsip_sync.managed_endpoint (
  id           text primary key,
  row_key      text        not null,
  adopted      boolean     not null default false,
  column_set   integer     not null,
  revision     bigint      not null,
  aor_revision bigint      not null,
  synced_at    timestamptz not null default now(),
  deleted_at   timestamptz
);
comment on column pjsip_sync.managed_endpoint.row_key is 'primary key of the application''s row this endpoint was made from';
comment on column pjsip_sync.managed_endpoint.adopted is 'the rows existed before the worker: they are released, never deleted';
comment on column pjsip_sync.managed_endpoint.column_set is
  'a row of pjsip_sync.column_set; without a foreign key, because it would be checked once for each endpoint written';
comment on column pjsip_sync.managed_endpoint.revision is 'rises with every change of anything that Asterisk reads';
comment on column pjsip_sync.managed_endpoint.aor_revision is
  'the last revision that is announced to Asterisk: a new password alone is not';
comment on column pjsip_sync.managed_endpoint.deleted_at is
  'tombstone: kept until the deletion is announced to every live node; NULL: not deleted';
create index if not exists managed_endpoint_revision on pjsip_sync.managed_endpoint (revision);
create index if not exists managed_endpoint_tombstone on pjsip_sync.managed_endpoint (deleted_at) where deleted_at is not null;

-- Extensions that cannot become endpoints, and why. Repairing the row clears it.
create table if not exists pjsip_sync.rejected (
  row_key     text primary key,
  id          text,
  reason      text        not null,
  rejected_at timestamptz not null default now()
);
-- A hash index, because a number that is rejected for its length may not fit into a B-tree.
create index if not exists rejected_id on pjsip_sync.rejected using hash (id);

-- The owner of each mailbox. A mailbox name never passes to another row, because Asterisk keeps the messages under the name.
create table if not exists pjsip_sync.mailbox (
  name    text    primary key,
  row_key text,
  named   boolean not null default false
);
comment on column pjsip_sync.mailbox.row_key is
  'primary key of the application''s row that owns the mailbox; NULL: that row is gone, and its key may come back';
comment on column pjsip_sync.mailbox.named is 'the application chose the name (voicemail_mailbox, settings)';
create index if not exists mailbox_row_key on pjsip_sync.mailbox (row_key);

-- Rows whose primary key has changed, by statement and in the order of the statements, so that their mailboxes follow. Recorded only where
-- the key holds the number, inside the application's own transaction.
create table if not exists pjsip_sync.row_key_change (
  id       bigint generated always as identity primary key,
  old_keys text[] not null,
  new_keys text[] not null
);

-- The mailboxes that the message lamp of each endpoint showed last. Asterisk keeps these until it is told otherwise (MessageLamps.cs).
create table if not exists pjsip_sync.message_lamp (
  endpoint  text   primary key,
  mailboxes text   not null,
  revision  bigint not null default 0
);
comment on column pjsip_sync.message_lamp.revision is 'the revision of managed_endpoint in which they changed; 0: never';
create index if not exists message_lamp_revision on pjsip_sync.message_lamp (revision) where revision > 0;

-- Extensions whose status cannot be written into the application's table, with the reason. Each is tried again after 1 to 30 seconds.
create table if not exists pjsip_sync.status_rejected (
  row_key     text primary key,
  id          text        not null,
  reason      text        not null,
  rejected_at timestamptz not null default now(),
  attempts    integer     not null default 1,
  retry_at    timestamptz not null
);
create index if not exists status_rejected_retry on pjsip_sync.status_rejected (retry_at);

-- Asterisk servers. refreshed_revision is valid only for the process that the column process names.
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
-- The open announcement: until announcing_until this server sees only these endpoints when it reads all (35_announcements.sql).
alter table pjsip_sync.node add column if not exists announcing text[];
alter table pjsip_sync.node add column if not exists announcing_until timestamptz;
alter table pjsip_sync.node add column if not exists lamp_revision bigint not null default 0;
comment on column pjsip_sync.node.lamp_revision is 'the revision up to which Asterisk knows which message lamp shows which mailbox';
alter table pjsip_sync.node add column if not exists codecs text[];
comment on column pjsip_sync.node.codecs is 'the codecs that this server knows by name';
comment on column pjsip_sync.node.announcing is 'endpoints that the worker announces now; NULL: none';

-- Endpoints that one Asterisk cannot load while it can load others, with what sets them apart. Found when they are announced.
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

-- The registrations that each node reports.
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

-- The device states that each node reports.
create table if not exists pjsip_sync.device (
  node     text not null references pjsip_sync.node on delete cascade,
  endpoint text not null,
  state    text not null,
  primary key (endpoint, node)
);
alter table pjsip_sync.device add column if not exists since timestamptz not null default now();
comment on column pjsip_sync.device.since is 'when this state was written; for a state that is older than the column, when init added it';

-- Extensions whose status may be wrong (a re-import, an ORM that saves an old row, a forgotten node). The worker compares them again
-- within a second.
create table if not exists pjsip_sync.status_recheck (
  id text not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
