-- Takes commits back whose runs are not there any more: whoever has purged a run has taken its journal away with it, and the
-- insert has found no commit in its way. The answer is the numbers of all that are refused; null: none is.
create function refuse_purged(_run bigint[], _position integer[], _refused integer[]) returns integer[]
language plpgsql as $$
declare
  _purged integer[] := array(
    select c.item from unnest(_run) with ordinality c (run, item)
    where (_refused is null or c.item <> all (_refused)) and (select true from run where key = c.run) is null);
begin
  if cardinality(_purged) = 0 then return _refused; end if;
  delete from journal using unnest(_purged) p (item)
  where journal.run between _run[p.item] and _run[p.item] and journal.position = _position[p.item];
  return coalesce(_refused, '{}') || _purged;
end $$;

-- Appends commits to journals, but for those that are refused already. The answer is the numbers of all that are refused;
-- null: none is. An ordinary step's commit is this and nothing else. Of a run there is one commit at most.
-- A commit that does not begin where the journal ends is refused: a database that went back in time, by a restore or a
-- standby that was behind, has lost what whoever sends it goes on from.
-- `_changes_runs`: the caller changes the rows of all these runs next, and sees whether they are there.
create function append(_run bigint[], _position integer[], _at bigint[], _count integer[], _events text[],
  _refused integer[], _changes_runs boolean)
returns integer[] language plpgsql
{settings}
as $$
declare
  _stored bigint[];
begin
  with stored as (
    insert into journal (run, position, at, count, events)
    select c.run, c.position, c.at, c.count, c.events
    from unnest(_run, _position, _at, _count, _events) with ordinality c (run, position, at, count, events, item)
    where (_refused is null or c.item <> all (_refused)) and (c.position = 0 or c.position = (
      select journal.position + journal.count from journal
      where journal.run = c.run and journal.position < c.position order by journal.position desc limit 1))
    on conflict do nothing returning run
  ) select array_agg(run) into _stored from stored;
  if cardinality(_stored) is distinct from cardinality(_run) then
    _refused := array(
      select c.item from unnest(_run) with ordinality c (run, item) where _stored is null or c.run <> all (_stored));
  end if;
  -- After the insert, and with a look of its own: a purge may have ended meanwhile.
  if not _changes_runs and cardinality(_stored) > (select count(*) from run where key = any (_stored)) then
    return refuse_purged(_run, _position, _refused);
  end if;
  return _refused;
end $$;
