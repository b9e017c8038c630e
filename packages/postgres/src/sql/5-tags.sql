-- A run's tags are in its row, as a JSON array, where whoever reads it has them at once, and here, by which it is found.
-- Runs without tags have nothing in either.
alter table run add column tags text, add column traceparent text;

create table tag (
  namespace text collate "C" not null,
  tag text collate "C" not null,
  run bigint not null,
  primary key (namespace, tag, run)
);

create function index_tags(_run bigint, _namespace text, _tags text) returns void
language sql as $$
  insert into tag (namespace, tag, run)
  select _namespace, tag, _run from json_array_elements_text(_tags::json) given (tag) order by tag
  on conflict do nothing
$$;

-- The tags of a row, with more of them.
create function with_tags(_had text, _tags text) returns text
language sql immutable as $$
  select json_agg(tag)::text from (
    select json_array_elements_text(coalesce(_had, '[]')::json) union select json_array_elements_text(_tags::json)
  ) tags (tag)
$$;

create function drop_tags(_run bigint, _namespace text, _tags text) returns void
language sql as $$
  delete from tag
  where namespace = _namespace and tag = any (array(select json_array_elements_text(_tags::json))) and run = _run
$$;
