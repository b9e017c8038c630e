-- A queue with settings. `limits` and `paused` are as they were given; the numbers are taken from `limits`.
create table queue (
  id integer generated always as identity primary key,
  namespace text collate "C" not null,
  name text collate "C" not null,
  limits text not null,
  paused text,
  concurrency bigint,
  rate_limit bigint,
  rate_period bigint,
  per_key bigint,
  start_deadline bigint,
  -- The highest turn of a run that was given to a worker.
  turn bigint not null default 0,
  unique (namespace, name)
);

-- The last turn of each concurrency key; the empty key stands for none.
create table queue_turn (
  queue integer not null,
  concurrency_key text collate "C" not null,
  turn bigint not null,
  primary key (queue, concurrency_key)
);

-- When runs began in queues with a rate.
create table beginning (
  queue integer not null,
  at bigint not null
);
create index beginning_at on beginning (queue, at);
