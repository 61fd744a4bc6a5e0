-- The schema of version 5, as `init --create-extensions --roles --print` of commit 9c93dc1 wrote it. UpgradeTests installs it.
-- 10_schema.sql
-- What the worker keeps in the database. Every statement can run again.
-- "if not exists" speaks of nothing to do; it is not worth a line on the screen.
set client_min_messages = warning;

create schema if not exists pjsip_sync;

-- What a newer worker installed is not put back to what this one knows.
do $version$
declare
  ours constant integer := 5; -- what configure() writes
  installed integer;
begin
  if to_regclass('pjsip_sync.mapping') is not null then
    select schema_version into installed from pjsip_sync.mapping;
    if installed > ours then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('the schema pjsip_sync has version %s, newer than the %s of this worker: upgrade the worker', installed, ours);
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
comment on column pjsip_sync.mapping.reads is 'columns of the source table that source() and project() read; with an expression on the whole row, all of them';
comment on column pjsip_sync.mapping.writes is 'columns of the source table that project() writes';
alter table pjsip_sync.mapping add column if not exists indexed boolean not null default false;
comment on column pjsip_sync.mapping.indexed is 'whether an index of the source table finds an extension by its number';

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
alter table pjsip_sync.change add column if not exists others text[];
comment on column pjsip_sync.change.others is 'further ids: a statement of very many rows makes one record of each hundred';
create index if not exists change_xid on pjsip_sync.change (xid);
create index if not exists change_everything on pjsip_sync.change (xid) where id is null;

-- What full comparisons found equal: for each part of the extensions the mark of all its rows as they were then.
create table if not exists pjsip_sync.compared (
  part          integer primary key,
  mark          numeric not null,
  configuration text    not null
) with (fillfactor = 50);
comment on column pjsip_sync.compared.configuration is 'the mapping, the tables'' columns and the worker with which they were compared';

-- The sets of columns that were ever written together: what an endpoint's row of ours consists of.
create table if not exists pjsip_sync.shape (
  id      integer generated always as identity primary key,
  columns text[] not null unique
);

-- The owner list. Only what stands here is ever changed or deleted by the worker.
create sequence if not exists pjsip_sync.revision;
create table if not exists pjsip_sync.endpoint (
  id           text primary key,
  row_key      text        not null,
  adopted      boolean     not null default false,
  shape        integer     not null,
  revision     bigint      not null,
  aor_revision bigint      not null,
  synced_at    timestamptz not null default now(),
  deleted_at   timestamptz
);
comment on column pjsip_sync.endpoint.row_key is 'primary key of the application''s row this endpoint was made from';
comment on column pjsip_sync.endpoint.adopted is 'the rows existed before us: released, never deleted';
comment on column pjsip_sync.endpoint.shape is 'a row of pjsip_sync.shape; no foreign key, for it would be checked once for each endpoint written';
comment on column pjsip_sync.endpoint.revision is 'rises with every change of anything that Asterisk reads';
comment on column pjsip_sync.endpoint.aor_revision is 'the last revision that Asterisk must be told of by a refresh';
comment on column pjsip_sync.endpoint.deleted_at is 'tombstone, kept until every live node has refreshed';
create index if not exists endpoint_revision on pjsip_sync.endpoint (revision);
create index if not exists endpoint_tombstone on pjsip_sync.endpoint (deleted_at) where deleted_at is not null;

-- Extensions that cannot become endpoints, and why. Repairing the row clears it.
create table if not exists pjsip_sync.rejected (
  row_key     text primary key,
  id          text,
  reason      text        not null,
  rejected_at timestamptz not null default now()
);
-- a hash, since a number can be refused for being longer than a tree's entry
create index if not exists rejected_id on pjsip_sync.rejected using hash (id);

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
create table if not exists pjsip_sync.overwritten (
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
from pjsip_sync.endpoint e
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

-- 20_realtime.sql
-- Asterisk's PJSIP Realtime tables, made only where they are absent: the columns and enum types of Asterisk 22,
-- wider where people need more room than its own scripts give (caller id, password). Asterisk's own tables stay as they are.
set client_min_messages = warning;
set search_path = pg_catalog;

create schema if not exists "public";
set search_path = "public", pg_catalog;

do $types$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('ast_bool_values', '0|1|off|on|false|true|no|yes'),
      ('pjsip_100rel_values_v2', 'no|required|peer_supported|yes'),
      ('pjsip_auth_type_values_v2', 'md5|userpass|google_oauth'),
      ('pjsip_cid_privacy_values', 'allowed_not_screened|allowed_passed_screened|allowed_failed_screened|allowed|prohib_not_screened|prohib_passed_screened|prohib_failed_screened|prohib|unavailable'),
      ('pjsip_connected_line_method_values', 'invite|reinvite|update'),
      ('pjsip_direct_media_glare_mitigation_values', 'none|outgoing|incoming'),
      ('pjsip_dtls_setup_values', 'active|passive|actpass'),
      ('pjsip_dtmf_mode_values_v3', 'rfc4733|inband|info|auto|auto_info'),
      ('pjsip_incoming_call_offer_pref_values', 'local|local_first|remote|remote_first'),
      ('pjsip_media_encryption_values', 'no|sdes|dtls'),
      ('pjsip_outgoing_call_offer_pref_values', 'local|local_merge|local_first|remote|remote_merge|remote_first'),
      ('pjsip_redirect_method_values', 'user|uri_core|uri_pjsip'),
      ('pjsip_t38udptl_ec_values', 'none|fec|redundancy'),
      ('pjsip_timer_values', 'forced|no|required|yes'),
      ('security_negotiation_values', 'no|mediasec'),
      ('sha_hash_values', 'SHA-1|SHA-256')
    ) as known (type_name, labels)
  loop
    if to_regtype(quote_ident(current_schema) || '.' || quote_ident(wanted.type_name)) is null then
      execute format('create type %I as enum (%s)', wanted.type_name,
        (select string_agg(quote_literal(label), ', ') from unnest(string_to_array(wanted.labels, '|')) as label));
    end if;
  end loop;
end
$types$;

create table if not exists ps_endpoints (
  id varchar(255) primary key,
  transport varchar(40),
  aors varchar(2048),
  auth varchar(255),
  context varchar(40),
  disallow varchar(200),
  allow varchar(200),
  direct_media ast_bool_values,
  connected_line_method pjsip_connected_line_method_values,
  direct_media_method pjsip_connected_line_method_values,
  direct_media_glare_mitigation pjsip_direct_media_glare_mitigation_values,
  disable_direct_media_on_nat ast_bool_values,
  dtmf_mode pjsip_dtmf_mode_values_v3,
  external_media_address varchar(40),
  force_rport ast_bool_values,
  ice_support ast_bool_values,
  identify_by varchar(80),
  mailboxes varchar(255),
  moh_suggest varchar(40),
  outbound_auth varchar(255),
  outbound_proxy varchar(255),
  rewrite_contact ast_bool_values,
  rtp_ipv6 ast_bool_values,
  rtp_symmetric ast_bool_values,
  send_diversion ast_bool_values,
  send_pai ast_bool_values,
  send_rpid ast_bool_values,
  timers_min_se integer,
  timers pjsip_timer_values,
  timers_sess_expires integer,
  callerid varchar(255),
  callerid_privacy pjsip_cid_privacy_values,
  callerid_tag varchar(40),
  "100rel" pjsip_100rel_values_v2,
  aggregate_mwi ast_bool_values,
  trust_id_inbound ast_bool_values,
  trust_id_outbound ast_bool_values,
  use_ptime ast_bool_values,
  use_avpf ast_bool_values,
  media_encryption pjsip_media_encryption_values,
  inband_progress ast_bool_values,
  call_group varchar(40),
  pickup_group varchar(40),
  named_call_group varchar(40),
  named_pickup_group varchar(40),
  device_state_busy_at integer,
  fax_detect ast_bool_values,
  t38_udptl ast_bool_values,
  t38_udptl_ec pjsip_t38udptl_ec_values,
  t38_udptl_maxdatagram integer,
  t38_udptl_nat ast_bool_values,
  t38_udptl_ipv6 ast_bool_values,
  tone_zone varchar(40),
  language varchar(40),
  one_touch_recording ast_bool_values,
  record_on_feature varchar(40),
  record_off_feature varchar(40),
  rtp_engine varchar(40),
  allow_transfer ast_bool_values,
  allow_subscribe ast_bool_values,
  sdp_owner varchar(40),
  sdp_session varchar(40),
  tos_audio varchar(10),
  tos_video varchar(10),
  sub_min_expiry integer,
  from_domain varchar(40),
  from_user varchar(40),
  mwi_from_user varchar(40),
  dtls_verify varchar(40),
  dtls_rekey varchar(40),
  dtls_cert_file varchar(200),
  dtls_private_key varchar(200),
  dtls_cipher varchar(200),
  dtls_ca_file varchar(200),
  dtls_ca_path varchar(200),
  dtls_setup pjsip_dtls_setup_values,
  srtp_tag_32 ast_bool_values,
  media_address varchar(40),
  redirect_method pjsip_redirect_method_values,
  set_var text,
  cos_audio integer,
  cos_video integer,
  message_context varchar(40),
  force_avp ast_bool_values,
  media_use_received_transport ast_bool_values,
  accountcode varchar(80),
  user_eq_phone ast_bool_values,
  moh_passthrough ast_bool_values,
  media_encryption_optimistic ast_bool_values,
  rpid_immediate ast_bool_values,
  g726_non_standard ast_bool_values,
  rtp_keepalive integer,
  rtp_timeout integer,
  rtp_timeout_hold integer,
  bind_rtp_to_media_address ast_bool_values,
  voicemail_extension varchar(40),
  mwi_subscribe_replaces_unsolicited ast_bool_values,
  deny varchar(95),
  permit varchar(95),
  acl varchar(40),
  contact_deny varchar(95),
  contact_permit varchar(95),
  contact_acl varchar(40),
  subscribe_context varchar(40),
  fax_detect_timeout integer,
  contact_user varchar(80),
  preferred_codec_only ast_bool_values,
  asymmetric_rtp_codec ast_bool_values,
  rtcp_mux ast_bool_values,
  allow_overlap ast_bool_values,
  refer_blind_progress ast_bool_values,
  notify_early_inuse_ringing ast_bool_values,
  max_audio_streams integer,
  max_video_streams integer,
  webrtc ast_bool_values,
  dtls_fingerprint sha_hash_values,
  incoming_mwi_mailbox varchar(40),
  bundle ast_bool_values,
  dtls_auto_generate_cert ast_bool_values,
  follow_early_media_fork ast_bool_values,
  accept_multiple_sdp_answers ast_bool_values,
  suppress_q850_reason_headers ast_bool_values,
  trust_connected_line ast_bool_values,
  send_connected_line ast_bool_values,
  ignore_183_without_sdp ast_bool_values,
  codec_prefs_incoming_offer varchar(128),
  codec_prefs_outgoing_offer varchar(128),
  codec_prefs_incoming_answer varchar(128),
  codec_prefs_outgoing_answer varchar(128),
  stir_shaken ast_bool_values,
  send_history_info ast_bool_values,
  allow_unauthenticated_options ast_bool_values,
  t38_bind_udptl_to_media_address ast_bool_values,
  geoloc_incoming_call_profile varchar(80),
  geoloc_outgoing_call_profile varchar(80),
  incoming_call_offer_pref pjsip_incoming_call_offer_pref_values,
  outgoing_call_offer_pref pjsip_outgoing_call_offer_pref_values,
  stir_shaken_profile varchar(80),
  security_negotiation security_negotiation_values,
  security_mechanisms varchar(512),
  send_aoc ast_bool_values,
  overlap_context varchar(80),
  tenantid varchar(80),
  suppress_moh_on_sendonly ast_bool_values,
  follow_redirect_methods varchar(95),
  rtp_port_start integer,
  rtp_port_end integer
);

create table if not exists ps_auths (
  id varchar(255) primary key,
  auth_type pjsip_auth_type_values_v2,
  nonce_lifetime integer,
  md5_cred varchar(40),
  password varchar(255),
  realm varchar(255),
  username varchar(255),
  refresh_token varchar(255),
  oauth_clientid varchar(255),
  oauth_secret varchar(255),
  password_digest varchar(1024),
  supported_algorithms_uas varchar(1024),
  supported_algorithms_uac varchar(1024)
);

create table if not exists ps_aors (
  id varchar(255) primary key,
  contact varchar(255),
  default_expiration integer,
  mailboxes varchar(80),
  max_contacts integer,
  minimum_expiration integer,
  remove_existing ast_bool_values,
  qualify_frequency integer,
  authenticate_qualify ast_bool_values,
  maximum_expiration integer,
  outbound_proxy varchar(255),
  support_path ast_bool_values,
  qualify_timeout double precision,
  voicemail_extension varchar(40),
  remove_unavailable ast_bool_values,
  qualify_2xx_only ast_bool_values
);

create table if not exists ps_contacts (
  id varchar(255) primary key,
  uri varchar(511),
  expiration_time bigint,
  qualify_frequency integer,
  outbound_proxy varchar(255),
  path text,
  user_agent varchar(255),
  qualify_timeout double precision,
  reg_server varchar(255),
  authenticate_qualify ast_bool_values,
  via_addr varchar(40),
  via_port integer,
  call_id varchar(255),
  endpoint varchar(255),
  prune_on_boot ast_bool_values,
  qualify_2xx_only ast_bool_values,
  unique (endpoint, id)
);

reset search_path;

-- 25_voicemail.sql
-- The mailboxes as Asterisk's app_voicemail reads them in realtime (extconfig.conf): a mailbox exists as soon as an
-- endpoint has it, and no longer. It stands beside the ps_* tables, for the ODBC driver describes only what is there.
set client_min_messages = warning;
set search_path = "public", pg_catalog;

do $voicemail$
begin
  -- A function with a string body, for a view would forbid Asterisk's own migrations to alter ps_endpoints.
  execute format($f$
    create or replace function pjsip_sync.mailboxes()
    returns table (mailbox text, context text, fullname text)
    language sql stable as $body$
      -- the first one listed; the others an endpoint only watches
      select split_part(split_part(mailboxes, ',', 1), '@', 1),
             coalesce(nullif(split_part(split_part(mailboxes, ',', 1), '@', 2), ''), 'default'),
             min(substring(callerid from '^"(.*)" <'))
      from %I.ps_endpoints
      where mailboxes <> ''
      group by 1, 2
    $body$ $f$, current_schema);
  -- The PIN is another random word each time it is read: a phone reaches its own mailbox by its login (*97), and nobody
  -- any mailbox by guessing.
  create or replace view ps_mailboxes as
  select (mailbox || '@' || context)::varchar(255) as uniqueid, mailbox::varchar(255), context::varchar(255),
         gen_random_uuid()::varchar(80) as password, coalesce(fullname, '')::varchar(255) as fullname
  from pjsip_sync.mailboxes();
  -- It shows nothing to who may not read ps_endpoints, for the function reads with its caller's rights.
  grant select on ps_mailboxes to public;
exception when insufficient_privilege or wrong_object_type or invalid_table_definition then
  raise warning 'there is no voicemail for extensions: the view %.ps_mailboxes could not be made: %', current_schema, sqlerrm;
end
$voicemail$;
reset search_path;

-- 30_extensions.sql
-- The default table of phone extensions, for an application that has none yet (init --create-extensions).
set client_min_messages = warning;

create table if not exists public.extensions (
  id                 bigint generated always as identity primary key,
  number             text    not null unique,
  password           text    not null,
  display_name       text,
  context            text,
  caller_id_name     text,
  caller_id_number   text,
  voicemail_enabled  boolean not null default false,
  voicemail_mailbox  text,
  transport          text,
  codecs             text,
  max_contacts       integer,
  profile            text,
  settings           jsonb   not null default '{}',
  enabled            boolean not null default true,
  -- written by the worker
  status             text    not null default 'offline',
  device_state       text,
  last_registered_at timestamptz,
  last_registered_ip inet
) with (fillfactor = 80);

-- 40_functions.sql
-- How the application's table is watched and read. Everything that names that table is generated here, from
-- pjsip_sync.mapping, as functions with string bodies: the application may alter its own columns without meeting us.
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

-- A mapped value as SQL: a column of the source table by its name, or an expression on its columns.
create or replace function pjsip_sync.column_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select quote_ident(attname) from pg_attribute
     where attrelid = source and attname = mapped and attnum > 0 and not attisdropped),
    '(' || mapped || E'\n)')
$$;

-- The number as it is compared: a text column as it is, so that its own index is used, anything else by its text.
create or replace function pjsip_sync.number_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when exists (
      select from pg_attribute left join pg_collation on pg_collation.oid = attcollation
      where attrelid = source and attname = mapped and attnum > 0 and not attisdropped
        and atttypid in ('text'::regtype, 'varchar'::regtype) and collisdeterministic is not false)
    then pjsip_sync.column_sql(source, mapped)
    else format('(%s)::text', pjsip_sync.column_sql(source, mapped)) end
$$;

-- A mapped value as it is compared with what it was: a column as it is, an expression by its text.
create or replace function pjsip_sync.image_sql(source regclass, mapped text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when sql like '(%' then sql || '::text' else sql end from pjsip_sync.column_sql(source, mapped) as sql
$$;

-- The extensions in 4,096 parts.
create or replace function pjsip_sync.part_of(id text) returns integer
language sql immutable parallel safe as $$ select (hashtextextended(id, 0) & 4095)::integer $$;

-- With what a comparison was made: what other configuration finds equal is not known to be equal.
create or replace function pjsip_sync.comparison(worker text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select md5(concat_ws(e'\n', worker, mapping, (
    select string_agg(concat_ws(' ', attrelid::regclass, attnum, attname, atttypid::regtype, atttypmod, attisdropped), ',' order by attrelid::regclass::text, attnum)
    from pg_attribute
    where attrelid in (to_regclass(source_table), to_regclass(quote_ident(realtime_schema) || '.ps_endpoints'),
                       to_regclass(quote_ident(realtime_schema) || '.ps_auths'), to_regclass(quote_ident(realtime_schema) || '.ps_aors')))))
  from pjsip_sync.mapping
$$;

-- Whether an index finds an extension by its number.
create or replace function pjsip_sync.is_indexed(source regclass, number_is text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $indexed$
declare
  plan text;
begin
  execute format('explain (format json) select from %s as extension where %s = ''1''', source, number_is) into plan;
  return plan ~ '"(Index|Bitmap)';
end
$indexed$;

-- Our names for what an extension consists of, in the order of source()'s columns; then what is written back.
create or replace function pjsip_sync.known_columns(written_back boolean) returns setof text
language sql immutable rows 20 as $$
  select unnest(case when written_back
    then array['status', 'last_registered_at', 'last_registered_ip', 'device_state']
    else array['number', 'password', 'display_name', 'context', 'caller_id_name', 'caller_id_number', 'voicemail_enabled',
               'voicemail_mailbox', 'transport', 'codecs', 'max_contacts', 'profile', 'settings'] end)
$$;

-- A mapping with nothing left open: what is not given is the column of our own name, where the table has it.
create or replace function pjsip_sync.complete_columns(source_table text, columns jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('number', 'number', 'password', 'password')
    || coalesce(jsonb_object_agg(attname, attname) filter (where attname is not null), '{}')
    || columns
  from (select pjsip_sync.known_columns(false) union all select pjsip_sync.known_columns(true)) as known (name)
  left join pg_attribute on attrelid = to_regclass(source_table) and attname = name and attnum > 0 and not attisdropped
$$;

create or replace function pjsip_sync.complete_active(source_table text, active text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(nullif(active, ''),
    (select 'enabled' from pg_attribute where attrelid = to_regclass(source_table) and attname = 'enabled' and not attisdropped),
    'true')
$$;

-- What is wrong with a complete mapping: the name at fault (NULL: the table itself) and the problem with what would be right.
create or replace function pjsip_sync.mapping_faults(source_table text, columns jsonb, active text)
returns table (name text, problem text)
language plpgsql stable set search_path = pg_catalog, pg_temp set row_security = off as $check$
declare
  source  regclass := to_regclass(source_table);
  kind    "char";
  mapped  record;
  meaning text;
begin
  if source is null then
    problem := format('table %s does not exist: create it, name another in Source:Table, or run init with --create-extensions', source_table);
    return next;
    return;
  end if;
  select relkind into kind from pg_class where oid = source;
  if kind = 'v' or kind = 'm' then
    problem := format('%s is a view: triggers see no changes behind a view, so name the table it reads from', source);
    return next;
    return;
  elsif kind not in ('r', 'p') then
    problem := format('%s is not a table (relkind %s)', source, kind);
    return next;
    return;
  end if;
  if exists (select from pg_inherits join pg_class parent on parent.oid = inhparent
             where inhrelid = source and parent.relkind = 'r')
     or (kind = 'r' and exists (select from pg_inherits where inhparent = source)) then
    problem := format('%s is part of an inheritance tree: statement triggers do not see its rows as one table; use a plain or a partitioned table', source);
    return next;
    return;
  end if;
  if exists (select from pg_inherits where inhrelid = source) then
    problem := format('%s is a partition: name the partitioned table it belongs to', source);
    return next;
    return;
  end if;
  if (select count(*) from pg_attribute where attrelid = source and not attisdropped
      and attname in ('context', 'exten', 'priority', 'app', 'appdata')) = 5 then
    problem := format('%s is Asterisk''s own dialplan table (context, exten, priority, app, appdata), not a table of phones: '
      'name the application''s table in Source:Table (init --create-extensions can make one under a name that is free)', source);
    return next;
    return;
  end if;
  for mapped in
    select key, value from jsonb_each_text(columns)
    union all select 'active', active
    order by 1
  loop
    name := mapped.key;
    meaning := case when mapped.key = 'active' then 'Source:Active' else 'Source:Columns:' || replace(initcap(replace(mapped.key, '_', ' ')), ' ', '') end;
    if mapped.key <> 'active' and mapped.key not in (select pjsip_sync.known_columns(false) union all select pjsip_sync.known_columns(true)) then
      problem := format('%s is not known: the names are %s', meaning,
        (select string_agg(replace(initcap(replace(ours, '_', ' ')), ' ', ''), ', ') from (select pjsip_sync.known_columns(false) union all select pjsip_sync.known_columns(true)) as known (ours)));
      return next;
      continue;
    end if;
    if mapped.value ~ '^[[:alpha:]_][[:alnum:]_$]*$' and lower(mapped.value) not in ('true', 'false', 'null')
       and not exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0 and not attisdropped) then
      problem := format('%s: %s has no column "%s"', meaning, source, mapped.value);
      return next;
      continue;
    end if;
    if mapped.key in ('status', 'last_registered_at', 'last_registered_ip', 'device_state')
       and not exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0 and not attisdropped) then
      problem := format('%s: "%s" is written by the worker, so it must be a column, not an expression', meaning, mapped.value);
      return next;
      continue;
    end if;
    if exists (select from pg_attribute where attrelid = source and attname = mapped.value and attnum > 0
               and to_jsonb(pg_attribute)->>'attgenerated' = 'v') then
      problem := format('%s: "%s" is a virtual generated column, which triggers cannot see: make it STORED or map its expression', meaning, mapped.value);
      return next;
      continue;
    end if;
    begin
      execute format(
        case when mapped.key = 'active' then 'select from %s extension where %s limit 0'
             else 'select (%2$s)::text from %1$s extension limit 0' end,
        source, pjsip_sync.column_sql(source, mapped.value));
    exception when others then
      problem := format('%s: %s (expressions may use pg_catalog; anything else with its schema)', meaning, sqlerrm);
      return next;
    end;
  end loop;
end
$check$;

-- The mapping as it applies now, in SQL on a row called extension. What the table has no longer is left out; without
-- number, password or the active predicate there is nothing to generate.
create or replace function pjsip_sync.current_mapping(
  out source regclass, out columns jsonb, out active text, out realtime_schema text,
  out row_key   text,  -- the primary key, else the number itself
  out number    text,
  out number_is text)  -- the number as it is compared
language plpgsql stable set search_path = pg_catalog, pg_temp as $current$
begin
  select to_regclass(m.source_table), m.columns - coalesce((select array_agg(fault.name) from pjsip_sync.mapping_faults(m.source_table, m.columns, m.active) fault), '{}'),
         m.active, m.realtime_schema
  into source, columns, active, realtime_schema
  from pjsip_sync.mapping m;
  number := pjsip_sync.column_sql(source, columns->>'number');
  number_is := pjsip_sync.number_sql(source, columns->>'number');
  select string_agg(format('extension.%I::text', attname), ' || ''/'' || ' order by ordinality)
  into row_key
  from pg_index, unnest(indkey) with ordinality as key (attnum, ordinality)
  join pg_attribute using (attnum)
  where indrelid = source and indisprimary and attrelid = source;
  row_key := coalesce(row_key, format('coalesce((%s)::text, '''')', number));
end
$current$;

-- The application's rows under our names: source() and source_of().
create or replace function pjsip_sync.generate_reading(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  by_index boolean;
  wanted   text;
  rows     text;
  shape constant text := 'table (row_key text, number text, active boolean, password text, display_name text, context text, '
    'caller_id_name text, caller_id_number text, voicemail_enabled text, voicemail_mailbox text, transport text, '
    'codecs text, max_contacts text, profile text, settings text)';
begin
  select string_agg(format('       (%s)::text as %I', coalesce(pjsip_sync.column_sql(m.source, m.columns->>name), 'null'), name), E',\n' order by ordinality)
  into wanted
  from pjsip_sync.known_columns(false) with ordinality as known (name, ordinality)
  where name <> 'number';
  rows := format($s$
      select %s as row_key,
             coalesce((%s)::text, '') as number,
             coalesce((%s)::boolean, false) as active,
      %s
      from %s as extension$s$,
    m.row_key, m.number, pjsip_sync.column_sql(m.source, m.active), wanted, m.source);
  execute format($f$
    create or replace function pjsip_sync.source(ids text[] default null) returns %s language sql stable as $body$
      %s where $1 is null or %s = any ($1) or (%s is null and '' = any ($1))
    $body$ $f$, shape, rows, m.number_is, m.number);

  -- Each number is looked up by itself where an index does that, for what else the planner may think of reads the whole
  -- table for each batch of a large import.
  by_index := pjsip_sync.is_indexed(m.source, m.number_is);
  update pjsip_sync.mapping set indexed = by_index where indexed <> by_index;
  execute format($f$
    create or replace function pjsip_sync.source_of(ids text[]) returns %1$s language sql stable as $body$
      %2$s union all %3$s where %4$s is null and '' = any ($1)
    $body$ $f$, shape,
    format(case when by_index
      then 'select extension.* from unnest($1) as pjsip_sync_wanted (pjsip_sync_number) cross join lateral (%1$s where %2$s = pjsip_sync_number offset 0) as extension'
      else '%1$s join unnest($1) as pjsip_sync_wanted (pjsip_sync_number) on %2$s = pjsip_sync_number' end, rows, m.number_is),
    rows, m.number);
end
$generate$;

-- The mark of a part is that of all its rows: whoever writes one makes another row of it. What an expression reads beside
-- the row nobody knows: then there are no marks.
create or replace function pjsip_sync.generate_marks(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
begin
  execute format($f$
    create or replace function pjsip_sync.marks() returns table (part integer, mark numeric) language sql stable as $body$
      select pjsip_sync.part_of(id), case when %1$L then sum(hashtextextended(place, seed)) end
      from (
        select coalesce((%2$s)::text, '') as id, ctid::text || xmin::text as place, tableoid::bigint as seed from %3$s as extension
        union all select id, ctid::text || xmin::text, 1 from pjsip_sync.endpoint
        union all select coalesce(id, ''), ctid::text || xmin::text, 2 from pjsip_sync.rejected
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_endpoints
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_auths
        union all select id::text, ctid::text || xmin::text, tableoid::bigint from %4$I.ps_aors
      ) as rows
      group by 1
    $body$ $f$,
    (select bool_and(pjsip_sync.column_sql(m.source, mapped) not like '(%') from (
       select value from jsonb_each_text(m.columns) union all select nullif(m.active, 'true')) as known (mapped)),
    m.number, m.source, m.realtime_schema);
end
$generate$;

-- The bodies of the triggers: record_change() and record_replicated(). Nothing in them may ever reach the application as
-- an error.
create or replace function pjsip_sync.generate_recording(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  image   text;
  pairs   text;
  changed text;
  numbers text;
  of_all  text;
  -- Statements of more rows make one record of each hundred.
  short constant integer := 1000;
  pages constant text := 'insert into pjsip_sync.change (id, others) select ids[1], ids[2:] from (
              select array_agg(number) as ids from (select number, row_number() over () / 100 as page from (%s) as numbers) as numbered group by page) as pages';
  -- A worker that sleeps holds lock 3 and must be woken; one that is awake finds the change by itself, and cannot fall asleep
  -- before this transaction has ended. A NOTIFY makes commits queue behind one lock, and two-phase commit forbids it.
  ring constant text := $r$
          if not pg_try_advisory_xact_lock_shared(pjsip_sync.lock_class(), 3) and coalesce(current_setting('pjsip_sync.notify', true), '') <> 'off' then
            perform pg_notify('pjsip_sync_change', '');
          end if;$r$;
begin
  -- What is read of a row and what is written to it: equal images are equal values, whatever their types.
  select format('coalesce((%s)::text, '''') as number, row(%s) as is_read, row(%s) as is_written', m.number,
    concat_ws(', ', pjsip_sync.image_sql(m.source, m.active),
      (select string_agg(format('extension.%I', attname), ', ') from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = m.source and indisprimary),
      string_agg(pjsip_sync.image_sql(m.source, m.columns->>name), ', ') filter (where name in (select pjsip_sync.known_columns(false)))),
    string_agg(format('extension.%I', m.columns->>name), ', ') filter (where name in (select pjsip_sync.known_columns(true))))
  into image
  from jsonb_object_keys(m.columns) as mapped (name);
  -- Both transition tables have one order. Whatever the pairs, what differs is in a pair that differs; who has no partner is NULL.
  pairs := format($s$
              (select row_number() over () as place, %1$s from old_rows as extension) as was
              full join (select row_number() over () as place, %1$s from new_rows as extension) as became using (place)$s$, image);
  changed := format('select unnest(case when was.number = became.number then array[was.number] else array[was.number, became.number] end) as number '
    'from %s where (was.is_read *= became.is_read) is not true', pairs);
  numbers := format('select coalesce((%s)::text, '''') as number from <rows> as extension', m.number);
  of_all := format($s$insert into pjsip_sync.change (id) %1$s limit %2$s;
          get diagnostics recorded = row_count;
          if recorded = %2$s then
            %3$s;
          end if;$s$, numbers, short, format(pages, numbers || ' offset ' || short));

  execute format($f$
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
          %5$s
          -- a re-import of extensions that are registered
          if exists (select from pjsip_sync.contact) then
            insert into pjsip_sync.overwritten (id)
            select mine.number from (%1$s) as mine
            where exists (select from pjsip_sync.contact where contact.endpoint = mine.number);
          end if;
        elsif tg_op = 'DELETE' then
          %6$s
        elsif tg_op = 'UPDATE' then
          -- nearly always one row, which is read at a fraction of what a query costs that compares
          for became in select %2$s from new_rows as extension loop
            several := several is not null;
            exit when several;
          end loop;
          if several then
            if exists (select from new_rows offset %9$s) then
              %7$s;
            else
              insert into pjsip_sync.change (id) %8$s;
            end if;
            get diagnostics recorded = row_count;
          elsif several is not null then
            select %2$s into was from old_rows as extension;
            if not was.is_read *= became.is_read then
              insert into pjsip_sync.change (id) values (became.number);
              if was.number <> became.number then
                insert into pjsip_sync.change (id) values (was.number);
              end if;
              recorded := 1;
            end if;
            same_written := was.is_written *= became.is_written;
          end if;
          -- a row that somebody saved with the status it had before
          -- (a condition of variables and a query in one would be planned anew by each statement)
          if (several or not same_written) and coalesce(current_setting('pjsip_sync.projecting', true), '') <> 'on' then
            if exists (select from pjsip_sync.node) then
              insert into pjsip_sync.overwritten (id)
              select became.number from %3$s
              where (was.is_written *= became.is_written) is not true and became.number is not null;
            end if;
          end if;
        else
          insert into pjsip_sync.change (id) values (null);
          recorded := 1;
        end if;
        if recorded > 0 then
          %4$s
        end if;
      exception when others then
        raise log 'pjsip_sync could not tell what changed, everything is looked at again: %%', sqlerrm;
        begin
          insert into pjsip_sync.change (id) values (null);
        exception when others then
          raise log 'pjsip_sync could not record a change, the next reconcile finds it: %%', sqlerrm;
        end;
      end;
      return null;
    end
    $body$ $f$, replace(numbers, '<rows>', 'new_rows'), image, pairs, ring,
    replace(of_all, '<rows>', 'new_rows'), replace(of_all, '<rows>', 'old_rows'), format(pages, changed), changed, short);

  -- Logical replication applies rows, not statements: fires only in its sessions, and costs the application nothing.
  execute format($f$
    create or replace function pjsip_sync.record_replicated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
    begin
      if tg_op <> 'INSERT' then
        insert into pjsip_sync.change (id) select coalesce((%1$s)::text, '') from (select old.*) as extension;
      end if;
      if tg_op <> 'DELETE' then
        insert into pjsip_sync.change (id) select coalesce((%1$s)::text, '') from (select new.*) as extension;
      end if;
      %2$s
      return null;
    exception when others then
      raise log 'pjsip_sync could not record a replicated change, the next reconcile finds it: %%', sqlerrm;
      return null;
    end
    $body$ $f$, m.number, ring);
end
$generate$;

-- Status back to the application's rows, as the registration view has it: stale() names the rows that say something else,
-- project() writes them.
create or replace function pjsip_sync.generate_projection(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  written text;
  differs text;
  rows    text;
  stale   text;
begin
  select string_agg(format('%I = ', mapped) || format(value, typ, replace(quote_ident(mapped), '%', '%%')), ', ' order by ordinality),
         string_agg(format(difference, typ, ordinality), ' or ' order by ordinality)
  into written, differs
  from (values
      ('status',             1, 'now.status::%1$s',
        'now.old_1 is distinct from now.status::%1$s'),
      ('last_registered_at', 2, 'coalesce(now.registered_at::%1$s, extension.%2$s)',
        '(now.registered_at is not null and (now.old_2 is null or now.old_2 < now.registered_at - refresh_after))'),
      ('last_registered_ip', 3, 'coalesce(now.ip::%1$s, extension.%2$s)',
        '(now.ip is not null and now.old_3 is distinct from now.ip::%1$s)'),
      ('device_state',       4, 'now.device_state::%1$s',
        'now.old_4 is distinct from now.device_state::%1$s')
    ) as known (name, ordinality, value, difference)
  cross join lateral (
    select m.columns->>name as mapped, format_type(atttypid, atttypmod) as typ from pg_attribute
    where attrelid = m.source and attname = m.columns->>name and attnum > 0 and not attisdropped) as t;

  -- All extensions, or those numbered. As in source_of(), '' stands for those without a number, and each form is one that
  -- its own index answers.
  rows := format('select extension.tableoid as part, extension.ctid as place, %s as number, %s as row_key, %s from %s as extension',
    m.number_is, m.row_key,
    (select string_agg(coalesce('extension.' || quote_ident(m.columns->>name), 'null::text') || ' as old_' || ordinality, ', ' order by ordinality)
     from pjsip_sync.known_columns(true) with ordinality as known (name, ordinality)),
    m.source);
  stale := $s$
        select now.* from (
          select mine.*, coalesce(r.status, 'offline') as status, r.registered_at, host(r.address) as ip, r.device_state
          from (%1$s) as mine
          left join %2$s
        ) as now
        where $s$ || replace(coalesce(differs, 'false'), '%', '%%');

  execute format($f$
    create or replace function pjsip_sync.stale(refresh_after interval default '5 minutes')
    returns setof text
    language sql stable as $body$ select coalesce(number, '') from (%s) as stale $body$ $f$,
    format(stale, rows, 'pjsip_sync.registration r on r.number = mine.number and r.row_key = mine.row_key'));

  -- Returns the numbers that could not be written because the application holds their rows; announces each change of status.
  execute format($f$
    create or replace function pjsip_sync.project(ids text[] default null, refresh_after interval default '5 minutes')
    returns setof text
    -- plpgsql keeps its plan from call to call
    language plpgsql volatile as $body$
    #variable_conflict use_column
    begin
      -- so that the trigger knows its own master's hand; and a plan made while the tables were empty would read them whole for each row
      perform set_config('pjsip_sync.projecting', 'on', true), set_config('enable_seqscan', 'off', true);
      return query
      with stale as materialized (%3$s
      ), held as materialized (
        select extension.tableoid as part, extension.ctid as place
        from %1$s as extension
        join stale on stale.part = extension.tableoid and stale.place = extension.ctid
        for no key update of extension skip locked
      ), written as (
        update %1$s as extension set %2$s
        from stale as now join held using (part, place)
        where extension.tableoid = now.part and extension.ctid = now.place
        -- here, for only a data-modifying part of a statement is sure to be carried out whatever the plan is
        -- (a number too long to be anybody's has no news either, and would not fit)
        returning now.part, now.place, case when now.old_1::text is distinct from now.status and length(now.number) <= 255
          then pg_notify('extension_status', json_build_object(
            'number', now.number, 'status', now.status, 'device_state', now.device_state, 'ip', now.ip,
            'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text) is null
          -- how many they were, for the worker's metrics
          or set_config('pjsip_sync.flips', (coalesce(nullif(current_setting('pjsip_sync.flips', true), ''), '0')::integer + 1)::text, true) is null end as announced
      )
      select coalesce(stale.number, '')::text from stale
      where not exists (select from written where written.part = stale.part and written.place = stale.place);
    end
    $body$ $f$,
    m.source,
    -- nothing mapped: an assignment that is never reached
    coalesce(written, (select format('%1$I = extension.%1$I', attname) from pg_attribute
      where attrelid = m.source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1)),
    format(stale, format($s$%1$s where %2$s = any (%4$s) union all %1$s where %3$s is null and '' = any (%4$s)$s$,
      rows, m.number_is, m.number, 'coalesce($1, array(select pjsip_sync.stale($2)))'),
      'lateral (select * from pjsip_sync.registration r where r.number = mine.number and r.row_key = mine.row_key offset 0) r on true'));
end
$generate$;

-- Everything that names the source table, from the remembered mapping and from what that table has now.
create or replace function pjsip_sync.generate() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  m record;
begin
  select * into m from pjsip_sync.current_mapping();
  perform pjsip_sync.generate_reading(m), pjsip_sync.generate_marks(m), pjsip_sync.generate_recording(m), pjsip_sync.generate_projection(m);
  perform pjsip_sync.note_columns(m.source, m.columns, m.active);
  perform pjsip_sync.grant_source();
end
$generate$;

-- Forgets an Asterisk server and its registrations, unless a worker follows it; says whether it did.
create or replace function pjsip_sync.forget_node(name text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $forget$
begin
  if not pg_try_advisory_xact_lock(pjsip_sync.lock_class() + 1, hashtext(forget_node.name)) then
    return false;
  end if;
  insert into pjsip_sync.overwritten (id) select distinct endpoint from pjsip_sync.contact where contact.node = forget_node.name;
  delete from pjsip_sync.node where node.name = forget_node.name;
  return found;
end
$forget$;

-- Makes up for what the application altered since: columns that came or went, partitions that were attached.
-- Returns what is left out now. Runs with the rights of who installed it, for the worker may not make functions.
create or replace function pjsip_sync.adapt() returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $adapt$
declare
  mapping  pjsip_sync.mapping;
  faults   text[];
  hopeless boolean;
begin
  select * into mapping from pjsip_sync.mapping;
  select coalesce(array_agg(fault.problem order by fault.problem), '{}'),
         bool_or(fault.name is null or fault.name in ('number', 'password', 'active'))
  into faults, hopeless
  from pjsip_sync.mapping_faults(mapping.source_table, mapping.columns, mapping.active) fault;
  if hopeless then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(faults, '; ');
  end if;
  if mapping.left_out is distinct from faults then
    update pjsip_sync.mapping m set left_out = faults;
    perform pjsip_sync.generate();
    insert into pjsip_sync.change (id) values (null);
    perform pg_notify('pjsip_sync_change', '');
  elsif mapping.indexed <> pjsip_sync.is_indexed(to_regclass(mapping.source_table), pjsip_sync.number_sql(to_regclass(mapping.source_table), mapping.columns->>'number')) then
    perform pjsip_sync.generate();
  end if;
  if pjsip_sync.lacks_columns() then
    perform pjsip_sync.grant_source();
  end if;
  perform pjsip_sync.place_triggers();
  return query select unnest(faults);
end
$adapt$;
revoke all on function pjsip_sync.adapt() from public;

-- Installs a mapping: checks it, remembers it, generates the functions, places the triggers.
create or replace function pjsip_sync.configure(source_table text, columns jsonb, active text, realtime_schema text)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $configure$
declare
  problems text[];
begin
  columns := pjsip_sync.complete_columns(source_table, columns);
  active  := pjsip_sync.complete_active(source_table, active);
  select array_agg(fault.problem) into problems from pjsip_sync.mapping_faults(source_table, columns, active) fault;
  if problems is not null then
    raise exception using errcode = 'invalid_parameter_value', message = array_to_string(problems, E'\n');
  end if;

  insert into pjsip_sync.mapping as m (schema_version, source_table, columns, active, realtime_schema)
  values (5, to_regclass(source_table)::text, configure.columns, configure.active, configure.realtime_schema)
  on conflict (singleton) do update
  set schema_version = excluded.schema_version, source_table = excluded.source_table, columns = excluded.columns,
      active = excluded.active, realtime_schema = excluded.realtime_schema, left_out = '{}',
      -- an older worker that still runs stands by: it does not know all that is recorded now
      fingerprint = case when m.schema_version = excluded.schema_version then m.fingerprint else '' end
  where (m.schema_version, m.source_table, m.columns, m.active, m.realtime_schema, m.left_out)
    is distinct from (excluded.schema_version, excluded.source_table, excluded.columns, excluded.active, excluded.realtime_schema, '{}'::text[]);
  if found then
    insert into pjsip_sync.change (id) values (null);
    perform pg_notify('pjsip_sync_change', '');
  end if;

  perform pjsip_sync.generate();
  perform pjsip_sync.place_triggers();
  if not (select indexed from pjsip_sync.mapping) then
    raise warning 'no index finds an extension by its number, so every change would read the whole table: create index on % ((%))',
      to_regclass(source_table), pjsip_sync.number_sql(to_regclass(source_table), columns->>'number');
  end if;
end
$configure$;

-- Puts the triggers on the source table and on every partition of it, takes them off any other table, and what bears
-- their names and is something else out of their way.
create or replace function pjsip_sync.place_triggers() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $place$
declare
  source   regclass := (select to_regclass(source_table) from pjsip_sync.mapping);
  relation regclass;
  wanted   record;
begin
  for wanted in
    select tgrelid::regclass as relation, tgname as name from pg_trigger
    cross join lateral (
      select tgfoid in ('pjsip_sync.record_change'::regproc, 'pjsip_sync.record_replicated'::regproc) as is_ours,
             tgrelid = source or exists (select from pg_partition_tree(source) where relid = tgrelid) as is_here) as t
    where (is_ours or tgname ~ '^pjsip_sync_(insert|update|delete|truncate|replicated)$') and is_ours <> is_here
  loop
    execute format('drop trigger %I on %s', wanted.name, wanted.relation);
  end loop;
  for relation in
    select source union select relid from pg_partition_tree(source)
  loop
    for wanted in
      select * from (values
        ('pjsip_sync_insert',   'insert',   'referencing new table as new_rows'),
        ('pjsip_sync_update',   'update',   'referencing old table as old_rows new table as new_rows'),
        ('pjsip_sync_delete',   'delete',   'referencing old table as old_rows'),
        ('pjsip_sync_truncate', 'truncate', '')) as known (name, event, referencing)
    loop
      if not exists (select from pg_trigger where tgrelid = relation and tgname = wanted.name) then
        execute format('create trigger %I after %s on %s %s for each statement execute function pjsip_sync.record_change()',
          wanted.name, wanted.event, relation, wanted.referencing);
        -- also for sessions that replay data with session_replication_role = replica
        execute format('alter table %s enable always trigger %I', relation, wanted.name);
      end if;
    end loop;
    if (select relkind from pg_class where oid = relation) = 'r'
       and not exists (select from pg_trigger where tgrelid = relation and tgname = 'pjsip_sync_replicated') then
      execute format('create trigger pjsip_sync_replicated after insert or update or delete on %s for each row execute function pjsip_sync.record_replicated()', relation);
      execute format('alter table %s enable replica trigger pjsip_sync_replicated', relation);
    end if;
  end loop;
end
$place$;

-- 45_privileges.sql
-- What the worker's role may do with the application's table: read the columns of the mapping, write those of the status.
set client_min_messages = warning;

-- Remembers which columns of the source table the generated functions use. PostgreSQL itself knows best what an
-- expression reads: a view is made of it, asked, and dropped again.
create or replace function pjsip_sync.note_columns(source regclass, columns jsonb, active text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $note$
declare
  expressions text;
  is_read    text[];
  is_written text[];
begin
  select string_agg(format('(%s)::text', pjsip_sync.column_sql(source, value)), ', ') into expressions
  from (select value from jsonb_each_text(columns) union all select active) as mapped (value);
  execute format('create view pjsip_sync.used (%s) as select %s from %s as extension',
    (select string_agg('c' || n, ', ' order by n) from generate_series(1, (select count(*) + 1 from jsonb_object_keys(columns))) as n), expressions, source);

  with used as (
    select r.ev_action::text ~ '\{VAR :varno \d+ :varattno 0 ' as whole_row, d.refobjsubid
    from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid = source
    where r.ev_class = 'pjsip_sync.used'::regclass
  )
  select array_agg(attname::text order by attnum) into is_read
  from pg_attribute
  where attrelid = source and not attisdropped
    and (attnum in (select refobjsubid from used) and attnum > 0
      or attnum > 0 and exists (select from used where whole_row)
      or attnum = any ((select indkey from pg_index where indrelid = source and indisprimary)::smallint[])
      -- project() finds the rows to write by their place, marks() sees which are other rows than before
      or attname in ('ctid', 'tableoid', 'xmin'));
  drop view pjsip_sync.used;

  select coalesce(array_agg(attname::text order by attnum), '{}') into is_written
  from pjsip_sync.known_columns(true) as known (name)
  join pg_attribute on attrelid = source and attname = columns->>name and attnum > 0 and not attisdropped;
  -- without a status column project() has an assignment that is never reached, and needs the right to it all the same
  if is_written = '{}' then
    select array[attname::text] into is_written from pg_attribute
    where attrelid = source and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum limit 1;
  end if;

  update pjsip_sync.mapping m set reads = is_read, writes = is_written
  where (m.reads, m.writes) is distinct from (is_read, is_written);
end
$note$;

-- Gives the role pjsip_sync exactly those columns, once init --roles has let it into the schema; also after the mapping
-- changed or the table was altered.
create or replace function pjsip_sync.grant_source() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $grant$
declare
  mapping pjsip_sync.mapping;
  source  regclass;
begin
  if not exists (select from pg_roles where rolname = 'pjsip_sync' and not rolsuper)
     or not has_schema_privilege('pjsip_sync', 'pjsip_sync', 'usage') then
    return;
  end if;
  select * into mapping from pjsip_sync.mapping;
  source := to_regclass(mapping.source_table);
  -- an owner has every right already, and would lose some
  if pg_has_role('pjsip_sync', (select relowner from pg_class where oid = source), 'usage') then
    return;
  end if;
  execute format('revoke all on %s from pjsip_sync', source);
  execute format('grant usage on schema %s to pjsip_sync', (select relnamespace::regnamespace from pg_class where oid = source));
  execute format('grant select (%s) on %s to pjsip_sync',
    (select string_agg(quote_ident(name), ', ') from unnest(mapping.reads) as name), source);
  execute format('grant update (%s) on %s to pjsip_sync',
    (select string_agg(quote_ident(name), ', ') from unnest(mapping.writes) as name), source);
end
$grant$;

-- Whether the role pjsip_sync has lost the right to a column: one that was dropped and added again is another.
create or replace function pjsip_sync.lacks_columns() returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $lacks$
  select exists (
    select from pjsip_sync.mapping m
    cross join lateral (
      select unnest(m.reads) as name, 'select' as privilege union all select unnest(m.writes), 'update') as wanted
    join pg_attribute a on a.attrelid = to_regclass(m.source_table) and a.attname = wanted.name and not a.attisdropped
    join pg_roles r on r.rolname = 'pjsip_sync'
    where not has_column_privilege(r.oid, a.attrelid, a.attnum, wanted.privilege))
$lacks$;

-- Puts back triggers that are missing and turns on those that were turned off; what changed meanwhile went unseen, so
-- everything is looked at. Runs with the rights of who installed it, for the worker may not touch the table.
create or replace function pjsip_sync.mend_triggers() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $mend$
declare
  off record;
begin
  for off in
    select tgrelid::regclass as relation, tgname as name, wanted
    from pg_trigger join (values ('pjsip_sync.record_change'::regproc, 'A', 'always'), ('pjsip_sync.record_replicated'::regproc, 'R', 'replica'))
      as known (calls, enabled, wanted) on calls = tgfoid
    where tgenabled::text <> enabled
  loop
    execute format('alter table %s enable %s trigger %I', off.relation, off.wanted, off.name);
  end loop;
  perform pjsip_sync.place_triggers();
  insert into pjsip_sync.change (id) values (null);
  perform pg_notify('pjsip_sync_change', '');
end
$mend$;
revoke all on function pjsip_sync.mend_triggers() from public;

-- 50_mapping.sql
-- The mapping itself, from variables: source_table, columns (JSON: our name -> column or expression), active, realtime_schema.
set client_min_messages = warning;
select pjsip_sync.configure('public.extensions', '{}', '', 'public');

-- 60_ownership.sql
-- What runs inside the application's statements belongs to a role that cannot log in and may do one thing: record what
-- the worker must look at.
set client_min_messages = warning;
do $own$
begin
  grant usage on schema pjsip_sync to pjsip_sync_owner;
  grant insert on pjsip_sync.change, pjsip_sync.overwritten to pjsip_sync_owner;
  grant select on pjsip_sync.contact, pjsip_sync.node to pjsip_sync_owner;
  if exists (select from pg_proc join pg_roles on pg_roles.oid = proowner
             where pg_proc.oid in ('pjsip_sync.record_change'::regproc, 'pjsip_sync.record_replicated'::regproc) and rolname <> 'pjsip_sync_owner') then
    if not pg_has_role(current_user, 'pjsip_sync_owner', 'member') then
      execute format('grant pjsip_sync_owner to %I', current_user);
    end if;
    grant create on schema pjsip_sync to pjsip_sync_owner;
    alter function pjsip_sync.record_change() owner to pjsip_sync_owner;
    alter function pjsip_sync.record_replicated() owner to pjsip_sync_owner;
    revoke create on schema pjsip_sync from pjsip_sync_owner;
  end if;
  -- nobody else may put them on a table of his own, whose columns could run code of his with this role's rights
  revoke execute on function pjsip_sync.record_change(), pjsip_sync.record_replicated() from public;
exception when insufficient_privilege or undefined_object then
  raise warning 'the trigger functions belong to %: no role pjsip_sync_owner could be made by this role', current_user;
end
$own$;

-- 70_roles.sql
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

-- The worker: its own schema, but not the mapping, of which adapt() makes functions with the installer's rights.
grant usage on schema pjsip_sync to pjsip_sync;
grant select, insert, update, delete on pjsip_sync.change, pjsip_sync.shape, pjsip_sync.endpoint, pjsip_sync.rejected,
  pjsip_sync.node, pjsip_sync.contact, pjsip_sync.device, pjsip_sync.overwritten,
  pjsip_sync.compared to pjsip_sync;
grant select on pjsip_sync.mapping, pjsip_sync.registration to pjsip_sync;
grant update (fingerprint, stale_after, unreachable_online) on pjsip_sync.mapping to pjsip_sync;
grant usage on sequence pjsip_sync.revision to pjsip_sync;
grant execute on function pjsip_sync.adapt(), pjsip_sync.mend_triggers() to pjsip_sync;

-- The worker writes what Asterisk reads; Asterisk writes its registrations, and the worker lets those of a deleted
-- extension expire.
set search_path = "public", pg_catalog;
grant usage on schema "public" to pjsip_sync, asterisk;
grant select, insert, update, delete on ps_endpoints, ps_auths, ps_aors to pjsip_sync;
grant select on ps_endpoints, ps_auths, ps_aors to asterisk;
grant select, insert, update, delete on ps_contacts to asterisk;
grant select, update, delete on ps_contacts to pjsip_sync;
reset search_path;

select pjsip_sync.grant_source();

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
  grant select on pjsip_sync.registration, pjsip_sync.rejected to YOUR_APPLICATION;$text$, mapping.source_table);
end
$say$;

