-- Whether a new run has the slot of the run that awaits it: 0, else null.
create function shared_slot(_parent_key bigint, _parent_op text, _concurrency_key text) returns smallint
language plpgsql stable as $$
begin
  if _concurrency_key is null or _parent_key is null or _parent_op is null then return null; end if;
  return (select 0 from run where key = _parent_key and concurrency_key = _concurrency_key and slot is not null);
end $$;

-- What a new run takes from the settings of its queue.
create function queue_of(_lane integer, out has_settings boolean, out start_deadline bigint)
language plpgsql stable as $$
begin
  select true, queue.start_deadline into has_settings, start_deadline from lane, queue
  where lane.id = _lane and queue.namespace = lane.namespace and queue.name = lane.queue;
  has_settings := coalesce(has_settings, false);
end $$;

-- Puts one run in; the answer is its key, null if its id is taken.
create function start_one(_lane integer, _namespace text, _id text, _ready_at bigint, _created_at bigint, _timeout bigint,
  _hard_timeout bigint, _begin_by bigint, _concurrency_key text, _concurrency_limit bigint, _debounce_key text,
  _parent_key bigint, _parent_id text, _parent_op text, _input text, _tags text, _traceparent text, _owner text)
returns bigint language plpgsql as $$
#variable_conflict use_column
declare
  _key bigint;
begin
  insert into run_name (namespace, id, run) values (_namespace, _id, nextval('run_key'))
  on conflict do nothing returning run_name.run into _key;
  if _key is null then return null; end if;
  insert into run (key, lane, namespace, id, status, owner, started_at, ready_at, created_at, timeout, hard_timeout,
    begin_by, concurrency_key, concurrency_limit, slot, debounce_key, parent_key, parent_id, parent_op, input, tags,
    traceparent)
  values (_key, _lane, _namespace, _id, case when _owner is null then 'queued' else 'running' end, _owner,
    case when _owner is not null then _created_at end, case when _owner is null then _ready_at end, _created_at,
    _timeout, _hard_timeout, _begin_by, _concurrency_key, _concurrency_limit,
    shared_slot(_parent_key, _parent_op, _concurrency_key), _debounce_key, _parent_key, _parent_id, _parent_op, _input,
    _tags, _traceparent)
  on conflict do nothing;
  -- Another start of its debounce key was faster.
  if not found then
    delete from run_name where namespace = _namespace and id = _id;
    return null;
  end if;
  if _tags is not null then perform index_tags(_key, _namespace, _tags); end if;
  return _key;
end $$;

-- A further start of a debounce key puts the run off that has not begun; the answer is its key, null if there is none.
create function put_off(_lane integer, _namespace text, _ready_at bigint, _created_at bigint, _timeout bigint,
  _hard_timeout bigint, _begin_by bigint, _concurrency_key text, _concurrency_limit bigint, _debounce_key text,
  _max_wait bigint, _input text, _tags text, _traceparent text, out moved bigint, out moved_to bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  _first_start bigint;
  _had text;
begin
  select key, created_at, tags into moved, _first_start, _had from run
  where namespace = _namespace and debounce_key = _debounce_key for no key update;
  if moved is null then return; end if;
  moved_to := greatest(_created_at, least(_ready_at, _first_start + _max_wait));
  update run set status = 'queued', lane = _lane, ready_at = moved_to, begin_by = _begin_by + moved_to - _ready_at,
    timeout = _timeout, hard_timeout = _hard_timeout, concurrency_key = _concurrency_key,
    concurrency_limit = _concurrency_limit, blocked_at = null, turn = null, waiting_for = null, error = null,
    input = _input, tags = _tags, traceparent = _traceparent
  where key = moved;
  if _had is not null then perform drop_tags(moved, _namespace, _had); end if;
  if _tags is not null then perform index_tags(moved, _namespace, _tags); end if;
end $$;

-- Puts the first so many of these runs in, each on its own. `keys`: null where an id is taken. `moved`: the run that was
-- put off instead.
create function start_runs(_starts integer, _known text[],
  _lane integer[], _namespace text[], _id text[], _ready_at bigint[], _created_at bigint[], _timeout bigint[],
  _hard_timeout bigint[], _begin_by bigint[], _takes_deadline boolean[], _concurrency_key text[],
  _concurrency_limit bigint[], _debounce_key text[], _max_wait bigint[], _parent_key bigint[], _parent_id text[],
  _parent_op text[], _input text[], _tags text[], _traceparent text[], _owner text[], _journal_at bigint[], _journal_count integer[], _journal text[],
  out keys bigint[], out owned boolean[], out moved bigint[], out first_ready_at bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  _has_queues constant boolean := exists (select 1 from queue);
  _owned_by text[];
  _created bigint;
  _queue record;
  _by bigint;
  _who text;
  _off record;
begin
  if _debounce_key is null then
    -- Keys are taken before, so that the rows need not be matched with what was given afterwards.
    keys := array(select nextval('run_key') from generate_series(1, _starts));
    if _known is null then
      _owned_by := array_fill(null::text, array[_starts]);
    else
      _owned_by := array(
        select case when s.owner = any (_known) and not (_has_queues and (queue_of(s.lane)).has_settings) then s.owner end
        from unnest(_owner, _lane) with ordinality s (owner, lane, n) where n <= _starts order by n);
    end if;
    with named as (
      insert into run_name (namespace, id, run)
      select namespace, id, key from unnest(keys, _namespace, _id) with ordinality s (key, namespace, id, n)
      where n <= _starts order by namespace, id, n
      on conflict do nothing returning run
    ) select count(*) into _created from named;
    if _created < _starts then
      keys := array(
        select (select run from run_name where run_name.namespace = s.namespace and run_name.id = s.id and run = s.key)
        from unnest(keys, _namespace, _id) with ordinality s (key, namespace, id, n)
        where n <= _starts order by n);
    end if;
    with created as (
      insert into run (key, lane, namespace, id, status, owner, started_at, ready_at, created_at, timeout, hard_timeout,
        begin_by, concurrency_key, concurrency_limit, slot, parent_key, parent_id, parent_op, input, tags, traceparent)
      select key, lane, namespace, id, case when owned_by is null then 'queued' else 'running' end, owned_by,
        case when owned_by is not null then created_at end, case when owned_by is null then s.ready_at end,
        created_at, timeout, hard_timeout,
        case when _has_queues and takes_deadline then s.ready_at + (queue_of(lane)).start_deadline else begin_by end,
        concurrency_key, concurrency_limit,
        case when parent_op is not null then shared_slot(parent_key, parent_op, concurrency_key) end,
        parent_key, parent_id, parent_op, input, tags, traceparent
      from unnest(keys, _owned_by, _lane, _namespace, _id, _ready_at, _created_at, _timeout, _hard_timeout, _begin_by,
        _takes_deadline, _concurrency_key, _concurrency_limit, _parent_key, _parent_id, _parent_op, _input,
        _tags, _traceparent)
        with ordinality s (key, owned_by, lane, namespace, id, ready_at, created_at, timeout, hard_timeout, begin_by,
          takes_deadline, concurrency_key, concurrency_limit, parent_key, parent_id, parent_op, input, tags, traceparent, n)
      where n <= _starts and key is not null
      returning run.ready_at
    ) select min(created.ready_at) into first_ready_at from created;
    if _tags is not null then
      perform index_tags(s.key, s.namespace, s.tags) from unnest(keys, _namespace, _tags) s (key, namespace, tags)
      where s.key is not null and s.tags is not null;
    end if;
    owned := array(select o is not null from unnest(_owned_by) with ordinality u (o, n) order by n);
  else
    keys := array_fill(null::bigint, array[_starts]);
    owned := array_fill(false, array[_starts]);
    moved := keys;
    for n in 1 .. _starts loop
      _queue := queue_of(_lane[n]);
      _by := case when _takes_deadline[n] then _ready_at[n] + _queue.start_deadline else _begin_by[n] end;
      if _debounce_key[n] is not null then
        _off := put_off(_lane[n], _namespace[n], _ready_at[n], _created_at[n], _timeout[n], _hard_timeout[n], _by,
          _concurrency_key[n], _concurrency_limit[n], _debounce_key[n], _max_wait[n], _input[n],
          _tags[n], _traceparent[n]);
        if _off.moved is not null then
          moved[n] := _off.moved;
          first_ready_at := least(first_ready_at, _off.moved_to);
          continue;
        end if;
      end if;
      _who := case when _owner[n] = any (_known) and not _queue.has_settings then _owner[n] end;
      keys[n] := start_one(_lane[n], _namespace[n], _id[n], _ready_at[n], _created_at[n], _timeout[n],
        _hard_timeout[n], _by, _concurrency_key[n], _concurrency_limit[n], _debounce_key[n], _parent_key[n],
        _parent_id[n], _parent_op[n], _input[n], _tags[n], _traceparent[n], _who);
      owned[n] := _who is not null;
      if keys[n] is not null and _who is null then first_ready_at := least(first_ready_at, _ready_at[n]); end if;
    end loop;
  end if;
  if _journal is not null then
    insert into journal (run, position, at, count, events)
    select s.key, 0, s.at, s.count, s.events
    from unnest(keys, _journal_at, _journal_count, _journal) s (key, at, count, events)
    where s.key is not null and s.events is not null;
  end if;
end $$;
