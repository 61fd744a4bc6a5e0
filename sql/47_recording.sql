-- Generates the functions that read the application's table and record its changes, from the templates.
-- Assumes 40_protocol.sql to 46_templates.sql. The parameter m is a row of current_mapping().
set client_min_messages = warning;

-- Generates extensions() and extensions_by_number(): the application's rows under our names.
-- A row whose number is NULL is no extension.
create or replace function pjsip_sync.generate_reading(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  fields         text;
  extension_rows text;
begin
  select string_agg(format('         (%s)::text as %I', coalesce(pjsip_sync.column_sql(m.source, m.columns->>name), 'null'), name),
                    E',\n' order by ordinality)
  into fields
  from pjsip_sync.extension_fields(false) with ordinality as known (name, ordinality)
  where name <> 'number';
  extension_rows := pjsip_sync.render_template('extension_rows', jsonb_build_object(
    'row_key', m.row_key, 'number_text', m.number_is, 'active', pjsip_sync.column_sql(m.source, m.active),
    'fields', fields, 'source_table', m.source::text));
  execute pjsip_sync.render_template('extensions', jsonb_build_object(
    'extension_rows', extension_rows, 'number', m.number, 'number_text', m.number_is));
  execute pjsip_sync.render_template('extensions_by_number', jsonb_build_object(
    'extension_rows_by_number', pjsip_sync.by_number_sql(m, extension_rows, '$1')));
end
$generate$;

-- Generates bucket_digests(). A mapping with an expression has no digests, because its value may depend on more than the row.
create or replace function pjsip_sync.generate_bucket_digests(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
begin
  execute pjsip_sync.render_template('bucket_digests', jsonb_build_object(
    'row_decides_alone', (
      select bool_and(pjsip_sync.column_sql(m.source, mapped) not like '(%')
      from (select value from jsonb_each_text(m.columns) union all select nullif(m.active, 'true')) as known (mapped)),
    'number_text', m.number_is, 'source_table', m.source::text, 'realtime_schema', quote_ident(m.realtime_schema)));
end
$generate$;

-- Generates the bodies of the triggers: record_change() and record_replicated().
create or replace function pjsip_sync.generate_recording(m record) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $generate$
declare
  image       text;
  paired_rows text;
  by_number constant boolean := pjsip_sync.keyed_by_number(m.source, m.columns->>'number');
begin
  -- What the worker reads of a row and what it writes to it, as two records. Records are compared by their bytes (*=), so that a type
  -- needs no equality operator and equal images are equal values.
  select format('coalesce((%s)::text, '''') as number, row(%s) as is_read, row(%s) as is_written', m.number_is,
    concat_ws(', ', pjsip_sync.comparable_sql(m.source, m.active),
      (select string_agg(format('extension.%I', attname), ', ')
       from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = m.source and indisprimary),
      string_agg(pjsip_sync.comparable_sql(m.source, m.columns->>name), ', ')
        filter (where name in (select pjsip_sync.extension_fields(false)))),
    string_agg(format('extension.%I', m.columns->>name), ', ')
      filter (where name in (select pjsip_sync.extension_fields(true))))
  into image
  from jsonb_object_keys(m.columns) as mapped (name);
  if by_number then
    image := format('%s, %s as row_key', image, m.row_key);
  end if;
  paired_rows := pjsip_sync.render_template('paired_rows', jsonb_build_object('image', image));
  execute pjsip_sync.render_template('record_change', jsonb_build_object(
    'number_text', m.number_is, 'image', image, 'paired_rows', paired_rows,
    'record_new_rows', pjsip_sync.render_template('record_rows', jsonb_build_object('number_text', m.number_is, 'rows', 'new_rows')),
    'record_old_rows', pjsip_sync.render_template('record_rows', jsonb_build_object('number_text', m.number_is, 'rows', 'old_rows')),
    'changed_numbers', pjsip_sync.render_template('changed_numbers', jsonb_build_object('paired_rows', paired_rows)),
    'record_row_key_changes', case when by_number
      then pjsip_sync.render_template('record_row_key_changes', jsonb_build_object('paired_rows', paired_rows)) else '' end,
    'record_row_key_change', case when by_number then pjsip_sync.render_template('record_row_key_change', '{}') else '' end));
  -- Logical replication applies rows, not statements. This trigger fires only in its sessions, and costs the application nothing.
  execute pjsip_sync.render_template('record_replicated', jsonb_build_object(
    'number_text', m.number_is,
    'record_row_key', case when by_number
      then pjsip_sync.render_template('record_replicated_row_key', jsonb_build_object('row_key', m.row_key)) else '' end));
end
$generate$;
