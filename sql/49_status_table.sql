-- A table of its own for the status (init --create-status-table), from the variable status_table.
set client_min_messages = warning;
select pjsip_sync.create_status_table(:'status_table');
