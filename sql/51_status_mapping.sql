-- In place of 50_mapping.sql where the status has a table of its own: the same variables, and status_table.
set client_min_messages = warning;
select pjsip_sync.configure(:'source_table', :'columns', :'active', 
  current_setting('pjsip_sync.realtime_schema'), :'status_table');
