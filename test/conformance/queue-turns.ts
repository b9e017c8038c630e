import { expect, test } from 'vitest';
import type { QueueLimits } from '../../packages/stepwell/src/model/queue.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { claim, claimIds, commit, end, get, newRun, register, release } from './fixtures.ts';

export function testQueueTurns(store: () => Store): void {
  const limit = (limits: QueueLimits, now = 1000) =>
    store().setQueue({ namespace: 'default', queue: 'default', limits, now });
  const put = (...ids: string[]) => store().start(ids.map((id) => newRun(id)));

  async function finish(id: string): Promise<void> {
    const { key } = await get(store(), id);
    const position = (await store().journal(key, 0, 1000)).length;
    expect(await commit(store(), key, position, { change: end('failed') })).toBe('stored');
  }

  async function rest(id: string, readyAt: number | null): Promise<void> {
    const { key } = await get(store(), id);
    const position = (await store().journal(key, 0, 1000)).length;
    expect(await commit(store(), key, position, { change: release({ readyAt }) })).toBe('stored');
  }

  test('no more runs begin in any stretch of the period than the rate says', async () => {
    await limit({ rate: { limit: 2, period: 1000 } });
    await register(store());
    await put('a', 'b', 'c', 'd', 'e');
    expect(await claimIds(store(), { now: 2000, limit: 1 })).toEqual(['a']);
    expect(await claimIds(store(), { now: 2600 })).toEqual(['b']);
    expect((await get(store(), 'c')).waitingFor).toEqual([
      { kind: 'rate', detail: 'of the queue "default" at most 2 begin in 1s', until: 3000 },
    ]);
    expect(await claim(store(), { now: 2999 })).toEqual({ runs: [], nextReadyAt: 3000 });
    expect(await claimIds(store(), { now: 3000 })).toEqual(['c']);
    expect(await claimIds(store(), { now: 3599 })).toEqual([]);
    expect(await claimIds(store(), { now: 4000 })).toEqual(['d', 'e']);
  });

  test('a rate holds no run that has begun', async () => {
    await limit({ rate: { limit: 1, period: 1000 } });
    await register(store());
    await put('a', 'b');
    expect(await claimIds(store())).toEqual(['a']);
    await rest('a', 2100);
    expect(await claimIds(store(), { now: 2200 })).toEqual(['a']);
  });

  test('a rate counts what began while it was in force', async () => {
    await limit({ concurrency: 9 });
    await register(store());
    await put('a', 'b', 'c', 'd');
    expect(await claimIds(store(), { limit: 2 })).toEqual(['a', 'b']);
    await limit({ rate: { limit: 1, period: 1000 } });
    expect(await claimIds(store())).toEqual(['c']);
    await limit({});
    await limit({ rate: { limit: 1, period: 1000 } });
    expect(await claimIds(store())).toEqual(['d']);
  });

  test('the limit of a key is that of the run, else of its queue, else 1', async () => {
    await limit({ perKey: 2 });
    await register(store());
    const keyed = (id: string, own: number | null, queue = 'default') =>
      newRun(id, { queue, concurrencyKey: `of ${queue}`, concurrencyLimit: own });
    await store().start([keyed('a', null), keyed('b', null), keyed('c', null), keyed('d', 3)]);
    await store().start([keyed('x', null, 'other'), keyed('y', null, 'other')]);
    expect((await claimIds(store())).toSorted()).toEqual(['a', 'b', 'd', 'x']);
    await limit({ perKey: 4 });
    expect(await claimIds(store())).toEqual(['c']);
  });

  test('keys take turns; one that comes late is not behind all that waits', async () => {
    await limit({ concurrency: 1 });
    await register(store());
    const of = (key: string, n: number) => newRun(`${key}${n}`, { concurrencyKey: key, concurrencyLimit: 9 });
    await store().start([1, 2, 3, 4].map((n) => of('big', n)));
    const order: string[] = [];
    const next = async () => {
      const [id = ''] = await claimIds(store());
      order.push(id);
      await finish(id);
    };
    await next();
    await store().start([of('small', 1), of('small', 2), newRun('none 1'), newRun('none 2')]);
    for (let n = 0; n < 7; n++) await next();
    expect(order).toEqual(['big1', 'big2', 'small1', 'none 1', 'big3', 'small2', 'none 2', 'big4']);
  });

  test('a run that comes later stands behind what its key has in line', async () => {
    await limit({ concurrency: 1 });
    await register(store());
    const of = (key: string, n: number) => newRun(`${key}${n}`, { concurrencyKey: key, concurrencyLimit: 9 });
    await store().start([of('a', 1), of('b', 1), of('a', 2)]);
    expect(await claimIds(store())).toEqual(['a1']);
    await store().start([of('a', 3), of('b', 2)]);
    const order: string[] = [];
    for (let last = 'a1'; order.length < 4; order.push(last)) {
      await finish(last);
      last = (await claimIds(store())).join();
    }
    expect(order).toEqual(['b1', 'a2', 'b2', 'a3']);
  });

  test('turns are within a priority; the more urgent goes first', async () => {
    await limit({ concurrency: 9 });
    await register(store());
    await store().start([newRun('a'), newRun('b'), newRun('urgent', { priority: 3 })]);
    expect(await claimIds(store(), { limit: 2 })).toEqual(['urgent', 'a']);
  });
}
