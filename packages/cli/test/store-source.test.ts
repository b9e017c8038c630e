import type { StoreReader, StoredRun } from 'stepwell/engine';
import { testEngine } from 'stepwell/testing';
import { workflow } from 'stepwell';
import { expect, test } from 'vitest';
import { StoreSource } from '../src/export/store-source.ts';

const hello = workflow('hello', (ctx) => ctx.waitForEvent('go'));

/** A store in which a run moves on between the first reads. */
async function moving(reads: number): Promise<StoreReader> {
  const engine = await testEngine({ workflows: [hello] });
  await engine.start(hello, undefined, { id: 'r' });
  await engine.clock.settle();
  let read = 0;
  const dump: StoreReader['dump'] = async (after, limit) => {
    const stored = await engine.store.dump(after, limit);
    if (read++ >= reads) return stored;
    const fact = { number: 1, fact: { type: 'event', name: `read ${read}` } } as const;
    return stored.map((one): StoredRun => ({ ...one, inbox: [fact] }));
  };
  return { ...engine.store, get: (...args) => engine.store.get(...args), dump };
}

test('a run that moves on while it is read is read again until it stands still', async () => {
  const { inbox } = await new StoreSource(await moving(5), 'default').exported('r');
  expect(inbox).toEqual([]);
});

test('one that never stands still is not exported half', async () => {
  await expect(new StoreSource(await moving(1_000), 'default').exported('r')).rejects.toMatchObject({
    code: 'RUN_NOT_ENDED',
    message: expect.stringContaining('Pause it'),
  });
});

test('a run that is not there', async () => {
  await expect(new StoreSource(await moving(0), 'default').exported('other')).rejects.toMatchObject({
    code: 'RUN_NOT_FOUND',
  });
});
