-- Taken by whoever adds a worker and by whoever looks for runs that no worker fits: one must see what the other has done.
create function lock_fitting() returns void language sql as $$
  select pg_advisory_xact_lock(lock_number('fitting', ''))
$$;

create function fits(_kinds text[], _queues text[], _kind text, _queue text) returns boolean
language sql immutable parallel safe as $$
  select _kind = any (_kinds) and (_queues is null or _queue = any (_queues))
$$;

-- The answer is whether runs became ready.
create function register(_id text, _name text, _kinds text[], _queues text[], _started_at bigint, _heartbeat_at bigint,
  _expires_at bigint)
returns boolean language plpgsql
{settings}
as $$
declare
  _before worker;
  _lanes integer[];
begin
  perform pg_advisory_xact_lock(lock_number('worker', _id));
  perform lock_fitting();
  select * into _before from worker where id = _id;
  insert into worker (id, name, kinds, queues, started_at, heartbeat_at, expires_at)
  values (_id, _name, _kinds, _queues, _started_at, _heartbeat_at, _expires_at)
  on conflict (id) do update set name = excluded.name, kinds = excluded.kinds, queues = excluded.queues,
    started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at, expires_at = excluded.expires_at;
  _lanes := array(
    select id from lane
    where fits(_kinds, _queues, kind, queue)
      and (_before.id is null or not fits(_before.kinds, _before.queues, kind, queue)));
  perform 1 from run where owner is null and lane = any (_lanes) and status = 'stuck' order by key + 0 for no key update;
  update run set status = 'queued', ready_at = least(coalesce(ready_at, blocked_at, _heartbeat_at), _heartbeat_at),
    blocked_at = null, waiting_for = null, error = null
  where owner is null and lane = any (_lanes) and status = 'stuck';
  return found;
end $$;

-- What workers owned that leave becomes ready; the answer is whether they owned anything. Their locks are held.
create function disown(_workers text[], _now bigint) returns boolean
language plpgsql
{settings}
as $$
begin
  perform 1 from run where owner is not null and owner = any (_workers) order by key + 0 for no key update;
  update run set owner = null, status = 'queued', ready_at = _now where owner is not null and owner = any (_workers);
  return found;
end $$;

create function retire(_worker text, _now bigint) returns boolean
language plpgsql
{settings}
as $$
begin
  perform pg_advisory_xact_lock(lock_number('worker', _worker));
  delete from worker where id = _worker;
  return disown(array[_worker], _now);
end $$;

create function expire(_now bigint, out workers text[], out freed boolean)
language plpgsql
{settings}
as $$
declare
  _number bigint;
begin
  workers := array(select id from worker where expires_at <= _now);
  freed := false;
  if cardinality(workers) = 0 then return; end if;
  for _number in select distinct lock_number('worker', w) from unnest(workers) w order by 1 loop
    perform pg_advisory_xact_lock(_number);
  end loop;
  -- A lease may have been renewed, or its worker retired, while the lock was waited for.
  with gone as (delete from worker where id = any (workers) and expires_at <= _now returning id)
  select coalesce(array_agg(id order by id), '{}') into workers from gone;
  freed := disown(workers, _now);
end $$;

create function strand(_now bigint, _error text) returns bigint
language plpgsql
{settings}
as $$
declare
  _lane record;
  _stranded bigint := 0;
  _count bigint;
begin
  if not exists (
    select 1 from lane where not exists (
      select 1 from worker where fits(worker.kinds, worker.queues, lane.kind, lane.queue))) then
    return 0;
  end if;
  perform lock_fitting();
  for _lane in
    select id, kind from lane where not exists (
      select 1 from worker where fits(worker.kinds, worker.queues, lane.kind, lane.queue))
  loop
    -- Those that are ready are asked for by turn, as `run_ready` has them: a lane may hold very many that are not.
    with lost as (
      select key from run
      where lane = _lane.id and turn is null and ready_at <= _now and forced is null
      for no key update skip locked
    ), in_line as (
      select key from run
      where lane = _lane.id and turn >= -1 and ready_at <= _now and forced is null
      for no key update skip locked
    ), waiting as (
      select key from run
      where lane = _lane.id and blocked_at is not null and forced is null
      for no key update skip locked
    )
    update run set status = 'stuck', ready_at = null, blocked_at = null, turn = case when turn < 0 then turn end,
      error = _error,
      waiting_for = '[{"kind":"no worker","detail":' || to_json(_lane.kind) || ',"error":' || _error || '}]'
    where key in (select key from lost union all select key from in_line union all select key from waiting);
    get diagnostics _count = row_count;
    _stranded := _stranded + _count;
  end loop;
  return _stranded;
end $$;

create function purge(_namespace text, _id text) returns boolean
language plpgsql
{settings}
as $$
declare
  _run bigint;
  _tags text;
begin
  delete from run where key = (select run from run_name where namespace = _namespace and id = _id) and ended_at is not null
  returning key, tags into _run, _tags;
  if _run is null then return false; end if;
  delete from run_name where namespace = _namespace and id = _id;
  delete from journal where run = _run;
  delete from inbox where run = _run;
  delete from callback where run = _run;
  delete from outcome where run = _run;
  delete from artifact where namespace = _namespace and run = _id;
  if _tags is not null then perform drop_tags(_run, _namespace, _tags); end if;
  return true;
end $$;
