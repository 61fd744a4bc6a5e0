-- The view ps_endpoints_for_server, which an Asterisk server reads as ps_endpoints (extconfig.conf).
--
-- Asterisk reads all endpoints whenever it meets an AOR that it does not know (res_pjsip/pjsip_options.c), to find those that use this
-- AOR. With thousands of endpoints that takes seconds, and REGISTERs wait meanwhile. While the worker announces endpoints to a server,
-- that server is shown only these when it reads all. At any other time, and on any other connection, the view is the whole table.
-- A look-up of one endpoint always finds it.
set client_min_messages = warning;

-- Returns the endpoints that are being announced to the asking server, when it reads all endpoints; else NULL.
-- A server's connections are named "asterisk NODE" (ConnSettings in odbc.ini).
create or replace function pjsip_sync.announced() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $announced$
begin
  -- A statement that res_config_odbc prepared has $1 in the place of '%'.
  if current_query() !~ '^SELECT \* FROM [^ ]+ WHERE id LIKE (''%''|\$1)' then
    return null;
  end if;
  return (
    select n.announcing
    from pjsip_sync.node n cross join pjsip_sync.mapping m
    where 'asterisk ' || n.name = current_setting('application_name')
      and n.announcing_until > clock_timestamp()
      -- A role that may not read the endpoints may not read their names here either.
      and has_table_privilege(session_user, format('%I.ps_endpoints', m.realtime_schema), 'select'));
end
$announced$;

-- Makes the view, or adds the columns that it lacks. The view has the columns of ps_endpoints that hold a value in any row, because
-- Asterisk reads a view of 20 columns in half the time of one of 140. A column is never removed from the view.
--
-- A function with a string body would let Asterisk's own migrations alter these columns. But PostgreSQL would parse it for each look-up,
-- which takes three times as long. So such a migration must drop the view first, and the worker makes it again.
create or replace function pjsip_sync.refresh_endpoint_view() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $refresh$
declare
  realtime_schema text := (select m.realtime_schema from pjsip_sync.mapping m);
  endpoints text   := format('%I.ps_endpoints', realtime_schema);
  view_name text   := format('%I.ps_endpoints_for_server', realtime_schema);
  existing  text[] := array(
    select attname::text from pg_attribute where attrelid = to_regclass(endpoints) and attnum > 0 and not attisdropped order by attnum);
  shown     text[] := array(
    select attname::text from pg_attribute where attrelid = to_regclass(view_name) and attnum > 0 and not attisdropped order by attnum);
  kept      text[];
  wanted    text[];
  others    text[];
  is_used   boolean;
begin
  if existing = '{}' then
    return;
  end if;
  kept := array(select name from unnest(shown) with ordinality as of_view (name, n) where name = any (existing) order by n);
  -- Columns that the worker writes.
  wanted := kept || array(
    select name from unnest(existing) with ordinality as of_table (name, n)
    where name <> all (kept)
      -- Asterisk looks for endpoints by their id, and at boot for those that have mailboxes (res_pjsip_mwi.c). The others are the
      -- columns of a usual trunk, so that a trunk made by hand works at once.
      and (name in ('id', 'mailboxes', 'transport', 'aors', 'auth', 'context', 'disallow', 'allow', 'direct_media', 'dtmf_mode',
                    'identify_by', 'force_rport', 'rewrite_contact', 'rtp_symmetric', 'callerid', 'from_user', 'from_domain',
                    'outbound_auth', 'outbound_proxy')
           or exists (select from pjsip_sync.column_set where columns @> array['ps_endpoints.' || name]))
    order by n);
  -- Columns that others have written.
  others := array(select name from unnest(existing) as name where name <> all (wanted));
  if others <> '{}' then
    execute format('select exists (select from %s endpoint where not (row(%s) is null))', endpoints,
      (select string_agg(format('endpoint.%I', name), ', ') from unnest(others) as name)) into is_used;
    if is_used then
      execute format('select array_remove(array[%s], null) from %s endpoint',
        (select string_agg(format('case when bool_or(endpoint.%1$I is not null) then %1$L end', name), ', ') from unnest(others) as name),
        endpoints) into others;
      wanted := wanted || others;
    end if;
  end if;
  if wanted = shown then
    return;
  end if;
  if kept <> shown then
    execute format('drop view %s', view_name);
  end if;
  -- Two branches, one of which is empty, so that the planner finds an id by its index in each. The view reads with its owner's rights, so
  -- it checks that the reading role may read ps_endpoints.
  execute format($f$
    create or replace view %1$s as
    select %4$s from %2$s endpoint
    where has_table_privilege(%3$L, 'select') and pjsip_sync.announced() is null
    union all
    select %4$s from unnest(pjsip_sync.announced()) as wanted (wanted_id) join %2$s endpoint on endpoint.id = wanted_id
    where has_table_privilege(%3$L, 'select')$f$,
    view_name, endpoints, endpoints,
    (select string_agg(format('endpoint.%I', name), ', ' order by n) from unnest(wanted) with ordinality as column_of (name, n)));
  execute format('grant select on %s to public', view_name);
exception when insufficient_privilege or wrong_object_type or dependent_objects_still_exist or invalid_table_definition then
  raise warning 'each new extension costs Asterisk a read of all endpoints: the view % could not be made: %', view_name, sqlerrm;
end
$refresh$;
revoke all on function pjsip_sync.refresh_endpoint_view() from public;
