-- Function bucket_digests(): for each bucket of extensions a digest of all its row versions. A write to any row changes the digest.
-- NULL where the mapping has an expression, because its value may change while the row does not.
insert into pjsip_sync.template (name, body) values ('bucket_digests', $template$
create or replace function pjsip_sync.bucket_digests() returns table (bucket integer, digest numeric)
language sql stable as $body$
  select pjsip_sync.bucket_of(id), case when {{row_decides_alone}} then sum(hashtextextended(version, seed)) end
  from (
    select coalesce(({{number_text}})::text, '') as id, ctid::text || xmin::text as version, tableoid::bigint as seed
    from {{source_table}} as extension
    union all select id, ctid::text || xmin::text, 1 from pjsip_sync.managed_endpoint
    union all select coalesce(id, ''), ctid::text || xmin::text, 2 from pjsip_sync.rejected
    union all select id::text, ctid::text || xmin::text, tableoid::bigint from {{realtime_schema}}.ps_endpoints
    union all select id::text, ctid::text || xmin::text, tableoid::bigint from {{realtime_schema}}.ps_auths
    union all select id::text, ctid::text || xmin::text, tableoid::bigint from {{realtime_schema}}.ps_aors
  ) as row_version
  group by 1
$body$
$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
