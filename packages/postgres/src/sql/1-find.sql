-- Keys of runs that match, newest first. `run_resting` holds the runs of one lane in one status together, in the order of
-- their keys: the newest of each such stretch are merged, so that a page costs its own length and a look at every
-- stretch, however many runs there are.
create function find(_namespace text, _workflow text, _version text, _queue text, _statuses text[], _parent bigint,
  _tag text, _id_contains text, _below bigint, _created_from bigint, _created_before bigint, _limit bigint)
returns setof bigint language plpgsql
{settings}
as $$
declare
  _lanes integer[] := array(
    select id from lane
    where namespace = _namespace and (_workflow is null or workflow = _workflow) and (_version is null or version = _version)
      and (_queue is null or queue = _queue));
begin
  if _parent is not null then
    return query
      select key from run
      where parent_key = _parent and key < _below and lane = any (_lanes) and status = any (_statuses)
        and namespace = _namespace and created_at >= _created_from and created_at < _created_before
        and (_tag is null or exists (
          select 1 from tag where tag.namespace = _namespace and tag.tag = _tag and tag.run = key))
        and (_id_contains is null or position(_id_contains in id) > 0)
      order by key desc limit _limit;
    return;
  elsif _tag is not null then
    return query
      select key from tag join run on key = tag.run
      where tag.namespace = _namespace and tag.tag = _tag and tag.run < _below and lane = any (_lanes)
        and status = any (_statuses) and created_at >= _created_from and created_at < _created_before
        and (_id_contains is null or position(_id_contains in id) > 0)
      order by tag.run desc limit _limit;
    return;
  elsif _id_contains is not null then
    return query
      select key from run_name name join run on key = name.run
      where name.namespace = _namespace and position(_id_contains in name.id) > 0 and name.run < _below
        and lane = any (_lanes) and status = any (_statuses)
        and created_at >= _created_from and created_at < _created_before
      order by key desc limit _limit;
    return;
  end if;
  return query
    select found.key from (
      select key from run
      where owner is not null and 'running' = any (_statuses) and key < _below and lane = any (_lanes)
        and namespace = _namespace and created_at >= _created_from and created_at < _created_before
      union all
      select resting.key from unnest(_lanes) l (id), unnest(_statuses) s (status), lateral (
        select key from run
        where owner is null and lane = l.id and status = s.status and namespace = _namespace and key < _below
          and created_at >= _created_from and created_at < _created_before
        order by key desc limit _limit) resting) found
    order by found.key desc limit _limit;
end $$;
