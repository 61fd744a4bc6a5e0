-- The mapping itself, from variables: source_table, columns (JSON: our name -> column or expression), active.
-- Assumes 15_realtime_schema.sql. A block, because psql would print the result of a select.
set client_min_messages = warning;
set pjsip_sync.source_table = :'source_table';
set pjsip_sync.columns = :'columns';
set pjsip_sync.active = :'active';
do $configure$
begin
  perform pjsip_sync.configure(
    current_setting('pjsip_sync.source_table'), current_setting('pjsip_sync.columns')::jsonb, current_setting('pjsip_sync.active'),
    current_setting('pjsip_sync.realtime_schema'));
end
$configure$;
