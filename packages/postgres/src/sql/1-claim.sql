-- Gives ready runs to a worker. Whatever row another transaction has in its hands is left to it, and the worker is told
-- to look again at once. One row for each run, the most urgent first, and one without a run that says when the next is
-- ready.
create function claim(_worker text, _kinds text[], _queues text[], _limit bigint, _now bigint)
returns table (key bigint, lane integer, delivered integer, created_at bigint, started_at bigint, timeout bigint,
  hard_timeout bigint, begin_by bigint, concurrency_limit bigint, parent_key bigint, namespace text, id text,
  concurrency_key text, parent_id text, parent_op text, status_text text, progress text, input text, tags text,
  traceparent text,
  journal text, facts text, next_ready_at bigint)
language plpgsql
{settings}
as $$
#variable_conflict use_column
declare
  _all integer[];
  _open integer[];
  _served integer[];
  _given bigint[];
  _parked bigint[];
  _again boolean := false;
  _next bigint;
  _has_queues constant boolean := exists (select 1 from queue);
begin
  if hold_workers(array[_worker]) is null then
    return next;
    return;
  end if;
  _all := array(select id from lane where kind = any (_kinds) and (_queues is null or queue = any (_queues)));
  if _has_queues then
    perform lock_queues(array_agg(queue.namespace), array_agg(queue.name)) from queue
    where exists (
      select 1 from lane where id = any (_all) and lane.namespace = queue.namespace and lane.queue = queue.name);
    _open := array(
      select id from lane where id = any (_all)
        and not exists (select 1 from queue where queue.namespace = lane.namespace and queue.name = lane.queue));
  else
    _open := _all;
  end if;

  if _limit > 0 then
    if not _has_queues then
      select * into _given, _parked, _again from claim_line(_worker, _open, _limit, _now);
      if _given is null then
        select * into _given, _parked, _again from claim_open(_worker, _open, _limit, _now);
      end if;
    else
      select * into _given, _parked, _again from claim_merged(_worker, _open, _all, _limit, _now);
    end if;
  end if;

  return query
    select run.key, run.lane, run.delivered, run.created_at, run.started_at, run.timeout, run.hard_timeout, run.begin_by,
      run.concurrency_limit, run.parent_key, run.namespace, run.id, run.concurrency_key, run.parent_id, run.parent_op,
      run.status_text, run.progress, run.input, run.tags, run.traceparent,
      case when run.key = any (_parked) then null else
        (select coalesce('[' || string_agg('[' || position || ',' || at || ',' || events || ']', ',' order by position) || ']', '[]')
         from journal where journal.run = run.key) end,
      case when run.delivered = 0 then '[]' else
        (select coalesce('[' || string_agg('[' || number || ',' || fact || ']', ',' order by number) || ']', '[]')
         from inbox where inbox.run = run.key) end,
      null::bigint
    from unnest(_given) with ordinality g (key, n) join run on run.key between g.key and g.key order by g.n;

  if _again then _next := _now;
  else
    _served := _all;
    if _has_queues then
      -- Of queues that are paused nothing is expected.
      _served := array(
        select id from lane where id = any (_all) and not exists (
          select 1 from queue
          where queue.namespace = lane.namespace and queue.name = lane.queue and queue.paused is not null));
      _next := (
        select min(at) from (
          select (select at from beginning where beginning.queue = queue.id order by at desc offset rate_limit - 1 limit 1)
            + rate_period as at
          from queue
          where rate_limit is not null and paused is null and (_queues is null or name = any (_queues))) rates
        where at > _now);
    end if;
    _next := least(_next, next_out_of_turn(_now), next_of_lanes(_served, _all, _now));
  end if;
  next_ready_at := _next;
  return next;
end $$;

-- Takes runs for a worker; their rows are locked.
create function give(_runs bigint[], _worker text, _now bigint) returns void
language plpgsql as $$
begin
  update run set status = 'running', owner = _worker, ready_at = null, parked_by = null, blocked_at = null, turn = null,
    debounce_key = null, waiting_for = null, error = null,
    started_at = case when started_at is not null then started_at when begin_by <= _now then null else _now end,
    slot = case when concurrency_key is not null then coalesce(slot, 1) end
  where key = any (_runs);
end $$;

-- Whether a run that is locked may have a slot of its concurrency key. Null: another transaction is about to say.
create function finds_slot(_namespace text, _concurrency_key text, _limit bigint, _lane integer) returns boolean
language plpgsql as $$
begin
  if not pg_try_advisory_xact_lock(lock_number('key', _namespace || '/' || _concurrency_key)) then return null; end if;
  return coalesce(_limit, per_key(_lane)) > (
    select count(*) from run where namespace = _namespace and concurrency_key = _concurrency_key and slot = 1);
end $$;

-- Where no queue has settings, and the runs of one lane only are ready, none of which needs a slot: all at once. Null: it is
-- not so.
create function claim_line(_worker text, _lanes integer[], _limit bigint, _now bigint,
  out given bigint[], out parked bigint[], out again boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  _ready integer[];
  _needs_slot boolean;
begin
  _ready := case when cardinality(_lanes) = 1 then _lanes else array(
    select l.id from unnest(_lanes) l (id) where (
      select true from run where lane = l.id and turn is null and ready_at <= _now limit 1)) end;
  if cardinality(_ready) <> 1
    or exists (select 1 from run where forced is not null and coalesce(ready_at, _now + 1) <= _now)
    or exists (select 1 from run
      where begin_by is not null and started_at is null and coalesce(owner, '') = '' and ended_at is null and begin_by <= _now)
    or exists (select 1 from unnest(_lanes) l (id) where (
      select true from run where lane = l.id and turn = -1 and ready_at <= _now limit 1))
  then return; end if;
  select array_agg(key), bool_or(needs_slot), array_agg(key) filter (where parked_by = _worker)
  into given, _needs_slot, parked
  from (
    select key, parked_by, concurrency_key is not null and slot is null as needs_slot from run
    where lane = _ready[1] and turn is null and ready_at <= _now
    order by turn, ready_at, key limit _limit for no key update skip locked) line;
  if _needs_slot then
    given := null;
    return;
  end if;
  parked := coalesce(parked, '{}');
  perform give(given, _worker, _now);
  again := coalesce(cardinality(given), 0) < _limit
    and exists (select 1 from run where lane = _ready[1] and turn is null and ready_at <= _now);
  given := coalesce(given, '{}');
end $$;

-- Where no queue has settings: many runs at once, as long as they need no slot.
create function claim_open(_worker text, _lanes integer[], _limit bigint, _now bigint,
  out given bigint[], out parked bigint[], out again boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  -- A claim that meets very many runs without a slot stops there.
  _most_blocked constant integer := 1000;
  _first record;
  _passed bigint[] := '{}';
  _blocked integer := 0;
  _count bigint;
  _candidates bigint[];
  _got bigint[];
  _keyed bigint[];
  _mine bigint[];
  _row record;
  _has boolean;
begin
  given := '{}';
  parked := '{}';
  again := false;
  select array_agg(key) as keys, array_agg(ready_at) as times, array_agg(priority) as priorities into _first
  from out_of_turn(_now);
  loop
    exit when cardinality(given) >= _limit;
    if _blocked >= _most_blocked then
      again := true;
      exit;
    end if;
    _count := _limit - cardinality(given) + _blocked;
    select array_agg(key) into _candidates
    from open_line(_lanes, _lanes, _first.keys, _first.times, _first.priorities, _now, _count, _passed);
    exit when _candidates is null;

    -- What another transaction holds is skipped; what it has taken is no longer ready.
    select array_agg(key), array_agg(key) filter (where needs_slot), array_agg(key) filter (where parked_by = _worker)
    into _got, _keyed, _mine
    from (
      select key, parked_by, concurrency_key is not null and slot is null and forced is null and turn is null
          and (begin_by is null or started_at is not null or begin_by > _now) as needs_slot
      from run
      where key = any (_candidates) and is_free(owner, ended_at)
        and (ready_at <= _now or started_at is null and begin_by <= _now)
      for no key update skip locked) held;
    parked := parked || coalesce(_mine, '{}');
    again := again or coalesce(cardinality(_got), 0) < cardinality(_candidates);
    _passed := _passed || _candidates;

    if _keyed is null then
      _mine := case when cardinality(_got) = cardinality(_candidates) then _candidates else
        array(select c from unnest(_candidates) with ordinality c (c, n) where c = any (_got) order by n) end;
      _mine := _mine[1 : _limit - cardinality(given)];
      perform give(_mine, _worker, _now);
      given := given || _mine;
    else
      for _row in
        select key, namespace, concurrency_key, concurrency_limit, lane, key = any (_keyed) as needs_slot
        from unnest(_candidates) with ordinality c (candidate, n) join run on key between candidate and candidate
        where key = any (_got) order by n
      loop
        exit when cardinality(given) >= _limit;
        if _row.needs_slot then
          _has := finds_slot(_row.namespace, _row.concurrency_key, _row.concurrency_limit, _row.lane);
          if _has is null then
            again := true;
            continue;
          elsif not _has then
            update run set blocked_at = ready_at, ready_at = null where key = _row.key;
            _blocked := _blocked + 1;
            continue;
          end if;
        end if;
        perform give(array[_row.key], _worker, _now);
        given := given || _row.key;
      end loop;
    end if;
    exit when cardinality(_candidates) < _count;
  end loop;
end $$;

-- Where queues have settings: one by one, the most urgent of the first ones of all lines. Line 0 is that of what is held
-- by no settings, the others are those of queues, which are locked.
create function claim_merged(_worker text, _open integer[], _all integer[], _limit bigint, _now bigint,
  out given bigint[], out parked bigint[], out again boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  _most_blocked constant integer := 1000;
  _first record;
  _queue record;
  _row record;
  _blocked integer := 0;
  _passed bigint[] := '{}';
  -- Of lines, by number: the queue, how many runs it lets go and how many of them may begin, the period of its rate.
  _ids integer[] := '{}';
  _places bigint[] := '{}';
  _beginnings bigint[] := '{}';
  _periods bigint[] := '{}';
  _turns bigint[] := '{}';
  _begun integer[] := '{}';
  _lines integer;
  -- Candidates of all lines, one line after the other: where each begins and ends, and how far it is.
  _keys bigint[];
  _times bigint[];
  _priorities integer[];
  _turn bigint[];
  _at integer[];
  _end integer[];
  _count bigint;
  _page record;
  _best integer;
  _i integer;
  _b integer;
  _found boolean;
  _out boolean;
  _has boolean;
  _line integer;
begin
  given := '{}';
  parked := '{}';
  again := false;
  select coalesce(array_agg(key), '{}') as keys, array_agg(ready_at) as times, array_agg(priority) as priorities
  into _first from out_of_turn(_now);
  for _queue in
    select queue.id, queue.concurrency, queue.rate_limit, queue.rate_period,
      array(select lane.id from lane where lane.id = any (_all) and lane.namespace = queue.namespace
        and lane.queue = queue.name) as lanes,
      array(select lane.id from lane where lane.namespace = queue.namespace and lane.queue = queue.name) as own
    from queue where paused is null order by queue.id
  loop
    continue when cardinality(_queue.lanes) = 0;
    again := line_up(_queue.id, _queue.lanes, _now, _first.keys) or again;
    _ids := _ids || _queue.id;
    _places := _places || case when _queue.concurrency is null then 9223372036854775807 else greatest(0,
      _queue.concurrency - (select count(*) from run where owner is not null and lane = any (_queue.own))) end;
    _beginnings := _beginnings || case when _queue.rate_limit is null then 9223372036854775807 else greatest(0,
      _queue.rate_limit - (select count(*) from beginning where queue = _queue.id and at > _now - _queue.rate_period)) end;
    _periods := _periods || _queue.rate_period;
    _turns := _turns || 0;
    _begun := _begun || 0;
  end loop;
  _lines := cardinality(_ids);

  <<pages>> loop
    exit when cardinality(given) >= _limit;
    if _blocked >= _most_blocked then
      again := true;
      exit;
    end if;
    _count := _limit - cardinality(given) + _blocked + cardinality(_first.keys);
    select coalesce(array_agg(key), '{}') as keys, coalesce(array_agg(ready_at), '{}') as times,
      coalesce(array_agg(priority), '{}') as priorities into _page
    from open_line(_open, _all, _first.keys, _first.times, _first.priorities, _now, _count, _passed);
    _keys := _page.keys;
    _times := _page.times;
    _priorities := _page.priorities;
    _turn := array_fill(null::bigint, array[cardinality(_keys)]);
    _at := array[1];
    _end := array[cardinality(_keys)];
    for _line in 1 .. _lines loop
      _at := _at || cardinality(_keys) + 1;
      if _places[_line] > 0 then
        select coalesce(array_agg(key), '{}') as keys, coalesce(array_agg(ready_at), '{}') as times,
          coalesce(array_agg(priority), '{}') as priorities, coalesce(array_agg(turn), '{}') as turns into _page
        from queue_line(
          array(select lane.id from lane, queue where queue.id = _ids[_line] and lane.id = any (_all)
            and lane.namespace = queue.namespace and lane.queue = queue.name),
          _beginnings[_line] <= 0, _now, _count, _passed || _first.keys);
        _keys := _keys || _page.keys;
        _times := _times || _page.times;
        _priorities := _priorities || _page.priorities;
        _turn := _turn || _page.turns;
      end if;
      _end := _end || cardinality(_keys);
    end loop;
    exit when cardinality(_keys) = 0;

    loop
      exit pages when cardinality(given) >= _limit;
      _best := null;
      for _line in 0 .. _lines loop
        _i := _at[_line + 1];
        if _line > 0 then
          -- What its queue does not let go is passed over.
          while _i <= _end[_line + 1] and _turn[_i] > 0 and _beginnings[_line] <= 0 loop _i := _i + 1; end loop;
          _at[_line + 1] := _i;
          continue when _places[_line] <= 0;
        end if;
        if _i > _end[_line + 1] then
          -- If the page was full, there may be more of that line.
          continue when _i - (case when _line = 0 then 0 else _end[_line] end) - 1 < _count;
          continue pages;
        end if;
        if _best is not null then
          _b := _at[_best + 1];
          continue when (_priorities[_i], -_times[_i], -_keys[_i]) < (_priorities[_b], -_times[_b], -_keys[_b]);
        end if;
        _best := _line;
      end loop;
      exit pages when _best is null;
      _i := _at[_best + 1];
      _at[_best + 1] := _i + 1;
      _passed := _passed || _keys[_i];

      select namespace, concurrency_key, concurrency_limit, lane, slot, parked_by, started_at, turn,
        forced is not null or turn = -1 or started_at is null and begin_by <= _now as out into _row
      from run
      where key = _keys[_i] and is_free(owner, ended_at)
        and (ready_at <= _now or started_at is null and begin_by <= _now)
      for no key update skip locked;
      if not found then
        again := true;
        continue;
      end if;
      _out := coalesce(_row.out, false);
      if not _out and _row.concurrency_key is not null and _row.slot is null then
        _has := finds_slot(_row.namespace, _row.concurrency_key, _row.concurrency_limit, _row.lane);
        if _has is null then
          again := true;
          continue;
        elsif not _has then
          update run set blocked_at = ready_at, ready_at = null where key = _keys[_i];
          _blocked := _blocked + 1;
          continue;
        end if;
      end if;
      perform give(array[_keys[_i]], _worker, _now);
      given := given || _keys[_i];
      if _row.parked_by = _worker then parked := parked || _keys[_i]; end if;
      -- It has a place of its queue, whichever way it came.
      for _line in 1 .. _lines loop
        continue when not exists (select 1 from lane, queue where lane.id = _row.lane and queue.id = _ids[_line]
          and lane.namespace = queue.namespace and lane.queue = queue.name);
        _places[_line] := _places[_line] - 1;
        if _row.started_at is null and not _out then
          _beginnings[_line] := _beginnings[_line] - 1;
          _begun[_line] := _begun[_line] + 1;
          _turns[_line] := greatest(_turns[_line], _row.turn);
        end if;
      end loop;
    end loop;
  end loop;

  for _line in 1 .. _lines loop
    continue when _begun[_line] = 0;
    update queue set turn = _turns[_line] where id = _ids[_line] and turn < _turns[_line];
    delete from queue_turn where queue = _ids[_line] and turn <= _turns[_line];
    continue when _periods[_line] is null;
    delete from beginning where queue = _ids[_line] and at <= _now - _periods[_line];
    insert into beginning (queue, at) select _ids[_line], _now from generate_series(1, _begun[_line]);
  end loop;
end $$;
