-- The views of the schema: which contacts count, what each extension's phones are doing, and what does not work.
-- Assumes 10_schema.sql.
set client_min_messages = warning;

-- Each contact, and until when it counts: until it expires, or until its node has not been seen for mapping.stale_after.
-- The settings are read by subqueries, which PostgreSQL evaluates once in a statement. A join with mapping would read it for each contact.
create or replace view pjsip_sync.contact_lifetime as
select contact.node, contact.endpoint, contact.uri, contact.address, contact.user_agent, contact.registered_at,
       contact.status <> 'Unreachable' or (select unreachable_online from pjsip_sync.mapping) as answers,
       least(contact.expires_at, coalesce(node.last_seen_at, '-infinity') + (select stale_after from pjsip_sync.mapping)) as live_until
from pjsip_sync.contact
join pjsip_sync.node on node.name = contact.node;

-- The contacts that make an extension online.
create or replace view pjsip_sync.live_contact as
select node, endpoint, uri, address, user_agent, registered_at
from pjsip_sync.contact_lifetime
where answers and live_until > now();

-- One row for each extension: what its phones are doing. The status of an extension is only ever computed from this view.
-- Asterisk reports a registration and the device state in either order. Where an idle device state does not fit the status yet, the view
-- has the state that Asterisk reports next. The state of a call is kept, also for a phone that does not answer or is not registered any
-- more.
create or replace view pjsip_sync.registration as
select e.id as number,
       e.row_key,
       case when c.contacts > 0 then 'online' else 'offline' end as status,
       coalesce(c.contacts, 0) as contacts,
       c.address,
       c.user_agent,
       c.registered_at,
       case
         when c.contacts > 0 and d.state in ('UNAVAILABLE', 'UNKNOWN', 'INVALID') then 'NOT_INUSE'
         when c.contacts = 0 and d.state = 'NOT_INUSE' then 'UNAVAILABLE'
         else d.state end as device_state,
       d.since as device_state_since
from pjsip_sync.managed_endpoint e
left join lateral (
  select count(*)::integer as contacts,
         (array_agg(contact.address    order by contact.registered_at desc, contact.uri))[1] as address,
         (array_agg(contact.user_agent order by contact.registered_at desc, contact.uri))[1] as user_agent,
         max(contact.registered_at) as registered_at
  from pjsip_sync.live_contact as contact
  where contact.endpoint = e.id
) c on true
left join lateral (
  -- The busiest state of any node, as Asterisk itself aggregates them.
  select device.state, device.since
  from pjsip_sync.device
  join pjsip_sync.node on node.name = device.node
  where device.endpoint = e.id
    and node.last_seen_at > now() - (select stale_after from pjsip_sync.mapping)
  order by array_position(
    array['RINGING', 'RINGINUSE', 'INUSE', 'BUSY', 'ONHOLD', 'NOT_INUSE', 'UNAVAILABLE', 'UNKNOWN', 'INVALID'], device.state)
  limit 1
) d on true
where e.deleted_at is null;

-- Why extensions do not work, or not fully: rejected, a status that cannot be written, not loadable by an Asterisk, or naming something
-- that an Asterisk does not have.
create or replace view pjsip_sync.problem as
select id as number, row_key, null::text as node, reason, rejected_at as since from pjsip_sync.rejected
union all
select id, row_key, null, reason, rejected_at from pjsip_sync.status_rejected
union all
select u.id, e.row_key, u.node, u.reason, u.found_at
from (select * from pjsip_sync.unloadable union all select * from pjsip_sync.missing_reference) as u
join pjsip_sync.managed_endpoint e on e.id = u.id and e.deleted_at is null;

comment on view pjsip_sync.registration is 'For applications: one row for each extension, with what its phones are doing.';
comment on column pjsip_sync.registration.row_key is 'the primary key of the row in your table, as text';
comment on column pjsip_sync.registration.status is 'online while a phone is registered and answers, else offline';
comment on column pjsip_sync.registration.contacts is 'the number of phones that are online';
comment on column pjsip_sync.registration.address is 'of the phone that registered last; NULL: none is online';
comment on column pjsip_sync.registration.user_agent is 'what that phone calls itself';
comment on column pjsip_sync.registration.registered_at is 'when that phone registered';
comment on column pjsip_sync.registration.device_state is
  'the busiest state of all Asterisk servers: RINGING, INUSE, NOT_INUSE, UNAVAILABLE and others';
comment on view pjsip_sync.problem is 'For applications: why extensions do not work, or not fully. No row: all is well.';
comment on column pjsip_sync.problem.row_key is 'the primary key of the row in your table, as text';
comment on column pjsip_sync.problem.node is 'the Asterisk server that has the problem; NULL: all';
comment on column pjsip_sync.problem.since is 'when the problem was found';
comment on table pjsip_sync.rejected is
  'For applications: extensions that cannot become endpoints, with the reason. Correcting the row removes the entry.';
