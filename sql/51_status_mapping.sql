-- In place of 50_mapping.sql where the status has a table of its own: the same variables, and status_table.
set client_min_messages = warning;
set pjsip_sync.source_table = :'source_table';
set pjsip_sync.columns = :'columns';
set pjsip_sync.active = :'active';
set pjsip_sync.status_table = :'status_table';
do $configure$
begin
  perform pjsip_sync.configure(
    current_setting('pjsip_sync.source_table'), current_setting('pjsip_sync.columns')::jsonb, current_setting('pjsip_sync.active'),
    current_setting('pjsip_sync.realtime_schema'), current_setting('pjsip_sync.status_table'));
end
$configure$;
