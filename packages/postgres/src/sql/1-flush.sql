-- All that a process has to write at one moment, in one call. Arrays that are null are not needed. Of a run there is one
-- commit at most, and no callback is named by two of them; the client sees to it.
--
-- commits: _run, _position, _at, _count, _events, _taken, by run.
-- _closing, _closed: number of a commit, and a callback that must be open when it is made.
-- _ended, _status, _output, _error: number of a commit, and how it ends its run where nothing else is to be done for it; by run.
-- _locks …: whose rows are locked first; not those of `_ended` if there are no others, which are locked in that order as
-- they change. _ending: runs whose concurrency keys are needed.
-- _does …: what else is to be done, in its order; see below.
-- _starts: so many of the new runs stand on their own, the others are children of commits.
create function flush(
  _run bigint[], _position integer[], _at bigint[], _count integer[], _events text[], _taken integer[],
  _closing integer[], _closed text[],
  _ended integer[], _status text[], _output text[], _error text[],
  _locks bigint[], _lock_namespaces text[], _lock_ids text[], _lock_callbacks text[], _ending bigint[],
  _does text[], _commit integer[], _subject bigint[], _n bigint[], _m bigint[], _o bigint[],
  _a text[], _b text[], _c text[], _d text[],
  _starts integer,
  _new_lane integer[], _new_namespace text[], _new_id text[], _new_ready_at bigint[], _new_created_at bigint[],
  _new_timeout bigint[], _new_hard_timeout bigint[], _new_begin_by bigint[], _new_takes_deadline boolean[],
  _new_concurrency_key text[], _new_concurrency_limit bigint[], _new_debounce_key text[], _new_max_wait bigint[],
  _new_parent_key bigint[], _new_parent_id text[], _new_parent_op text[], _new_input text[], _new_tags text[],
  _new_traceparent text[], _new_owner text[],
  _new_journal_at bigint[], _new_journal_count integer[], _new_journal text[],
  -- Numbers of the commits that are refused.
  out refused integer[],
  -- For each delivery: `woken`, `told`, `kept`, or why it is not taken; and the run.
  out answers text[], out targets bigint[],
  -- For each start: the key, null if the id is taken; whether the run is owned; the run that was put off instead.
  out keys bigint[], out owned boolean[], out moved bigint[],
  -- Owned runs that got facts, and the first time at which a run is ready.
  out told bigint[], out ready_at bigint
) language plpgsql
{settings}
as $$
#variable_conflict use_column
declare
  _known text[];
  _limited integer[];
  _end record;
  _do record;
  _key bigint;
  _answer text;
  _next record;
begin
  answers := '{}';
  targets := '{}';
  if _new_owner is not null then _known := hold_workers(_new_owner); end if;
  if _locks is not null or _ending is not null or _new_debounce_key is not null then
    perform lock_runs(_locks, _lock_namespaces, _lock_ids, _lock_callbacks, _ending, _new_namespace,
      _new_debounce_key);
  end if;
  if _locks is not null or _ended is not null then _limited := limited_lanes(); end if;

  if _run is not null then
    if _closing is not null then
      select array_agg(distinct c.item) into refused from unnest(_closing, _closed) c (item, callback)
      where (select run from callback where callback.callback = c.callback) is distinct from _run[c.item];
    end if;
    refused := append(_run, _position, _at, _count, _events, refused,
      coalesce(cardinality(_ended) = cardinality(_run), false));
    if _taken is not null then
      delete from inbox using unnest(_run, _taken) with ordinality c (run, taken, item)
      where inbox.run between c.run and c.run and inbox.number <= c.taken and (refused is null or c.item <> all (refused));
      update run set forced = null from unnest(_run, _taken) with ordinality c (run, taken, item)
      where run.key between c.run and c.run and c.taken > 0 and run.forced <= c.taken and (refused is null or c.item <> all (refused));
    end if;
    if _ended is not null then
      -- Most have nothing left and nobody who waits for their place: only the others are looked at one by one.
      for _end in
        with ended as (
          update run set status = e.status, output = e.output, error = e.error, ended_at = _at[e.item], owner = null,
            continued_by = null, ready_at = null, waiting_for = null, parked_by = null, blocked_at = null, slot = null,
            forced = null, turn = null, debounce_key = null
          from unnest(_ended, _status, _output, _error) e (item, status, output, error)
          where run.key between _run[e.item] and _run[e.item] and (refused is null or e.item <> all (refused))
          returning key, run.status, namespace, concurrency_key, delivered, lane, ended_at as at
        )
        select * from ended where delivered > 0 or concurrency_key is not null or lane = any (_limited)
        union all select null, null, null, null, count(*), null, null from ended
      loop
        if _end.key is null then
          -- Their number: if it is not that of all commits, some were refused, or their runs are gone.
          if _end.delivered < cardinality(_run) then refused := refuse_purged(_run, _position, refused); end if;
          continue;
        end if;
        if _end.delivered > 0 then
          perform end_inbox(_end.key, _end.status, _end.namespace, null, _end.at);
        end if;
        if _end.concurrency_key is not null then
          perform free_slot(_end.key, _end.namespace, _end.concurrency_key);
        end if;
        if _end.concurrency_key is not null or _end.lane = any (_limited) then
          ready_at := least(ready_at, _end.at);
        end if;
      end loop;
      -- With its first commit a run ends that has never had one.
      delete from callback using unnest(_ended) e (item)
      where _position[e.item] > 0 and callback.run between _run[e.item] and _run[e.item] and (refused is null or e.item <> all (refused));
    end if;
  end if;

  if _does is not null then
    for _do in
      select * from unnest(_does, _commit, _subject, _n, _m, _o, _a, _b, _c, _d) as d (what, commit, run, n, m, o, a, b, c, d)
    loop
      if _do.commit = any (refused) then continue; end if;
      _answer := null;
      case _do.what
      -- Facts: m when, c type, d fact; to `run`, or to a: namespace and b: id, or to the run of callback a.
      -- o: number of the delivery whose answer is wanted.
      when 'deliver' then
        _key := _do.run;
        if _key is null then select run into _key from run_name where namespace = _do.a and id = _do.b; end if;
        _answer := deliver(_key, _do.c, _do.d, _do.m);
      when 'callback' then
        if _do.c = 'callback' then
          delete from callback where callback = _do.a returning run, op into _next;
        else
          select run, op into _next from callback where callback = _do.a;
        end if;
        _key := _next.run;
        _answer := case when _key is null then 'unknown' else
          deliver(_key, _do.c, '{"op":' || to_json(_next.op) || ',' || substr(_do.d, 2), _do.m) end;
      when 'progress' then update run set progress = _do.a where key = _do.run;
      when 'tags' then
        update run set tags = with_tags(tags, _do.a) where key = _do.run returning namespace into _end;
        perform index_tags(_do.run, _end.namespace, _do.a);
      when 'status' then update run set status_text = _do.a where key = _do.run;
      when 'open' then
        insert into callback (callback, run, op) values (_do.a, _do.run, _do.b)
        on conflict (callback) do update set run = excluded.run, op = excluded.op;
      when 'close' then delete from callback where callback = _do.a;
      -- A child: n which of the new runs; c, d the type of the fact and the fact if its id is taken.
      when 'child' then
        _key := start_one(_new_lane[_do.n], _new_namespace[_do.n], _new_id[_do.n], _new_ready_at[_do.n],
          _new_created_at[_do.n], _new_timeout[_do.n], _new_hard_timeout[_do.n],
          case when _new_takes_deadline[_do.n]
            then _new_ready_at[_do.n] + (queue_of(_new_lane[_do.n])).start_deadline else _new_begin_by[_do.n] end,
          _new_concurrency_key[_do.n], _new_concurrency_limit[_do.n], _new_debounce_key[_do.n], _new_parent_key[_do.n],
          _new_parent_id[_do.n], _new_parent_op[_do.n], _new_input[_do.n], _new_tags[_do.n], _new_traceparent[_do.n],
          null);
        if _key is not null then ready_at := least(ready_at, _new_ready_at[_do.n]);
        else
          _key := _do.run;
          _answer := deliver(_key, _do.c, _do.d, _do.m);
        end if;
      -- Given up: a status, n ready at, o last fact seen, m when, b waits for, c parked by, d error.
      when 'release' then
        if exists (select 1 from inbox where inbox.run = _do.run and number > _do.o
            and (is_control(type) or _do.a not in ('paused', 'stuck'))) then
          _do.n := least(_do.n, _do.m);
        end if;
        update run set owner = null, status = _do.a, ready_at = _do.n, waiting_for = _do.b, parked_by = _do.c,
          error = _do.d, blocked_at = null, turn = null
        where key = _do.run returning lane into _end;
        ready_at := least(ready_at, _do.n, case when _end.lane = any (_limited) then _do.m end);
      -- Ended: a status, n when, m when it is said, b output, c error, d continued by.
      when 'end' then
        update run set status = _do.a, output = _do.b, error = _do.c, continued_by = _do.d, ended_at = _do.n,
          owner = null, ready_at = null, waiting_for = null, parked_by = null, blocked_at = null, slot = null,
          forced = null, turn = null, debounce_key = null
        where key = _do.run returning namespace, concurrency_key, delivered, lane into _end;
        delete from callback where callback.run = _do.run;
        if _end.delivered > 0 then
          select * into _next from end_inbox(_do.run, _do.a, _end.namespace, _do.d, _do.m);
          if _next.told is not null then told := told || _next.told; end if;
          if _next.woken then ready_at := least(ready_at, _do.m); end if;
        end if;
        if _end.concurrency_key is not null then
          perform free_slot(_do.run, _end.namespace, _end.concurrency_key);
        end if;
        if _end.concurrency_key is not null or _end.lane = any (_limited) then
          ready_at := least(ready_at, _do.m);
        end if;
      end case;
      if _answer = 'told' then told := told || _key;
      elsif _answer = 'woken' then ready_at := least(ready_at, _do.m);
      end if;
      if _do.o is not null and _do.what in ('deliver', 'callback') then
        answers[_do.o] := _answer;
        targets[_do.o] := _key;
      end if;
    end loop;
  end if;

  if _starts > 0 then
    _next := start_runs(_starts, _known, _new_lane, _new_namespace, _new_id, _new_ready_at, _new_created_at,
      _new_timeout, _new_hard_timeout, _new_begin_by, _new_takes_deadline, _new_concurrency_key,
      _new_concurrency_limit, _new_debounce_key, _new_max_wait, _new_parent_key, _new_parent_id, _new_parent_op,
      _new_input, _new_tags, _new_traceparent, _new_owner, _new_journal_at, _new_journal_count, _new_journal);
    keys := _next.keys;
    owned := _next.owned;
    moved := _next.moved;
    ready_at := least(ready_at, _next.first_ready_at);
  end if;
end $$;
