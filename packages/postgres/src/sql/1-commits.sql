-- Commits of a run from the one that holds a position, which begins at it or before it.
create function commits(_run bigint, _from bigint, _limit bigint)
returns table ("position" integer, at bigint, events text) language plpgsql
{settings}
as $$
#variable_conflict use_column
begin
  return query
    select position, at, events from journal
    where run = _run and position + count > _from and position >= coalesce(
      (select position from journal where run = _run and position <= _from order by position desc limit 1), 0)
    order by position limit _limit;
end $$;
