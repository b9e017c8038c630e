import { expect, onTestFinished, test } from 'vitest';
import type { Client } from 'pg';
import type { Store } from 'stepwell/engine';
import { end, newRun, step } from '../../../test/conformance/fixtures.ts';
import { connect, newSchema, openStore, waiter } from './database.ts';

// Two transactions at one concurrency key, stopped at the moment that matters.

async function openTwo(): Promise<{ schema: string; one: Store; other: Store; client: Client }> {
  const schema = newSchema();
  const [one, other] = [await openStore(schema), await openStore(schema)];
  const lease = { startedAt: 1, heartbeatAt: 1, expiresAt: 1_000_000 };
  for (const id of ['w1', 'w2']) {
    await one.register({ id, name: id, kinds: ['order@1'], queues: null, ...lease });
  }
  return { schema, one, other, client: await connect() };
}

/** Stops whoever changes a run in that way, until the answer is called. */
async function stopAt(client: Client, schema: string, change: string): Promise<() => Promise<void>> {
  const door = 4711;
  await client.query('select pg_advisory_lock($1)', [door]);
  await client.query(`
    create function ${schema}.stop() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(${door}); return new; end $$;
    create trigger stop before update on ${schema}.run for each row when (${change})
      execute function ${schema}.stop()`);
  let open = false;
  const release = async () => {
    if (!open) await client.query('select pg_advisory_unlock($1)', [door]);
    open = true;
  };
  onTestFinished(release);
  return release;
}

async function waiting(client: Client): Promise<number> {
  const { rowCount } = await client.query(
    "select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
  );
  return rowCount ?? 0;
}

function claim(store: Store, worker: string, limit = 1) {
  return store.claim({ worker, kinds: ['order@1'], queues: null, limit, now: 5_000 });
}

const keyed = (id: string) => newRun(id, { concurrencyKey: 'k', concurrencyLimit: 1 });

test('while one claim takes the last slot of a key, another does not give it away too', async () => {
  const { schema, one, other, client } = await openTwo();
  await one.start([keyed('a'), keyed('b')]);
  const release = await stopAt(client, schema, 'old.owner is null and new.owner is not null');
  const first = claim(one, 'w1');
  await expect.poll(() => waiting(client)).toBe(1);
  // It does not know yet whether there is a slot, and is to look again.
  expect(await claim(other, 'w2')).toEqual({ runs: [], nextReadyAt: 5_000 });
  await release();
  expect((await first).runs).toHaveLength(1);
  expect(await claim(other, 'w2')).toEqual({ runs: [], nextReadyAt: null });
});

test('a slot that becomes free while a claim finds none is not forgotten', async () => {
  const { schema, one, other, client } = await openTwo();
  await one.start([keyed('a'), keyed('b')]);
  const [first] = (await claim(one, 'w1')).runs;
  const release = await stopAt(client, schema, 'old.blocked_at is null and new.blocked_at is not null');
  const blocking = claim(one, 'w1');
  await expect.poll(() => waiting(client)).toBe(1);
  let isStored = false;
  const ending = other.commit([step(first!.run.key, 0, { change: end() })]).finally(() => (isStored = true));
  await expect.poll(async () => isStored || (await waiting(client)) === 2).toBe(true);
  await release();
  expect((await blocking).runs).toEqual([]);
  expect(await ending).toEqual(['stored']);
  expect((await claim(other, 'w2')).runs.map(({ run }) => run.id)).toEqual(['b']);
});

test('whoever gives a slot back has not locked the next run before its own, which is older', async () => {
  const { schema, one, client } = await openTwo();
  const [a, b] = (await one.start([keyed('a'), keyed('b')])).map((answer) =>
    answer.created ? answer.key : -1,
  );
  await claim(one, 'w1');
  expect((await claim(one, 'w2')).runs).toEqual([]);
  const locked = (run: number) =>
    client.query(`select 1 from ${schema}.run where key = ${run} for no key update nowait`);
  await client.query('begin');
  await locked(a!);
  const answer = one.commit([step(a!, 0, { change: end() })]);
  await waiter(client);
  // In the other order, each of the two would wait for the other here.
  await locked(b!);
  await client.query('commit');
  expect(await answer).toEqual(['stored']);
  expect((await claim(one, 'w2')).runs.map(({ run }) => run.key)).toEqual([b]);
});
