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

-- Comments that an application has written stay.
do $comments$
declare
  wanted record;
begin
  if obj_description('public.extensions'::regclass, 'pg_class') is not null then
    return;
  end if;
  comment on table public.extensions is
    'Phones. The application writes the rows, and pjsip-sync-worker makes them Asterisk''s endpoints and writes the status back.';
  for wanted in
    select * from (values
      ('number', 'what others dial and the phone registers as; 79 characters at most'),
      ('password', 'of the phone, in clear text, because SIP needs it'),
      ('display_name', 'shown to the called party'),
      ('context', 'where in the dialplan the calls of the phone begin; NULL: Realtime:Defaults'),
      ('caller_id_name', 'NULL: display_name'),
      ('caller_id_number', 'NULL: number'),
      ('voicemail_enabled', 'whether the phone has a mailbox'),
      ('voicemail_mailbox', 'NULL: a mailbox of the worker''s choice'),
      ('transport', 'a transport of pjsip.conf; NULL: any'),
      ('codecs', 'in the order of preference, such as opus,alaw; NULL: Realtime:Defaults'),
      ('max_contacts', 'how many phones may register with this number; NULL: Realtime:Defaults'),
      ('profile', 'a name in Realtime:Profiles, such as webrtc or deskphone'),
      ('settings', 'options of Asterisk as JSON: {"endpoint": {...}, "auth": {...}, "aor": {...}}'),
      ('enabled', 'false: no phone can register, and the row stays'),
      ('status', 'online or offline; written by pjsip-sync-worker'),
      ('device_state', 'NOT_INUSE, INUSE, RINGING, UNAVAILABLE and others, as Asterisk reports it; written by pjsip-sync-worker'),
      ('last_registered_at', 'the last registration; written by pjsip-sync-worker'),
      ('last_registered_ip', 'the address of the last registration; written by pjsip-sync-worker')
    ) as known (name, meaning)
    join pg_attribute on attrelid = 'public.extensions'::regclass and attname = name and not attisdropped
  loop
    execute format('comment on column public.extensions.%I is %L', wanted.name, wanted.meaning);
  end loop;
end
$comments$;
