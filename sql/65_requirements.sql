-- What the worker uses: the only list of objects and rights. init --roles grants from it (70_roles.sql); the worker and verify-config
-- check against it when they start (Schema/Installation.cs, Schema/Privileges.cs).
-- Assumes all files before it.
set client_min_messages = warning;

-- The objects that the worker's own statements use, and the functions that these call with the rights of their caller, with the
-- rights needed. Rights are separated by commas, in the order in which they are shown. schema_name NULL is the schema of the ps_* tables.
create or replace view pjsip_sync.required_object as
select kind, coalesce(schema_name, m.realtime_schema) as schema_name, name, privileges
from (values
  ('table', 'pjsip_sync', 'mapping', 'select, update (fingerprint), update (stale_after), update (unreachable_online)'),
  ('table', 'pjsip_sync', 'change', 'select, insert, delete'),
  ('table', 'pjsip_sync', 'status_recheck', 'select, insert, delete'),
  ('table', 'pjsip_sync', 'row_key_change', 'select, delete'),
  ('table', 'pjsip_sync', 'column_set', 'select, insert'),
  ('table', 'pjsip_sync', 'mailbox', 'select, insert, update'),
  ('table', 'pjsip_sync', 'message_lamp', 'select, insert, update'),
  ('table', 'pjsip_sync', 'managed_endpoint', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'bucket_digest', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'rejected', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'status_rejected', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'node', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'contact', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'device', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'unloadable', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'missing_reference', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'reserved_name', 'select, insert, update, delete'),
  ('table', 'pjsip_sync', 'contact_lifetime', 'select'),
  ('table', 'pjsip_sync', 'live_contact', 'select'),
  ('table', 'pjsip_sync', 'registration', 'select'),
  ('table', 'pjsip_sync', 'problem', 'select'),
  ('table', 'pjsip_sync', 'required_object', 'select'),
  ('table', 'pjsip_sync', 'missing_privilege', 'select'),
  ('table', null, 'ps_endpoints', 'select, insert, update, delete'),
  ('table', null, 'ps_auths', 'select, insert, update, delete'),
  ('table', null, 'ps_aors', 'select, insert, update, delete'),
  ('table', null, 'ps_contacts', 'select, update, delete'),
  ('sequence', 'pjsip_sync', 'revision', 'usage'),
  ('function', 'pjsip_sync', 'refresh_mapping', 'execute'),
  ('function', 'pjsip_sync', 'repair_source', 'execute'),
  ('function', 'pjsip_sync', 'lacks_column_grants', 'execute'),
  ('function', 'pjsip_sync', 'trigger_faults', 'execute'),
  ('function', 'pjsip_sync', 'wanted_triggers', 'execute'),
  ('function', 'pjsip_sync', 'recorded_tables', 'execute'),
  ('function', 'pjsip_sync', 'source_relation', 'execute'),
  ('function', 'pjsip_sync', 'find_table', 'execute'),
  ('function', 'pjsip_sync', 'mapping_differences', 'execute'),
  ('function', 'pjsip_sync', 'refresh_endpoint_view', 'execute'),
  ('function', 'pjsip_sync', 'extensions', 'execute'),
  ('function', 'pjsip_sync', 'extensions_by_number', 'execute'),
  ('function', 'pjsip_sync', 'as_bigint', 'execute'),
  ('function', 'pjsip_sync', 'as_numeric', 'execute'),
  ('function', 'pjsip_sync', 'as_uuid', 'execute'),
  ('function', 'pjsip_sync', 'sees_every_row', 'execute'),
  ('function', 'pjsip_sync', 'tables_with_hidden_rows', 'execute'),
  ('function', 'pjsip_sync', 'bucket_digests', 'execute'),
  ('function', 'pjsip_sync', 'bucket_of', 'execute'),
  ('function', 'pjsip_sync', 'bucket_count', 'execute'),
  ('function', 'pjsip_sync', 'comparison_fingerprint', 'execute'),
  ('function', 'pjsip_sync', 'mailbox_of', 'execute'),
  ('function', 'pjsip_sync', 'move_mailboxes', 'execute'),
  ('function', 'pjsip_sync', 'leave_mailboxes', 'execute'),
  ('function', 'pjsip_sync', 'keyed_by_number', 'execute'),
  ('function', 'pjsip_sync', 'status_mismatches', 'execute'),
  ('function', 'pjsip_sync', 'write_status', 'execute'),
  ('function', 'pjsip_sync', 'write_status_by_row', 'execute'),
  ('function', 'pjsip_sync', 'announce_status', 'execute'),
  ('function', 'pjsip_sync', 'announce_device_state', 'execute'),
  ('function', 'pjsip_sync', 'last_registrations', 'execute'),
  ('function', 'pjsip_sync', 'reject_status', 'execute'),
  ('function', 'pjsip_sync', 'forget_node', 'execute'),
  ('function', 'pjsip_sync', 'lock_class', 'execute'),
  ('function', 'pjsip_sync', 'realtime_lock', 'execute'),
  ('function', 'pjsip_sync', 'status_lock', 'execute'),
  ('function', 'pjsip_sync', 'idle_worker_lock', 'execute'),
  ('function', 'pjsip_sync', 'node_lock_class', 'execute'),
  ('function', 'pjsip_sync', 'may_notify', 'execute'),
  ('function', 'pjsip_sync', 'notify_change', 'execute'),
  ('function', 'pjsip_sync', 'extension_fields', 'execute'),
  ('function', 'pjsip_sync', 'mapping_faults', 'execute'),
  ('function', 'pjsip_sync', 'write_fault', 'execute'),
  ('function', 'pjsip_sync', 'status_table_fault', 'execute'),
  ('function', 'pjsip_sync', 'base_type', 'execute'),
  ('function', 'pjsip_sync', 'column_sql', 'execute'),
  ('function', 'pjsip_sync', 'number_sql', 'execute'),
  ('function', 'pjsip_sync', 'number_condition', 'execute'),
  ('function', 'pjsip_sync', 'tables_read', 'execute'),
  ('function', 'pjsip_sync', 'evaluate', 'execute'),
  ('function', 'pjsip_sync', 'is_indexed', 'execute'),
  ('function', 'pjsip_sync', 'index_advice', 'execute'),
  ('function', 'pjsip_sync', 'column_types', 'execute'),
  ('function', 'pjsip_sync', 'current_mapping', 'execute'),
  -- evaluate() asks whether the caller may execute it.
  ('function', 'pjsip_sync', 'evaluate_restricted', ''),
  -- Nobody calls the trigger functions; the triggers need them.
  ('function', 'pjsip_sync', 'record_change', ''),
  ('function', 'pjsip_sync', 'record_replicated', ''),
  -- Called by the view ps_endpoints_for_server, with the rights of its owner.
  ('function', 'pjsip_sync', 'announced', '')
) as listed (kind, schema_name, name, privileges)
cross join pjsip_sync.mapping m;

-- The rights that the role of this session lacks, as a GRANT names them. The columns of the application's table are those of
-- record_used_columns(). An object that does not exist is not listed.
create or replace view pjsip_sync.missing_privilege as
with required as (
  select kind, schema_name, name, split_part(privilege, ' (', 1) as privilege, rtrim(split_part(privilege, ' (', 2), ')') as column_name, n
  from pjsip_sync.required_object
  cross join lateral unnest(string_to_array(nullif(privileges, ''), ', ')) with ordinality as each (privilege, n)
), source as (
  -- As source_relation(), which this role may lack the right to call.
  select c.oid as id, nspname from pjsip_sync.mapping cross join parse_ident(source_table) as name
  join pg_namespace s on nspname = name[1] join pg_class c on c.relnamespace = s.oid and relname = name[2]
), lacked as (
  select format('%I.%I', schema_name, name) as object, privilege, n
  from required join pg_namespace s on s.nspname = schema_name
  -- OFFSET 0: each object is looked up by its name, instead of reading the whole catalog once or many times.
  cross join lateral (select oid from pg_class where relnamespace = s.oid and relname = name offset 0) as c
  where kind = 'table' and column_name = '' and not has_table_privilege(c.oid, privilege)
)
select format('usage on schema %I', nspname) as privilege
from pg_namespace
where nspname in (select schema_name from required union select nspname from source)
  and not has_schema_privilege(oid, 'usage')
union all
select format('%s on %s', string_agg(privilege, ', ' order by n), object) from lacked group by object
union all
select format('%s (%I) on %I.%I', privilege, column_name, schema_name, name)
from required join pg_namespace s on s.nspname = schema_name join pg_class c on c.relnamespace = s.oid and c.relname = name
join pg_attribute on attrelid = c.oid and attname = column_name
where kind = 'table' and column_name <> '' and not has_column_privilege(c.oid, attnum, privilege)
union all
select format('%s on sequence %I.%I', privilege, schema_name, name)
from required join pg_namespace s on s.nspname = schema_name join pg_class c on c.relnamespace = s.oid and c.relname = name
-- A CASE, because the planner may otherwise ask for the right to relations that are no sequences, which is an error.
where kind = 'sequence' and case when relkind = 'S' then not has_sequence_privilege(c.oid, privilege) end
union all
select distinct format('%s on function %I.%I', privilege, schema_name, name)
from required join pg_namespace s on s.nspname = schema_name
cross join lateral (select oid from pg_proc where proname = name and pronamespace = s.oid offset 0) as p
where kind = 'function' and not has_function_privilege(p.oid, privilege)
union all
select format('%s (%s) on %s', privilege, string_agg(quote_ident(used), ', '), source_table)
from (
  select source_table, 'select' as privilege, unnest(reads) as used from pjsip_sync.mapping
  union all select source_table, 'update', unnest(writes) from pjsip_sync.mapping
) as wanted
join source on true
join pg_attribute on attrelid = source.id and attname = used and not attisdropped
where not has_column_privilege(attrelid, attnum, privilege)
group by source_table, privilege
union all
select format('%s on %s', string_agg(privilege, ', ' order by n), status_table)
from pjsip_sync.mapping cross join unnest(array['select', 'insert', 'update', 'delete']) with ordinality as each (privilege, n)
where not has_table_privilege(to_regclass(nullif(status_table, '')), privilege)
group by status_table;
