import type { Client } from 'pg';
import { isFinal } from 'stepwell';
import { isForcedCancel, type RunKey, type StoredRun } from 'stepwell/engine';
import { bigints, texts } from './arrays.ts';
import { textOf, typeOf } from './deeds.ts';
import { tagsText } from './flush.ts';
import type { Lanes } from './lanes.ts';

type Value = number | string | null;
type Column<T> = readonly [name: string, type: 'bigint' | 'text', valueOf: (row: T) => Value];

/** Puts runs in under the keys that they had, where neither these nor their ids exist; the answer is those keys. */
export async function insertRuns(
  client: Client,
  schema: string,
  given: readonly StoredRun[],
  lanes: Lanes,
): Promise<RunKey[]> {
  const { rows: taken } = await client.query<{ key: RunKey }>(
    `select key from ${schema}.run where key = any ($1)`,
    [bigints(given.map(({ run }) => run.key))],
  );
  const known = new Set(taken.map(({ key }) => key));
  const unknown = given.filter(({ run }) => !known.has(run.key));
  const named = await insert(client, `${schema}.run_name`, unknown, [
    ['namespace', 'text', ({ run }) => run.namespace],
    ['id', 'text', ({ run }) => run.id],
    ['run', 'bigint', ({ run }) => run.key],
  ]);
  const free = new Set(named.map(({ run }) => run));
  const stored = unknown.filter(({ run }) => free.has(run.key));
  const rows = await insert(client, `${schema}.run`, stored, [
    ['key', 'bigint', ({ run }) => run.key],
    ['lane', 'bigint', ({ run }) => lanes.idOf(run)],
    ['namespace', 'text', ({ run }) => run.namespace],
    ['id', 'text', ({ run }) => run.id],
    ['status', 'text', ({ run }) => run.status],
    ['ready_at', 'bigint', ({ run }) => run.readyAt],
    ['slot', 'bigint', ({ slot }) => (slot === null ? null : slot === 'own' ? 1 : 0)],
    ['forced', 'bigint', ({ inbox }) => inbox.findLast(({ fact }) => isForcedCancel(fact))?.number ?? null],
    ['turn', 'bigint', (one) => (isCancelledUnbegun(one) ? -1 : null)],
    ['delivered', 'bigint', ({ run }) => run.delivered],
    ['created_at', 'bigint', ({ run }) => run.createdAt],
    ['started_at', 'bigint', ({ run }) => run.startedAt],
    ['ended_at', 'bigint', ({ run }) => run.endedAt],
    ['timeout', 'bigint', ({ run }) => run.timeout],
    ['hard_timeout', 'bigint', ({ run }) => run.hardTimeout],
    ['begin_by', 'bigint', ({ run }) => run.beginBy],
    ['concurrency_key', 'text', ({ run }) => run.concurrencyKey],
    ['concurrency_limit', 'bigint', ({ run }) => run.concurrencyLimit],
    [
      'debounce_key',
      'text',
      ({ run, debounceKey }) => (debounceKey === null ? null : `${run.workflow}\n${debounceKey}`),
    ],
    ['parent_key', 'bigint', ({ run }) => run.parent?.key ?? null],
    ['parent_id', 'text', ({ run }) => run.parent?.id ?? null],
    ['parent_op', 'text', ({ run }) => run.parent?.op ?? null],
    ['continued_by', 'text', ({ run }) => run.continuedBy],
    [
      'waiting_for',
      'text',
      ({ run }) => (run.waitingFor.length === 0 ? null : JSON.stringify(run.waitingFor)),
    ],
    ['status_text', 'text', ({ run }) => textOf(run.statusText)],
    ['progress', 'text', ({ run }) => textOf(run.progress)],
    ['error', 'text', ({ run }) => textOf(run.error)],
    ['input', 'text', ({ run }) => textOf(run.input)],
    ['output', 'text', ({ run }) => textOf(run.output)],
    ['tags', 'text', ({ run }) => tagsText(run.tags)],
    ['traceparent', 'text', ({ run }) => run.traceparent],
  ]);
  const keys = rows.map(({ key }) => key as RunKey);
  // Keys of new runs are above all of them.
  await client.query(`select setval('${schema}.run_key', greatest(nextval('${schema}.run_key'), $1))`, [
    Math.max(0, ...keys),
  ]);
  return keys;
}

/** Puts in all that runs have beside their rows. */
export async function insertParts(
  client: Client,
  schema: string,
  loaded: readonly StoredRun[],
): Promise<void> {
  const of = <T>(partsOf: (stored: StoredRun) => readonly T[]) =>
    loaded.flatMap((stored) => partsOf(stored).map((part) => ({ ...part, run: stored.run.key })));
  await insert(
    client,
    `${schema}.journal`,
    of(({ journal }) => journal),
    [
      ['run', 'bigint', ({ run }) => run],
      ['position', 'bigint', ({ position }) => position],
      ['at', 'bigint', ({ at }) => at],
      ['count', 'bigint', ({ count }) => count],
      ['events', 'text', ({ events }) => events],
    ],
  );
  await insert(
    client,
    `${schema}.tag`,
    loaded.flatMap(({ run }) => run.tags.map((tag) => ({ run, tag }))),
    [
      ['run', 'bigint', ({ run }) => run.key],
      ['namespace', 'text', ({ run }) => run.namespace],
      ['tag', 'text', ({ tag }) => tag],
    ],
  );
  await insert(
    client,
    `${schema}.inbox`,
    of(({ inbox }) => inbox),
    [
      ['run', 'bigint', ({ run }) => run],
      ['number', 'bigint', ({ number }) => number],
      ['type', 'text', ({ fact }) => typeOf(fact)],
      ['fact', 'text', ({ fact }) => JSON.stringify(fact)],
    ],
  );
  await insert(
    client,
    `${schema}.callback`,
    of(({ callbacks }) => callbacks),
    [
      ['run', 'bigint', ({ run }) => run],
      ['callback', 'text', ({ callback }) => callback],
      ['op', 'text', ({ op }) => op],
    ],
  );
  await insert(
    client,
    `${schema}.outcome`,
    of(({ outcomes }) => outcomes),
    [
      ['run', 'bigint', ({ run }) => run],
      ['key', 'text', ({ key }) => key],
      ['value', 'text', ({ value }) => textOf(value)],
    ],
  );
  await insert(
    client,
    `${schema}.artifact`,
    loaded.flatMap(({ artifacts }) => artifacts),
    [
      ['namespace', 'text', ({ namespace }) => namespace],
      ['run', 'text', ({ run }) => run],
      ['name', 'text', ({ name }) => name],
      ['number', 'bigint', ({ number }) => number],
      ['size', 'bigint', ({ size }) => size],
      ['hash', 'text', ({ hash }) => hash],
      ['content_type', 'text', ({ contentType }) => contentType],
      ['created_at', 'bigint', ({ createdAt }) => createdAt],
    ],
  );
}

function isCancelledUnbegun({ run, inbox }: StoredRun): boolean {
  return run.startedAt === null && !isFinal(run.status) && inbox.some(({ fact }) => fact.type === 'cancel');
}

async function insert<T>(
  client: Client,
  table: string,
  rows: readonly T[],
  columns: readonly Column<T>[],
): Promise<readonly Record<string, Value>[]> {
  if (rows.length === 0) return [];
  const names = columns.map(([name]) => name).join();
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join();
  const values = columns.map(([, type, valueOf]) => {
    const column = rows.map(valueOf);
    return type === 'text' ? texts(column as (string | null)[]) : bigints(column as (number | null)[]);
  });
  const answer = await client.query(
    `insert into ${table} (${names}) select * from unnest(${arrays}) on conflict do nothing returning *`,
    values,
  );
  return answer.rows as Record<string, Value>[];
}
