-- Text is compared byte by byte (collate "C"): an update of the system's locales must not spoil an index.
-- Whatever holds JSON is `text`, not `json`: it comes back as it was given, and may hold the escape of U+0000.

-- Where runs wait: one version of one workflow, on one queue of one namespace, at one priority.
create table lane (
  id integer generated always as identity primary key,
  namespace text collate "C" not null,
  workflow text collate "C" not null,
  version text collate "C" not null,
  kind text collate "C" generated always as (workflow || '@' || version) stored,
  queue text collate "C" not null,
  priority integer not null,
  unique (namespace, workflow, version, queue, priority)
);

create sequence run_key as bigint;

create table run (
  key bigint primary key,
  ready_at bigint,
  blocked_at bigint,
  created_at bigint not null,
  started_at bigint,
  ended_at bigint,
  timeout bigint,
  hard_timeout bigint,
  begin_by bigint,
  concurrency_limit bigint,
  parent_key bigint,
  turn bigint,
  lane integer not null,
  delivered integer not null default 0,
  forced integer,
  slot smallint,
  status text collate "C" not null,
  namespace text collate "C" not null,
  id text collate "C" not null,
  owner text collate "C",
  parked_by text collate "C",
  concurrency_key text collate "C",
  debounce_key text collate "C",
  parent_id text,
  parent_op text,
  continued_by text collate "C",
  waiting_for text,
  status_text text,
  progress text,
  error text,
  input text,
  output text
);
-- `ready_at` is set only in runs that nobody owns and that have not ended. `blocked_at` is the `ready_at` of a run for
-- which a claim found no slot of its concurrency key: out of the way of claims until a run of that key ends. `slot`: 1
-- while a run holds such a slot, 0 while it has that of the run that awaits it. `forced`: number of the last forced cancel
-- in the inbox. `turn`: its place in the line of a queue with settings, -1 if it was cancelled before it began. Durations
-- and times are milliseconds.
--
-- A plan is often made while the planner knows nothing of the runs that there will be, or something that is no longer so.
-- All indexes look alike to it then. So a query has conditions that one of them only can answer, and begins where it has to
-- begin, whatever the planner thinks (packages/postgres/test/plans.test.ts sees to it):
-- - `coalesce(owner, '')`, `key + 0` and the like, where `owner` and `key` would also fit another index or its order
-- - `key between k and k`, where k comes from a list: `key = k` could be answered by a walk through all runs in the order of
--   their keys, each of which is looked for in the list
-- - `(select true from run …)`, not `exists (…)`, which may become such a join
create index run_ready on run (lane, turn, ready_at, key) where ready_at is not null;
create index run_forced on run (forced) where forced is not null;
create index run_begin_by on run (begin_by)
  where begin_by is not null and started_at is null and coalesce(owner, '') = '' and ended_at is null;
create index run_owned on run (lane, owner) where owner is not null;
create index run_blocked on run (lane, namespace, concurrency_key, turn nulls first, blocked_at, key)
  where blocked_at is not null;
create index run_slot on run (namespace, concurrency_key) where slot = 1;
create index run_resting on run (lane, status, (key + 0)) where owner is null;
create index run_parent on run (parent_key, key) where parent_key is not null;
create unique index run_debounce on run (namespace, debounce_key) where debounce_key is not null;

-- Which run has an id. By themselves, because each change of a run's row writes into all of its indexes, and one of two
-- texts that has to be unique costs as much as all others together.
create table run_name (
  namespace text collate "C" not null,
  id text collate "C" not null,
  run bigint not null,
  primary key (namespace, id)
);

create table journal (
  run bigint not null,
  at bigint not null,
  position integer not null,
  count integer not null,
  events text not null,
  primary key (run, position)
);

-- Where the server has it: 5.0 instead of 7.8 ms for 50 commits of 4 kB.
do $$ begin
  if (select 'lz4' = any (enumvals) from pg_settings where name = 'default_toast_compression') then
    alter table run alter input set compression lz4, alter output set compression lz4;
    alter table journal alter events set compression lz4;
  end if;
end $$;

create table inbox (
  run bigint not null,
  number integer not null,
  type text not null,
  fact text not null,
  primary key (run, number)
);

create table callback (
  callback text collate "C" primary key,
  run bigint not null,
  op text not null
);
create index callback_run on callback (run);

create table worker (
  id text collate "C" primary key,
  name text not null,
  kinds text[] not null,
  queues text[],
  started_at bigint not null,
  heartbeat_at bigint not null,
  expires_at bigint not null
);
