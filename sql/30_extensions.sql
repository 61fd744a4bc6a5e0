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
