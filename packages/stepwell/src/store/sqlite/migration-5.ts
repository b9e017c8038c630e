/**
 * Tags, the feed of all journals, requests that were answered, records of artifacts.
 *
 * - A commit has a `number`, by which the feed is read: all that is above the last that was read is new. It is given by
 *   the store, since SQLite gives numbers again once the newest rows are gone; `feed.last` is the highest that was ever
 *   given to a run that was purged. (A bare rowid would not do either: `vacuum` changes those.)
 * - `feed.store` tells cursors of this file from those of another.
 * - A run's tags are in its row, where whoever reads it has them at once, and in `tag`, by which it is found. Runs without
 *   tags have nothing in either.
 */
export const TAGS_FEED_REQUESTS = `
alter table run add column tags text;
alter table run add column traceparent text;

create table tag (
  namespace text not null,
  tag text not null,
  run integer not null references run (key) on delete cascade,
  primary key (namespace, tag, run)
) without rowid;
create index tag_run on tag (run);

create table journal_2 (
  number integer primary key,
  run integer not null references run (key) on delete cascade,
  position integer not null,
  at integer not null,
  count integer not null,
  events text not null,
  unique (run, position)
);
insert into journal_2 (number, run, position, at, count, events)
  select rowid, run, position, at, count, events from journal order by rowid;
drop table journal;
alter table journal_2 rename to journal;

create table feed (store text not null, last integer not null);
insert into feed (store, last) values (lower(hex(randomblob(4))), 0);

create table request (
  namespace text not null,
  key text not null,
  fingerprint text not null,
  begun_at integer not null,
  expires_at integer not null,
  answer text,
  primary key (namespace, key)
) without rowid;
create index request_expires_at on request (expires_at);

create table artifact (
  namespace text not null,
  run text not null,
  name text not null,
  number integer not null,
  size integer not null,
  hash text not null,
  content_type text not null,
  created_at integer not null,
  primary key (namespace, run, name, number desc)
) without rowid;
`;
