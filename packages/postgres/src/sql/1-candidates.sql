-- Said so, and not `owner is null`, where the key of a run is known: that would be the condition of a partial index, and on
-- tables of which the planner knows nothing yet it takes any index that has `key` somewhere, and walks all of it.
create function is_free(_owner text, _ended_at bigint) returns boolean
language sql immutable parallel safe as $$
  select coalesce(_owner, '') = '' and coalesce(_ended_at, -1) = -1
$$;

-- Runs that are given out of turn, to any worker: those with a forced cancel, and those that have not begun in time.
create function out_of_turn(_now bigint) returns table (key bigint, ready_at bigint, priority integer)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
    select run.key, run.ready_at, (select priority from lane where id = run.lane) from run
    where forced is not null and coalesce(run.ready_at, _now + 1) <= _now
    union
    select unbegun.key, unbegun.at, (select priority from lane where id = unbegun.lane) from (
      select run.key, run.lane, least(coalesce(run.ready_at, blocked_at, begin_by), _now) as at from run
      where begin_by is not null and started_at is null and coalesce(owner, '') = '' and ended_at is null and begin_by <= _now
      order by begin_by limit 1000) unbegun;
end $$;

-- When the next of them is to be given.
create function next_out_of_turn(_now bigint) returns bigint
language plpgsql as $$
begin
  return least(
    (select min(ready_at) from run where forced is not null and coalesce(ready_at, _now) > _now),
    (select begin_by from run
      where begin_by is not null and started_at is null and coalesce(owner, '') = '' and ended_at is null and begin_by > _now
      order by begin_by limit 1));
end $$;

-- When the next run of `_served` lanes is ready; of all lanes, the next of those that were cancelled before they began, by
-- a clock that was ahead.
create function next_of_lanes(_served integer[], _all integer[], _now bigint) returns bigint
language plpgsql as $$
begin
  return least((
    select min(next.ready_at) from unnest(_served) l (id), lateral (
      select ready_at from run where lane = l.id and turn is null and ready_at > _now order by turn, ready_at limit 1) next
  ), (
    select min(next.ready_at) from unnest(_all) l (id), lateral (
      select ready_at from run where lane = l.id and turn = -1 and ready_at > _now order by ready_at limit 1) next));
end $$;

-- Where runs with `turn is null` are looked up, they are ordered by `turn` as well: without it the planner does not see that
-- `run_ready` has them in order already, and sorts all of them.

-- The first runs that are held by no settings of their queue, in their order: of `_open` lanes, those that are given out
-- of turn, and of all lanes those that were cancelled before they began.
create function open_line(_open integer[], _all integer[], _first bigint[], _first_ready_at bigint[],
  _first_priority integer[], _now bigint, _count bigint, _passed bigint[])
returns table (key bigint, ready_at bigint, priority integer)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
    select heads.key, heads.ready_at, heads.priority from (
      select head.key, head.ready_at, (select priority from lane where id = l.id) as priority
      from unnest(_open) l (id), lateral (
        select run.key, run.ready_at from run
        where lane = l.id and turn is null and run.ready_at <= _now and run.key <> all (_passed)
        order by run.turn, run.ready_at, run.key limit _count) head
      union
      select head.key, head.ready_at, (select priority from lane where id = l.id)
      from unnest(_all) l (id), lateral (
        select run.key, run.ready_at from run
        where lane = l.id and turn = -1 and run.ready_at <= _now and run.key <> all (_passed)
        order by run.ready_at, run.key limit _count) head
      union
      select f.key, f.ready_at, f.priority from unnest(_first, _first_ready_at, _first_priority) f (key, ready_at, priority)
      where f.key <> all (_passed)) heads
    order by heads.priority desc, heads.ready_at, heads.key limit _count;
end $$;

-- The first runs in the line of a queue with settings, in their order; with `_begun` only those that have begun before.
create function queue_line(_lanes integer[], _begun boolean, _now bigint, _count bigint, _passed bigint[])
returns table (key bigint, ready_at bigint, priority integer, turn bigint)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
    select heads.key, heads.ready_at, heads.priority, heads.turn from (
      select head.key, head.ready_at, head.turn, (select priority from lane where id = l.id) as priority
      from unnest(_lanes) l (id), lateral (
        select run.key, run.ready_at, run.turn from run
        where lane = l.id and run.turn >= 0 and run.turn <= case when _begun then 0 else 9223372036854775807 end
          and run.ready_at <= _now and run.key <> all (_passed)
        order by run.turn, run.ready_at, run.key limit _count) head) heads
    order by heads.priority desc, heads.turn, heads.ready_at, heads.key limit _count;
end $$;

-- Gives runs that have come to a queue with settings their turns: keys take turns. The answer is whether more have come.
create function line_up(_queue integer, _lanes integer[], _now bigint, _out_of_turn bigint[]) returns boolean
language plpgsql as $$
#variable_conflict use_column
declare
  _most constant integer := 1000;
  _came bigint[];
begin
  _came := array(
    select heads.key from (
      select head.key, head.ready_at from unnest(_lanes) l (id), lateral (
        select key, ready_at from run where lane = l.id and turn is null and ready_at <= _now
        order by turn, ready_at, key limit _most) head) heads
    order by heads.ready_at, heads.key limit _most);
  if cardinality(_came) = 0 then return false; end if;
  with held as (
    select key, ready_at, started_at, coalesce(concurrency_key, '') as concurrency_key from run
    where key = any (_came) and key <> all (_out_of_turn) and coalesce(turn, -2) = -2
      and coalesce(ready_at, _now + 1) <= _now
    for no key update skip locked
  ), placed as (
    select key, held.concurrency_key,
      case when started_at is not null then 0 else
        greatest((select turn from queue where id = _queue), coalesce((
          select turn from queue_turn where queue = _queue and queue_turn.concurrency_key = held.concurrency_key), 0))
        + row_number() over (partition by held.concurrency_key, started_at is null order by ready_at, key) end as turn
    from held
  ), remembered as (
    insert into queue_turn (queue, concurrency_key, turn)
    select _queue, concurrency_key, max(turn) from placed where turn > 0 group by concurrency_key
    on conflict (queue, concurrency_key) do update set turn = excluded.turn
  )
  update run set turn = placed.turn from placed where run.key between placed.key and placed.key;
  return cardinality(_came) = _most;
end $$;
