-- Locks are taken in one order everywhere, so that nobody waits in a circle: workers, then queues, then concurrency keys,
-- then rows of runs, each by number; then journals and new ids. A claim waits for those of its worker and its queues only.

create function lock_number(what text, name text) returns bigint
language sql immutable parallel safe as $$
  select hashtextextended($schema$stepwell/{schema}/$schema$ || what || '/' || name, 0)
$$;

-- Workers that are registered, of those that are named; none of them leaves before the transaction ends.
create function hold_workers(_workers text[]) returns text[]
language plpgsql as $$
declare
  _number bigint;
  _known text[];
begin
  for _number in select distinct lock_number('worker', w) from unnest(_workers) w where w is not null order by 1 loop
    perform pg_advisory_xact_lock_shared(_number);
  end loop;
  select array_agg(id) into _known from worker where id = any (_workers);
  return _known;
end $$;

-- The concurrency keys of runs that end, and the rows of all runs that something will happen to.
create function lock_runs(_runs bigint[], _namespaces text[], _ids text[], _callbacks text[], _ending bigint[],
  _debounced_namespaces text[], _debounced text[])
returns void language plpgsql as $$
declare
  _key record;
  _lane integer;
begin
  -- While nobody has a slot, nobody who ends gives one back.
  if _ending is not null and exists (select 1 from run where slot = 1) then
    for _key in
      select namespace, concurrency_key, lock_number('key', namespace || '/' || concurrency_key) as number
      from run where key = any (_ending) and concurrency_key is not null
      group by namespace, concurrency_key order by number
    loop
      perform pg_advisory_xact_lock(_key.number);
      -- Those that may get the slot. (If several runs of the key end at once, the next of a lane is locked later.)
      _lane := 0;
      loop
        select min(lane) into _lane from run where lane > _lane and blocked_at is not null;
        exit when _lane is null;
        _runs := _runs || (
          select key from run
          where lane = _lane and namespace = _key.namespace and concurrency_key = _key.concurrency_key
            and blocked_at is not null
          order by turn nulls first, blocked_at, key limit 1);
      end loop;
      _runs := _runs || array(select key from run where parent_key = any (_ending) and slot = 0);
    end loop;
    -- Beside others, those that end have to be locked in this order, too.
    if cardinality(_runs) > 0 then _runs := _runs || _ending; end if;
  end if;
  if _ids is not null then
    _runs := _runs || array(
      select (select run from run_name where run_name.namespace = named.namespace and run_name.id = named.id)
      from unnest(_namespaces, _ids) named (namespace, id));
  end if;
  if _callbacks is not null then
    _runs := _runs || array(select run from callback where callback = any (_callbacks));
  end if;
  if _debounced is not null then
    _runs := _runs || array(
      select (select key from run where run.namespace = named.namespace and run.debounce_key = named.debounce_key)
      from unnest(_debounced_namespaces, _debounced) named (namespace, debounce_key));
  end if;
  if _runs is null then return; end if;
  perform 1 from run where key = any (_runs) order by key for no key update;
end $$;
