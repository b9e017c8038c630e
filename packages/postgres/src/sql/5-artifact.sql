create table artifact (
  namespace text collate "C" not null,
  run text collate "C" not null,
  name text collate "C" not null,
  number integer not null,
  size bigint not null,
  hash text not null,
  content_type text not null,
  created_at bigint not null,
  primary key (namespace, run, name, number)
);

-- The record of a new version, or of the newest if that is the same; none if it does not have the number expected.
create function save_artifact(_namespace text, _run text, _name text, _size bigint, _hash text, _content_type text,
  _created_at bigint, _expected integer)
returns setof artifact language plpgsql
{settings}
as $$
#variable_conflict use_column
declare
  _newest artifact;
begin
  perform pg_advisory_xact_lock(lock_number('artifact', _namespace || '/' || _run || '/' || _name));
  select * into _newest from artifact
  where namespace = _namespace and run = _run and name = _name order by number desc limit 1;
  if _expected <> coalesce(_newest.number, 0) then return; end if;
  if _newest.hash = _hash and _newest.size = _size and _newest.content_type = _content_type then
    return next _newest;
    return;
  end if;
  return query
    insert into artifact (namespace, run, name, number, size, hash, content_type, created_at)
    values (_namespace, _run, _name, coalesce(_newest.number, 0) + 1, _size, _hash, _content_type, _created_at)
    returning *;
end $$;
