-- Appends commits to journals, but for those that are refused already. The answer is the numbers of all that are refused;
-- null: none is. An ordinary step's commit is this and nothing else. Of a run there is one commit at most.
-- A commit that does not begin where the journal ends is refused: a database that went back in time, by a restore or a
-- standby that was behind, has lost what whoever sends it goes on from.
create function append(_run bigint[], _position integer[], _at bigint[], _count integer[], _events text[],
  _refused integer[])
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
  -- After the insert, and with a look of its own: whoever has purged a run before has taken its journal away with it, and
  -- the insert has found no commit in its way.
  if cardinality(_stored) > (select count(*) from run where key = any (_stored)) then
    delete from journal using unnest(_stored) s (run), unnest(_run, _position) c (run, position)
    where journal.run = s.run and c.run = s.run and journal.position = c.position
      and not exists (select 1 from run where key = s.run);
    _stored := array(select key from run where key = any (_stored));
  end if;
  if cardinality(_stored) = cardinality(_run) then return null; end if;
  return array(
    select c.item from unnest(_run) with ordinality c (run, item) where _stored is null or c.run <> all (_stored));
end $$;
