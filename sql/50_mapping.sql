-- The mapping itself, from variables: source_table, columns (JSON: our name -> column or expression), active.
-- Assumes 15_realtime_schema.sql.
set client_min_messages = warning;
select pjsip_sync.configure(:'source_table', :'columns', :'active', current_setting('pjsip_sync.realtime_schema'));
