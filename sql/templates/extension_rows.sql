-- Fragment: the application's rows under our names.
insert into pjsip_sync.template (name, body) values ('extension_rows', $template$select {{row_key}} as row_key,
         ({{number_text}})::text as number,
         coalesce(({{active}})::boolean, false) as active,
{{fields}}
  from {{source_table}} as extension$template$)
on conflict (name) do update set body = excluded.body where template.body <> excluded.body;
