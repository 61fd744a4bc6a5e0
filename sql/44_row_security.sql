-- Row-level policies: a row that a policy hides must not look like a deleted row.
-- Assumes 10_schema.sql.
set client_min_messages = warning;

-- Returns the tables whose row-level policies may hide rows from this role or forbid it to write some. A table is safe only if for each
-- command a policy that is simply "true" applies to the role, and every restrictive policy is "true" as well.
create or replace function pjsip_sync.tables_with_hidden_rows() returns setof regclass
language sql stable set search_path = pg_catalog, pg_temp as $hidden$
  select relation
  from pjsip_sync.mapping m
  cross join lateral (
    select to_regclass(m.source_table), 'rw'
    union all
    select to_regclass(format('%I.%I', m.realtime_schema, name)), 'rawd' from unnest(array['ps_endpoints', 'ps_auths', 'ps_aors']) as name
  ) as needed (relation, commands)
  where row_security_active(relation) and exists (
    select from unnest(string_to_array(commands, null)) as command
    left join lateral (
      select polpermissive,
             coalesce(pg_get_expr(polqual, polrelid), 'true') = 'true'
               and coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true' as is_true
      from pg_policy
      where polrelid = relation and polcmd in ('*', command::"char")
        and exists (select from unnest(polroles) as role where role = 0 or pg_has_role(current_user, role, 'usage'))
    ) as policy on true
    group by command
    having not coalesce(bool_or(polpermissive and is_true), false) or bool_or(not polpermissive and not is_true))
$hidden$;

-- Returns true, or raises an error when a policy may hide rows, because a hidden row would look like a deleted one. Called after the source
-- was read, in the same transaction, which then holds a lock on the table, so that no policy can have changed in between. Inside the
-- reading query the call would be lost where the planner knows that a policy shows no row.
create or replace function pjsip_sync.sees_every_row() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $sees$
declare
  hidden text;
begin
  -- Nearly always no table has a policy. This check costs a fraction of reading the policies.
  perform from pjsip_sync.mapping m
  where row_security_active(to_regclass(m.source_table))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_endpoints'))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_auths'))
     or row_security_active(to_regclass(quote_ident(m.realtime_schema) || '.ps_aors'));
  if not found then
    return true;
  end if;
  select string_agg(relation::text, ', ') into hidden from pjsip_sync.tables_with_hidden_rows() as relation;
  if hidden is not null then
    raise exception using errcode = 'insufficient_privilege',
      message = format('row-level security of %s may hide rows from the role %s: verify-config says which policy is enough',
        hidden, current_user);
  end if;
  return true;
end
$sees$;
