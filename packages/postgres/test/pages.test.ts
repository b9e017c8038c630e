import { expect, test } from 'vitest';
import type { RunStatus, Store } from 'stepwell/engine';
import { commit, end, newRun, startAndClaim } from '../../../test/conformance/fixtures.ts';
import { connect, newSchema, openStore, waiter } from './database.ts';

const OLD = ['a', 'b', 'c'];

/** Three runs that have failed, and so many after them that are queued that a page of the failed has to be looked for. */
async function openFilled(schema: string): Promise<Store> {
  const store = await openStore(schema);
  for (const id of OLD) {
    const run = await startAndClaim(store, id);
    await commit(store, run, 0, { change: end('failed') });
  }
  await store.start(Array.from({ length: 40 }, (_, n) => newRun(`run ${n}`)));
  return store;
}

async function failed(store: Store, limit: number, statuses: readonly RunStatus[] = ['failed']) {
  return (await store.query({ namespace: 'default', statuses, limit })).map(({ id }) => id);
}

test('a status that is named twice leaves nothing out', async () => {
  const store = await openFilled(newSchema());
  expect(await failed(store, 2, ['failed', 'failed'])).toEqual(['c', 'b']);
  expect(await failed(store, 3, ['failed', 'stuck', 'failed', 'stuck', 'failed'])).toEqual(['c', 'b', 'a']);
});

test('a page is of one moment: a run that is purged meanwhile does not make it shorter, as the last one is', async () => {
  const schema = newSchema();
  const store = await openFilled(schema);
  const client = await connect();
  await client.query(`begin; lock table ${schema}.queue in access exclusive mode`);
  // Its keys are found; then it waits for a look at the settings of queues.
  const page = failed(store, 2);
  await waiter(client);
  await client.query(`select ${schema}.purge('default', 'c'); commit`);
  expect(await page).toEqual(['c', 'b']);
});
