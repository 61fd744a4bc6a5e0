-- The templates of the functions that name the application's table, and how they are filled in.
--
-- Each file of sql/templates/ stores one template: a statement that creates a function, or a fragment of one. A placeholder is a
-- name in double braces. The templates are kept in the database because refresh_mapping() generates the functions again when the
-- application alters its table, without the files.
-- Assumes 10_schema.sql. The files of sql/templates/ follow this one, in any order.
set client_min_messages = warning;

create table if not exists pjsip_sync.template (
  name text primary key,
  body text not null
);
comment on table pjsip_sync.template is 'text of the functions that name the source table; the files of sql/templates/';

-- Returns the template with each {{name}} replaced by the value of that name. The values are not searched for placeholders.
-- Raises an error for a placeholder without a value, for a value without a placeholder, and for a brace pair that is not closed.
create or replace function pjsip_sync.render(template text, marks jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $render$
declare
  -- Odd elements are text, even elements are names.
  parts    text[] := regexp_split_to_array(template, '\{\{|\}\}');
  rendered text := parts[1];
  used     text[] := '{}';
  unused   text;
begin
  if cardinality(parts) % 2 = 0 then
    raise exception using errcode = 'invalid_parameter_value', message = 'a placeholder is not closed: {{ without }}';
  end if;
  for n in 1 .. cardinality(parts) / 2 loop
    if marks->>parts[2 * n] is null then
      raise exception using errcode = 'invalid_parameter_value', message = format('the placeholder {{%s}} has no value', parts[2 * n]);
    end if;
    used := used || parts[2 * n];
    rendered := rendered || (marks->>parts[2 * n]) || parts[2 * n + 1];
  end loop;
  select string_agg(name, ', ' order by name) into unused from jsonb_object_keys(marks) as name where name <> all (used);
  if unused is not null then
    raise exception using errcode = 'invalid_parameter_value', message = format('there is no placeholder for %s', unused);
  end if;
  return rendered;
end
$render$;

-- Returns a stored template, rendered.
create or replace function pjsip_sync.render_template(template_name text, marks jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $render$
declare
  body text := (select t.body from pjsip_sync.template t where t.name = template_name);
begin
  if body is null then
    raise exception using errcode = 'invalid_parameter_value', message = 'not installed: run pjsip-sync-worker init';
  end if;
  return pjsip_sync.render(body, marks);
exception when invalid_parameter_value then
  raise exception using errcode = 'invalid_parameter_value', message = format('template %s: %s', template_name, sqlerrm);
end
$render$;
