-- The mapping itself, from variables: source_table, columns (JSON: our name -> column or expression), active, realtime_schema.
set client_min_messages = warning;
select pjsip_sync.configure(:'source_table', :'columns', :'active', :'realtime_schema');
