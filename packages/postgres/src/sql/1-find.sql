-- Keys of runs that match, newest first. Most of what is asked for is found among the newest runs. Where it is not,
-- `run_resting` holds the runs of one lane in one status together, in the order of their keys: the newest of each such
-- stretch are merged, so that a page costs its own length and a look at every stretch, however many runs there are.
-- It is stable, and so is `shown`: both look at the moment at which the statement began that calls them. Otherwise a run that
-- is purged between them would make a page shorter, as only the last one is.
create function find(_namespace text, _workflow text, _version text, _queue text, _statuses text[], _parent bigint,
  _tag text, _id_contains text, _below bigint, _created_from bigint, _created_before bigint, _limit bigint)
returns setof bigint language plpgsql stable
{settings}
as $$
declare
  -- So many times the runs of a page are looked at before stretches are.
  _glance constant integer := 4;
  _lanes integer[] := array(
    select id from lane
    where namespace = _namespace and (_workflow is null or workflow = _workflow) and (_version is null or version = _version)
      and (_queue is null or queue = _queue));
  _found bigint[];
begin
  if _parent is not null then
    return query
      select key from run
      where (parent_key, key) < (_parent, _below) and parent_key >= _parent and lane = any (_lanes)
        and status = any (_statuses) and created_at >= _created_from and created_at < _created_before
        and (_tag is null or (
          select true from tag where tag.namespace = _namespace and tag.tag = _tag and tag.run = key))
        and (_id_contains is null or position(_id_contains in id) > 0)
      order by parent_key desc, key desc limit _limit;
    return;
  elsif _tag is not null then
    return query
      select tagged.run from tag tagged
      where tagged.namespace = _namespace and tagged.tag = _tag and tagged.run < _below
        -- Not a join: that could begin with all runs.
        and (
          select lane = any (_lanes) and status = any (_statuses) and created_at >= _created_from
            and created_at < _created_before and (_id_contains is null or position(_id_contains in id) > 0)
          from run where run.key = tagged.run)
      order by tagged.run desc limit _limit;
    return;
  end if;
  _found := array(
    select key from (select * from run where key < _below order by key desc limit _glance * _limit) newest
    where lane = any (_lanes) and status = any (_statuses)
      and created_at >= _created_from and created_at < _created_before
      and (_id_contains is null or position(_id_contains in id) > 0)
    order by key desc limit _limit);
  if cardinality(_found) = _limit then
    return query select unnest(_found);
    return;
  end if;
  return query
    select found.key from (
      select key from run
      where owner is not null and 'running' = any (_statuses) and lane = any (_lanes) and key + 0 < _below
        and created_at >= _created_from and created_at < _created_before
        and (_id_contains is null or position(_id_contains in id) > 0)
      union all
      select resting.key from unnest(_lanes) l (id), unnest(_statuses) s (status), lateral (
        select key from run
        where owner is null and lane = l.id and status = s.status and key + 0 < _below
          and created_at >= _created_from and created_at < _created_before
          and (_id_contains is null or position(_id_contains in id) > 0)
        order by key + 0 desc limit _limit) resting) found
    order by found.key desc limit _limit;
end $$;

-- Rows of runs, the newest first, as a caller sees them. `lacks_slot`: it waits for a slot of its concurrency key.
-- `has_settings`: its queue has some, which may hold it back.
create function shown(_keys bigint[]) returns table (shown run, lacks_slot boolean, has_settings boolean)
language plpgsql stable
{settings}
as $$
#variable_conflict use_column
begin
  return query
    select run,
      case when run.status = 'queued' and run.concurrency_key is not null and run.slot is null then
        coalesce(run.concurrency_limit, per_key(run.lane)) <= (
          select count(*) from run other
          where other.namespace = run.namespace and other.concurrency_key = run.concurrency_key and other.slot = 1)
      else false end,
      case when run.status in ('queued', 'waiting') then exists (
        select 1 from queue, lane
        where lane.id = run.lane and queue.namespace = lane.namespace and queue.name = lane.queue)
      else false end
    from run where run.key = any (_keys) order by run.key desc;
end $$;
