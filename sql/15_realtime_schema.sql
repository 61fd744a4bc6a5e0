-- Decides where the ps_* tables are, from the variable realtime_schema (Realtime:Schema), and makes that schema. Where the variable is
-- empty, they stay in the schema in which they are installed. A first installation uses public if ps_endpoints is there, else asterisk,
-- because an ORM that pushes its schema drops all tables of public that it does not know.
-- The session setting pjsip_sync.realtime_schema has the name for the files that follow. Assumes 10_schema.sql.
set client_min_messages = warning;
set pjsip_sync.realtime_schema = :'realtime_schema';
do $decide$
begin
  perform set_config('pjsip_sync.realtime_schema', coalesce(
    nullif(current_setting('pjsip_sync.realtime_schema'), ''),
    (select realtime_schema from pjsip_sync.mapping),
    (select 'public' from pg_class where relnamespace = to_regnamespace('public') and relname = 'ps_endpoints'),
    'asterisk'), false);
  execute format('create schema if not exists %I', current_setting('pjsip_sync.realtime_schema'));
end
$decide$;
