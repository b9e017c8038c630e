/** Queues with settings. Lanes are of one namespace from now on, because the settings of a queue are. */
export const QUEUES = `
create table queue (
  id integer primary key,
  namespace text not null,
  name text not null,
  limits text not null,
  paused text,
  turn integer not null default 0,
  unique (namespace, name)
);

create table queue_turn (
  queue integer not null references queue (id) on delete cascade,
  concurrency_key text not null,
  turn integer not null,
  primary key (queue, concurrency_key)
) without rowid;
create index queue_turn_turn on queue_turn (queue, turn);

create table beginning (
  queue integer not null references queue (id) on delete cascade,
  at integer not null
);
create index beginning_at on beginning (queue, at);

create table lane_2 (
  id integer primary key,
  namespace text not null,
  workflow text not null,
  version text not null,
  queue text not null,
  priority integer not null,
  unique (namespace, workflow, version, queue, priority)
);
insert into lane_2
  select lane.id, min(place.namespace), workflow, version, queue, priority
  from lane join (select distinct lane, namespace from run) place on place.lane = lane.id
  group by lane.id;
insert into lane_2 (namespace, workflow, version, queue, priority)
  select place.namespace, workflow, version, queue, priority
  from lane join (select distinct lane, namespace from run) place on place.lane = lane.id
  where not exists (select 1 from lane_2 where lane_2.id = lane.id and lane_2.namespace = place.namespace);
update run set lane = (
    select new.id from lane_2 new join lane_2 old using (workflow, version, queue, priority)
    where old.id = run.lane and new.namespace = run.namespace
  )
  where namespace <> (select namespace from lane_2 where id = run.lane);
drop table lane;
alter table lane_2 rename to lane;

alter table run add column hard_timeout integer;
alter table run add column begin_by integer;
alter table run add column turn integer;
alter table run add column debounce_key text;
drop index run_ready;
drop index run_blocked;
drop index run_slot;
create index run_ready on run (lane, turn, ready_at) where ready_at is not null;
create index run_pass on run (turn) where turn = -1 and ready_at is not null;
create index run_blocked on run (lane, namespace, concurrency_key, turn, blocked_at) where blocked_at is not null;
create index run_slot on run (namespace, concurrency_key) where slot = 1;
create index run_begin_by on run (begin_by)
  where begin_by is not null and started_at is null and owner is null and ended_at is null;
create unique index run_debounce on run (namespace, debounce_key) where debounce_key is not null;
`;
