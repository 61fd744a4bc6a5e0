-- Evaluates what may run code of the application: its casts, its CHECK constraints, and plans of its table, because the planner calls
-- functions that an index or an expression declares IMMUTABLE. The owner of the application's table must not get the rights of the
-- installer by such a function, so a role that may do nothing else evaluates it.
-- Assumes 40_protocol.sql.
set client_min_messages = warning;

-- Returns the one value of a query, with the rights of pjsip_sync_evaluator. All that the query does is undone, a deferred trigger
-- included, which would run with the rights of the installer when the transaction ends.
-- No policy hides rows from the planner here: a query that a row-level policy would change fails (insufficient_privilege).
create or replace function pjsip_sync.evaluate_restricted(query text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set row_security = off as $evaluate$
declare
  result text;
begin
  begin
    execute query into result;
    raise exception using errcode = 'PJ000', message = 'evaluated';
  exception when sqlstate 'PJ000' then
    null; -- A variable keeps its value.
  end;
  return result;
end
$evaluate$;
revoke all on function pjsip_sync.evaluate_restricted(text) from public;

-- The worker may not execute this function, because it would read columns of the application that the mapping does not name.
do $own$
begin
  if (select proowner from pg_proc where oid = 'pjsip_sync.evaluate_restricted(text)'::regprocedure)
     is distinct from to_regrole('pjsip_sync_evaluator')::oid then
    if not pg_has_role(current_user, 'pjsip_sync_evaluator', 'usage') then
      execute format('grant pjsip_sync_evaluator to %I', current_user);
    end if;
    grant usage, create on schema pjsip_sync to pjsip_sync_evaluator;
    alter function pjsip_sync.evaluate_restricted(text) owner to pjsip_sync_evaluator;
    revoke create on schema pjsip_sync from pjsip_sync_evaluator;
  end if;
  execute format('grant execute on function pjsip_sync.evaluate_restricted(text) to %I', current_user);
exception when insufficient_privilege or undefined_object then
  null; -- No role could be made, which 60_ownership.sql says. The function then belongs to the installing role.
end
$own$;

-- Grants pjsip_sync_evaluator what it lacks to plan on a table: the schemas of the table and of its types, and to read the table.
create or replace function pjsip_sync.grant_evaluation(source regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp set client_min_messages = error as $grant$
declare
  lacked text;
begin
  if to_regrole('pjsip_sync_evaluator') is null then
    return;
  end if;
  for lacked in
    select format('usage on schema %I', nspname) from pg_namespace
    where oid in (select relnamespace from pg_class where pg_class.oid = source
                  union select typnamespace from pg_attribute join pg_type on pg_type.oid = atttypid
                  where attrelid = source and attnum > 0 and not attisdropped)
      and not has_schema_privilege('pjsip_sync_evaluator', oid, 'usage')
    union all
    select format('select on %s', source) where not has_table_privilege('pjsip_sync_evaluator', source, 'select')
  loop
    begin
      execute format('grant %s to pjsip_sync_evaluator', lacked);
    exception when insufficient_privilege then
      null; -- The installing role does not own it. The evaluation then returns NULL.
    end;
  end loop;
end
$grant$;

-- Returns the one value of a query that may run code of the application; NULL when pjsip_sync_evaluator lacks a right that the query needs.
-- The worker, which calls this in verify-config, has no other rights to lose than its own.
create or replace function pjsip_sync.evaluate(source regclass, query text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $evaluate$
declare
  result text;
begin
  if not has_function_privilege('pjsip_sync.evaluate_restricted(text)', 'execute') then
    execute query into result;
    return result;
  end if;
  perform pjsip_sync.grant_evaluation(source);
  begin
    return pjsip_sync.evaluate_restricted(query);
  exception when insufficient_privilege then
    return null;
  end;
end
$evaluate$;
