-- A run has ended and given its slot back, if it had one; its key is locked. A child that had it too has one of its own
-- from now on. The first of the key in every lane is ready again: in one lane only, the worker that could use the slot
-- might be one that does not serve that lane.
create function free_slot(_run bigint, _namespace text, _key text) returns void
language plpgsql as $$
declare
  _taken bigint;
  _lane integer := 0;
  _per_key bigint;
begin
  update run set slot = case when started_at is not null then 1 end where parent_key = _run and slot = 0;
  select count(*) into _taken from run where namespace = _namespace and concurrency_key = _key and slot = 1;
  loop
    select min(lane) into _lane from run where lane > _lane and blocked_at is not null;
    exit when _lane is null;
    _per_key := per_key(_lane);
    update run set ready_at = blocked_at, blocked_at = null
    where coalesce(blocked_at, -1) <> -1 and key = (
      select key from run
      where lane = _lane and namespace = _namespace and concurrency_key = _key and blocked_at is not null
        and coalesce(concurrency_limit, _per_key) > _taken
      order by turn nulls first, blocked_at, key limit 1);
  end loop;
end $$;

-- How many runs of a concurrency key may have begun that have no limit of their own.
create function per_key(_lane integer) returns bigint
language plpgsql stable as $$
begin
  return coalesce((
    select per_key from queue, lane
    where lane.id = _lane and queue.namespace = lane.namespace and queue.name = lane.queue), 1);
end $$;

-- Lanes of queues of which only so many runs may be owned: somebody may wait for the place of one.
create function limited_lanes() returns integer[]
language plpgsql stable as $$
begin
  return array(
    select lane.id from queue join lane on queue.namespace = lane.namespace and queue.name = lane.queue
    where queue.concurrency is not null);
end $$;

-- What is left in the inbox of a run that has ended is dropped, kept for a retry, or passed on to the run that goes on
-- for it. The answer is that run, if it has an owner who is to be told, and whether it is ready now.
create function end_inbox(_run bigint, _status text, _namespace text, _continued_by text, _now bigint,
  out told bigint, out woken boolean)
language plpgsql as $$
declare
  _left record;
  _next bigint;
  _answer text;
begin
  woken := false;
  if _status = 'continued' and _continued_by is not null then
    select run into _next from run_name where namespace = _namespace and id = _continued_by;
  end if;
  for _left in select number, type, fact from inbox where run = _run order by number loop
    if _left.type = 'event' and _status in ('failed', 'timed_out', 'cancelled') then continue; end if;
    delete from inbox where run = _run and number = _left.number;
    if _next is null or _left.type in ('callback', 'heartbeat', 'child', 'successor') then continue; end if;
    _answer := deliver(_next, _left.type, _left.fact, _now);
    if _answer = 'told' then told := _next; end if;
    if _answer = 'woken' then woken := true; end if;
  end loop;
end $$;
