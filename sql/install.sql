-- Installs or upgrades everything with psql, as pjsip-sync-worker init does, in one transaction. When another transaction holds a lock for
-- too long, nothing is changed: run it again.
--
--   psql -X -1 -v ON_ERROR_STOP=1 -v source_table=public.extensions -v columns={} -v active= -v realtime_schema= \
--     -f install.sql
--
-- columns is JSON: our name -> the column or expression of yours. An empty active is the column "enabled", where the table has it.
-- An empty realtime_schema is where the ps_* tables are; for a first installation see 15_realtime_schema.sql.
-- Further variables, each optional:
--   create_extensions=1       make the table public.extensions
--   status_table=NAME         write the status into this table (Source:StatusTable)
--   create_status_table=1     make that table
--   roles=1                   make the roles pjsip_sync and asterisk, with the rights they need
\ir 05_locks.sql
\ir 06_upgrade.sql
\ir 10_schema.sql
\ir 12_views.sql
\ir 15_realtime_schema.sql
\ir 20_realtime.sql
\ir 22_realtime_contacts.sql
\ir 25_voicemail.sql
\if :{?create_extensions}
\ir 30_extensions.sql
\endif
\ir 35_announcements.sql
\ir 40_protocol.sql
\ir 41_columns.sql
\ir 41_evaluation.sql
\ir 42_mapping_faults.sql
\ir 43_mapping.sql
\ir 44_row_security.sql
\ir 45_privileges.sql
\ir 46_templates.sql
\ir templates/bucket_digests.sql
\ir templates/changed_numbers.sql
\ir templates/extension_rows.sql
\ir templates/extensions.sql
\ir templates/extensions_by_number.sql
\ir templates/last_registrations.sql
\ir templates/last_registrations_nowhere.sql
\ir templates/mismatches_by_number.sql
\ir templates/paired_rows.sql
\ir templates/record_change.sql
\ir templates/record_replicated.sql
\ir templates/record_replicated_row_key.sql
\ir templates/record_row_key_change.sql
\ir templates/record_row_key_changes.sql
\ir templates/record_rows.sql
\ir templates/status_mismatches.sql
\ir templates/status_mismatches_nowhere.sql
\ir templates/status_table_mismatches.sql
\ir templates/status_table_mismatches_by_number.sql
\ir templates/write_status.sql
\ir templates/write_status_by_row.sql
\ir templates/write_status_nowhere.sql
\ir templates/write_status_table.sql
\ir 47_recording.sql
\ir 47_triggers.sql
\ir 48_status.sql
\ir 48_status_generation.sql
\ir 49_configuration.sql
\if :{?create_status_table}
\ir 49_status_table.sql
\endif
\if :{?status_table}
\ir 51_status_mapping.sql
\else
\ir 50_mapping.sql
\endif
\ir 60_ownership.sql
\ir 65_requirements.sql
\if :{?roles}
\ir 70_roles.sql
\endif
