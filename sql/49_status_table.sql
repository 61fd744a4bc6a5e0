-- A table of its own for the status (init --create-status-table), from the variable status_table.
set client_min_messages = warning;
set pjsip_sync.status_table = :'status_table';
do $create$
begin
  perform pjsip_sync.create_status_table(current_setting('pjsip_sync.status_table'));
end
$create$;
