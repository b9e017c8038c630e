-- Types of facts in `inbox.type` are those of the engine; a cancel by force is `force`.
create function is_control(_type text) returns boolean
language sql immutable parallel safe as $$
  select _type in ('cancel', 'force', 'pause', 'resume', 'reopen')
$$;

-- Puts a fact into the inbox of a run whose row is locked. `woken`: the run is ready now. `told`: it has an owner.
-- `kept`: it has no ears for it yet. Or why it is not taken: `unknown`, `ended`, `active`.
create function deliver(_run bigint, _type text, _fact text, _now bigint) returns text
language plpgsql as $$
declare
  _to record;
  _number integer;
begin
  select status, owner, started_at, ended_at, delivered into _to from run where key = _run for no key update;
  if not found then return 'unknown'; end if;
  if _type = 'reopen' then
    if _to.ended_at is null then return 'active'; end if;
    if _to.status in ('succeeded', 'continued') then return 'ended'; end if;
  elsif _to.ended_at is not null then
    return 'ended';
  end if;
  _number := _to.delivered + 1;
  insert into inbox (run, number, type, fact) values (_run, _number, _type, _fact);
  if _type = 'reopen' then
    update run set status = 'queued', output = null, error = null, ended_at = null, begin_by = null where key = _run;
  elsif _type = 'force' then
    update run set forced = _number where key = _run;
  end if;
  if _type in ('cancel', 'force') and _to.owner is null and _to.started_at is null then
    update run set turn = -1, debounce_key = null where key = _run;
  end if;
  if _to.owner is not null then
    update run set delivered = _number where key = _run;
    return 'told';
  end if;
  if (case when _to.started_at is null then _type in ('cancel', 'force', 'reopen')
      else is_control(_type) or _to.status not in ('paused', 'stuck') end) then
    update run set delivered = _number, ready_at = least(coalesce(ready_at, blocked_at, _now), _now), blocked_at = null
    where key = _run;
    return 'woken';
  end if;
  update run set delivered = _number where key = _run;
  return 'kept';
end $$;
