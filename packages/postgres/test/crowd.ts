import type { Client } from 'pg';

/** Runs of which a page or a claim is a small part. */
export const RUNS = 20_000;
/** Those that statistics are of that know too little: all of one lane, status, parent, tag and concurrency key. */
const ALIKE = 2_000;
/** A run with a long journal. */
export const LONG = 7;
export const CHILDREN_OF = { many: 3, few: 5, none: 4 };

/** Tables with rows of theirs. */
export const FILLED = [
  'run',
  'run_name',
  'journal',
  'inbox',
  'callback',
  'tag',
  'request',
  'outcome',
  'artifact',
];

/** 12 lanes. */
export async function fillLanes(client: Client, schema: string): Promise<void> {
  await client.query(`insert into ${schema}.lane (namespace, workflow, version, queue, priority)
    select 'default', w, v, q, 0
    from unnest(array['a', 'b', 'c']) w, unnest(array['1', '2']) v, unnest(array['x', 'y']) q order by 1, 2, 3, 4`);
}

/** The first runs. */
export async function fillAlike(client: Client, schema: string): Promise<void> {
  await client.query(`
    set search_path = ${schema}, pg_catalog;
    insert into run (key, lane, namespace, id, status, created_at, ready_at, parent_key, parent_id, concurrency_key, slot, tags)
    select key, 1, 'default', 'r' || key, 'queued', 1000 + key, 4e12, ${CHILDREN_OF.many}, 'parent', 'k', 1, '["half"]' from generate_series(1, ${ALIKE}) key;
    insert into run_name (namespace, id, run) select namespace, id, key from run;
    insert into tag (namespace, tag, run) select 'default', 'half', key from run;
    insert into journal (run, position, at, count, events) select 1, key, 1, 1, '[]' from run;
    reset search_path`);
}

/** Runs in all states: most have ended, some wait for years, some are ready, some are owned by worker `w1`. */
export async function fillRest(client: Client, schema: string): Promise<void> {
  await client.query(`
    set search_path = ${schema}, pg_catalog;
    with rest as (
      select key, key % 12 + 1 as lane, key % 1000 as n from generate_series(${ALIKE} + 1, ${RUNS}) k (key)
    ), shaped as (
      select *, case when n < 860 then 'succeeded' when n < 900 then 'failed' when n < 940 then 'waiting'
        when n < 970 then 'paused' when n < 998 then 'queued' when n < 999 then 'stuck' else 'running' end as status from rest
    )
    insert into run (key, lane, namespace, id, status, created_at, started_at, ended_at, ready_at, owner, parent_key, parent_id,
      concurrency_key, tags)
    select key, lane, 'default', 'r' || key, status, 1000 + key, case when status <> 'queued' then 2000 end,
      case when status in ('succeeded', 'failed') then 3000 end,
      case when status = 'waiting' and key % 2 = 0 then 4e12 when n between 980 and 981 then 1000 when status = 'queued' then 4e12 end::bigint,
      case when status = 'running' then 'w1' end, case when key % 4 = 0 then ${CHILDREN_OF.many} when key % 4000 = 1 then ${CHILDREN_OF.few} end, 'parent',
      case when key % 3 = 0 then 'k' || key % 7 end, case when key % 2 = 0 then '["half"]' end
    from shaped;
    insert into run_name (namespace, id, run) select namespace, id, key from run on conflict do nothing;
    insert into tag (namespace, tag, run) select 'default', 'half', key from run where key % 2 = 0 on conflict do nothing;
    insert into tag (namespace, tag, run) select 'default', 'seldom', key from run where key % 2000 = 9;
    insert into journal (run, position, at, count, events) select key, 0, 1, 1, '[{"type":"activated"}]' from run on conflict do nothing;
    insert into journal (run, position, at, count, events) select ${LONG}, n, 1, 1, '[{"type":"activated"}]' from generate_series(1, 2000) n;
    insert into callback (callback, run, op) select 'c' || key, key, 'op' from run where status = 'waiting';
    insert into inbox (run, number, type, fact) select key, 1, 'event', '{}' from run where status = 'paused';
    update run set delivered = 1 where status = 'paused';
    insert into request (namespace, key, fingerprint, begun_at, expires_at) select 'default', 'q' || n, '', n, n from generate_series(1, ${RUNS}) n;
    insert into outcome (run, key, value) select key, 'o', '1' from run;
    insert into artifact select 'default', id, 'file', 1, 1, 'h', 'text/plain', 1 from run;
    select setval('run_key', ${RUNS});
    reset search_path`);
}
