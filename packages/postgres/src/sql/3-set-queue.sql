-- Whoever claims from a queue with settings, or changes these, has it for itself until its transaction ends.
create function lock_queues(_namespaces text[], _names text[]) returns void
language plpgsql as $$
declare
  _number bigint;
begin
  for _number in
    select distinct lock_number('queue', namespace || '/' || name)
    from unnest(_namespaces, _names) q (namespace, name) order by 1
  loop
    perform pg_advisory_xact_lock(_number);
  end loop;
end $$;

-- Null limits stay as they are; so does the pause, unless `_sets_pause`.
create function set_queue(_namespace text, _name text, _limits text, _concurrency bigint, _rate_limit bigint,
  _rate_period bigint, _per_key bigint, _start_deadline bigint, _sets_pause boolean, _paused text)
returns void language plpgsql
{settings}
as $$
declare
  _before queue;
  _id integer;
  _lanes integer[];
begin
  perform lock_queues(array[_namespace], array[_name]);
  select * into _before from queue where namespace = _namespace and name = _name;
  if _limits is null then
    _limits := coalesce(_before.limits, '{}');
    _concurrency := _before.concurrency;
    _rate_limit := _before.rate_limit;
    _rate_period := _before.rate_period;
    _per_key := _before.per_key;
    _start_deadline := _before.start_deadline;
  end if;
  if not _sets_pause then _paused := _before.paused; end if;
  _lanes := array(select id from lane where namespace = _namespace and queue = _name);
  if _limits = '{}' and _paused is null then
    if _before.id is null then return; end if;
    perform 1 from run
    where key = any (array(
      select key from run where lane = any (_lanes) and turn >= 0 and ready_at is not null
      union all select key from run where lane = any (_lanes) and blocked_at is not null))
    order by key for no key update;
    update run set turn = null where lane = any (_lanes) and turn >= 0 and ready_at is not null;
    update run set turn = case when turn < 0 then turn end, ready_at = blocked_at, blocked_at = null
    where lane = any (_lanes) and blocked_at is not null;
    delete from queue_turn where queue = _before.id;
    delete from beginning where queue = _before.id;
    delete from queue where id = _before.id;
    return;
  end if;
  insert into queue (namespace, name, limits, paused, concurrency, rate_limit, rate_period, per_key, start_deadline)
  values (_namespace, _name, _limits, _paused, _concurrency, _rate_limit, _rate_period, _per_key, _start_deadline)
  on conflict (namespace, name) do update set limits = excluded.limits, paused = excluded.paused,
    concurrency = excluded.concurrency, rate_limit = excluded.rate_limit, rate_period = excluded.rate_period,
    per_key = excluded.per_key, start_deadline = excluded.start_deadline
  returning id into _id;
  if _rate_limit is null then delete from beginning where queue = _id; end if;
  -- Who is blocked by its key has no turn yet, or may have a slot now.
  if _before.id is null or _before.per_key is distinct from _per_key then
    perform 1 from run where lane = any (_lanes) and blocked_at is not null order by key + 0 for no key update;
    update run set ready_at = blocked_at, blocked_at = null where lane = any (_lanes) and blocked_at is not null;
  end if;
end $$;

-- How many runs of lanes are owned.
create function active_of(_lanes integer[]) returns bigint language plpgsql stable
{settings}
as $$
begin
  return (select count(*) from run where owner is not null and lane = any (_lanes));
end $$;
