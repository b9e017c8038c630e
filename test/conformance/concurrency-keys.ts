import { expect, test } from 'vitest';
import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claim,
  claimIds,
  claimOnly,
  commit,
  deliver,
  end,
  get,
  newRun,
  register,
  release,
  REOPEN,
  start,
} from './fixtures.ts';

export function testConcurrencyKeys(store: () => Store): void {
  const shared = (id: string, given: Partial<NewRun> = {}) => newRun(id, { concurrencyKey: 'k', ...given });

  async function finish(id: string): Promise<void> {
    const { key } = await get(store(), id);
    const position = (await store().journal(key, 0, 1000)).length;
    expect(await commit(store(), key, position, { change: end('failed') })).toBe('stored');
  }

  test('runs of one key go one after the other, in the order of claims', async () => {
    await register(store());
    await store().start([shared('a'), shared('b'), newRun('free'), shared('urgent', { priority: 1 })]);
    expect(await claimIds(store())).toEqual(['urgent', 'free']);
    expect(await claimIds(store())).toEqual([]);
    await finish('urgent');
    expect(await claimIds(store())).toEqual(['a']);
    await finish('a');
    expect(await claimIds(store())).toEqual(['b']);
  });

  test('a run that waits its turn is queued, and says for what', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    expect((await get(store(), 'b')).waitingFor).toEqual([]);
    await claimIds(store());
    const waiting = {
      status: 'queued',
      owner: null,
      readyAt: 1000,
      waitingFor: [{ kind: 'concurrency', detail: 'k' }],
    };
    expect(await get(store(), 'b')).toMatchObject(waiting);
    expect((await store().query({ namespace: 'default', limit: 1 }))[0]).toMatchObject(waiting);
    await finish('a');
    expect((await get(store(), 'b')).waitingFor).toEqual([]);
  });

  test('as many run as the limit says', async () => {
    await register(store());
    await store().start(['a', 'b', 'c', 'd', 'e'].map((id) => shared(id, { concurrencyLimit: 2 })));
    expect(await claimIds(store())).toEqual(['a', 'b']);
    await finish('a');
    await finish('b');
    expect(await claimIds(store())).toEqual(['c', 'd']);
    await finish('c');
    expect(await claimIds(store())).toEqual(['e']);
  });

  test('a run that waits in its middle keeps its slot', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    const [key] = [(await get(store(), 'a')).key];
    await claimIds(store());
    await commit(store(), key, 0, { change: release({ readyAt: 5000 }) });
    expect(await claimIds(store(), { now: 3000 })).toEqual([]);
    expect(await claimIds(store(), { now: 5000 })).toEqual(['a']);
  });

  test('a run whose worker is gone keeps its slot', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    await claimIds(store());
    await store().retire('w1', 2500);
    await register(store(), { id: 'w2' });
    expect(await claimIds(store(), { worker: 'w2', now: 2500 })).toEqual(['a']);
  });

  test('each run goes by its own limit', async () => {
    await register(store());
    await store().start([
      shared('a', { concurrencyLimit: 3 }),
      shared('narrow', { concurrencyLimit: 1 }),
      shared('b', { concurrencyLimit: 3 }),
      shared('c', { concurrencyLimit: 3 }),
      shared('d', { concurrencyLimit: 3 }),
    ]);
    expect(await claimIds(store())).toEqual(['a', 'b', 'c']);
    await finish('a');
    expect(await claimIds(store())).toEqual(['d']);
    for (const id of ['b', 'c']) await finish(id);
    expect(await claimIds(store())).toEqual([]);
    await finish('d');
    expect(await claimIds(store())).toEqual(['narrow']);
  });

  test('keys of different namespaces have nothing to do with each other', async () => {
    await register(store());
    await store().start([shared('a', { namespace: 'one' }), shared('a', { namespace: 'two' })]);
    expect((await claim(store())).runs).toHaveLength(2);
  });

  test('the first in line may be nobody’s to run: the next one is given all the same', async () => {
    await register(store());
    await register(store(), { id: 'other', kinds: ['mail@1'] });
    await store().start([shared('a'), shared('mail', { workflow: 'mail' }), shared('b')]);
    const both = ['order@1', 'mail@1'];
    expect(await claimIds(store(), { kinds: both })).toEqual(['a']);
    await finish('a');
    expect(await claimIds(store())).toEqual(['b']);
    await finish('b');
    expect(await claimIds(store(), { worker: 'other', kinds: ['mail@1'] })).toEqual(['mail']);
  });

  test('many that wait do not hide one that can go', async () => {
    await register(store());
    await store().start(Array.from({ length: 150 }, (_, n) => shared(`run ${n}`)));
    await start(store(), 'last', { readyAt: 1999 });
    expect(await claimIds(store(), { limit: 2 })).toEqual(['run 0', 'last']);
  });

  test('a control fact for a run that waits its turn is there when it begins', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    await claimIds(store());
    const { key } = await get(store(), 'b');
    await deliver(store(), key, { type: 'pause' });
    expect(await claimIds(store(), { now: 5000 })).toEqual([]);
    await finish('a');
    expect((await claimOnly(store(), key, { now: 5000 })).facts).toEqual([
      { number: 1, fact: { type: 'pause' } },
    ]);
  });

  test('a run that is reopened needs a slot anew', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    await claimIds(store());
    await finish('a');
    expect(await claimIds(store())).toEqual(['b']);
    const { key } = await get(store(), 'a');
    await deliver(store(), key, REOPEN);
    expect(await claimIds(store(), { now: 5000 })).toEqual([]);
    await finish('b');
    expect(await claimIds(store(), { now: 5000 })).toEqual(['a']);
  });

  test('a child that is awaited has the slot of its parent', async () => {
    await register(store());
    await store().start([shared('parent'), shared('other')]);
    expect(await claimIds(store())).toEqual(['parent']);
    const { key } = await get(store(), 'parent');
    const child = (id: string, op: string | null, given: Partial<NewRun> = {}) => ({
      run: shared(id, { parent: { key, id: 'parent', op }, ...given }),
      refusal: { type: 'resume' } as const,
    });
    await commit(store(), key, 0, {
      starts: [child('awaited', 'run'), child('late', 'run#2', { readyAt: 9000 }), child('detached', null)],
    });
    expect(await claimIds(store())).toEqual(['awaited']);
    await finish('parent');
    expect(await claimIds(store())).toEqual([]);
    await finish('awaited');
    expect(await claimIds(store())).toEqual(['other']);
    await finish('other');
    expect(await claimIds(store(), { now: 9000 })).toEqual(['detached']);
    await finish('detached');
    expect(await claimIds(store(), { now: 9000 })).toEqual(['late']);
  });

  test('a run that is cancelled before it begins needs no slot', async () => {
    await register(store());
    await store().start([shared('a'), shared('b')]);
    await claimIds(store());
    await deliver(store(), (await get(store(), 'b')).key, CANCEL);
    expect((await get(store(), 'b')).waitingFor).toEqual([]);
    expect(await claimIds(store(), { now: 4000 })).toEqual(['b']);
  });
}
