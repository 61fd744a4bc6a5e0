-- Asterisk's PJSIP Realtime tables, made only where they are absent: the columns and enum types of Asterisk 22,
-- wider where people need more room than its own scripts give (caller id, password, what a phone says of itself). Asterisk's own
-- tables stay as they are.
set client_min_messages = warning;
set search_path = pg_catalog;

create schema if not exists :"realtime_schema";
set search_path = :"realtime_schema", pg_catalog;

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
  uri text,
  expiration_time bigint,
  qualify_frequency integer,
  outbound_proxy varchar(255),
  path text,
  user_agent text,
  qualify_timeout double precision,
  reg_server varchar(255),
  authenticate_qualify ast_bool_values,
  via_addr text,
  via_port integer,
  call_id text,
  endpoint varchar(255),
  prune_on_boot ast_bool_values,
  qualify_2xx_only ast_bool_values,
  unique (endpoint, id)
);

-- What a phone says of itself may have any length, and Asterisk answers 200 also when it could not be stored. The same holds when a column is
-- missing that this release writes.
do $contacts$
declare
  wanted record;
begin
  if not exists (select from pg_constraint where conrelid = to_regclass('ps_contacts') and conname = 'ps_contacts_endpoint_id_key') then
    return; -- Asterisk's own
  end if;
  for wanted in
    select known.name, known.type, attnum is null as is_missing
    from (values
      ('uri', 'text'), ('path', 'text'), ('user_agent', 'text'), ('via_addr', 'text'), ('call_id', 'text'), ('expiration_time', 'bigint'),
      ('qualify_frequency', 'integer'), ('qualify_timeout', 'double precision'), ('outbound_proxy', 'varchar(255)'), ('reg_server', 'varchar(255)'),
      ('via_port', 'integer'), ('endpoint', 'varchar(255)'), ('authenticate_qualify', 'ast_bool_values'), ('prune_on_boot', 'ast_bool_values'),
      ('qualify_2xx_only', 'ast_bool_values')) as known (name, type)
    left join pg_attribute on attrelid = to_regclass('ps_contacts') and attname = known.name and not attisdropped
    where attnum is null or known.type = 'text' and atttypid = 'varchar'::regtype
  loop
    execute format(case when wanted.is_missing then 'alter table ps_contacts add column %I %s' else 'alter table ps_contacts alter column %I type %s' end,
      wanted.name, wanted.type);
  end loop;
exception when insufficient_privilege or feature_not_supported then
  raise warning 'ps_contacts stays as it is: %', sqlerrm; -- somebody else owns it now, or a view reads it
end
$contacts$;

-- A REGISTER looks for the contacts of its AOR by the beginning of their id. In a database whose collation is not "C" only such
-- an index finds them. The table of Asterisk's own scripts, which has no such constraint, stays as it is.
do $index$
begin
  if exists (select from pg_constraint where conrelid = to_regclass('ps_contacts') and conname = 'ps_contacts_endpoint_id_key') then
    create index if not exists ps_contacts_id_pattern on ps_contacts (id varchar_pattern_ops);
  end if;
exception when insufficient_privilege then
  null; -- somebody else owns the table now
end
$index$;

reset search_path;
