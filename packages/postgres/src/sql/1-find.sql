-- Keys of runs that match, newest first. `run_resting` holds the runs of one lane in one status together, in the order of
-- their keys: the newest of each such stretch are merged, so that a page costs its own length and a look at every
-- stretch, however many runs there are.
create function find(_namespace text, _workflow text, _version text, _queue text, _statuses text[], _parent bigint,
  _below bigint, _created_from bigint, _created_before bigint, _limit bigint)
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
