import { expect, test } from 'vitest';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claimIds,
  claimOnly,
  deliver,
  EVENT,
  get,
  register,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testDelivering(store: () => Store): void {
  test('numbers the facts of a run in the order in which they came', async () => {
    const a = await startAndClaim(store(), 'a');
    const b = await startAndClaim(store(), 'b');
    const events = ['one', 'two', 'three'].map((name): Fact => ({ type: 'event', name }));
    await store().deliver([
      ...events.slice(0, 2).map((fact) => ({ to: { key: a }, now: 4000, fact })),
      { to: { key: b }, now: 4000, fact: CANCEL },
    ]);
    await deliver(store(), a, events[2]);
    expect(await store().facts(a, 0)).toEqual(events.map((fact, index) => ({ number: index + 1, fact })));
    expect(await store().facts(a, 2)).toEqual([{ number: 3, fact: events[2] }]);
    expect(await store().facts(b, 0)).toEqual([{ number: 1, fact: CANCEL }]);
    expect((await get(store(), 'a')).delivered).toBe(3);
  });

  test('keeps facts as they were given', async () => {
    const key = await startAndClaim(store(), 'a');
    const facts: Fact[] = [
      { type: 'event', name: 'e', value: { deep: [null, 'ü', 1.5] }, id: 'once' },
      { type: 'event', name: 'no value' },
      { type: 'child', op: 'c', child: 'child-1', outcome: { ok: true, value: null } },
      { type: 'cancel', cause: 'parent', reason: 'enough' },
      { type: 'pause' },
    ];
    for (const fact of facts) await deliver(store(), key, fact);
    expect((await store().facts(key, 0)).map(({ fact }) => fact)).toEqual(facts);
  });

  test('finds a run by key or by id', async () => {
    const key = await startAndClaim(store(), 'a');
    const answer = { delivered: true, run: key };
    expect(await deliver(store(), { key })).toEqual(answer);
    expect(await deliver(store(), { namespace: 'default', id: 'a' })).toEqual(answer);
  });

  test('an unknown run is told from one that has ended', async () => {
    const unknown = { delivered: false, because: 'unknown' };
    await start(store(), 'a');
    expect(await deliver(store(), 4711)).toEqual(unknown);
    expect(await deliver(store(), { namespace: 'elsewhere', id: 'a' })).toEqual(unknown);
  });

  test('answers in the order of the deliveries; one that fails leaves the others standing', async () => {
    const key = await start(store(), 'a');
    const answers = await store().deliver([
      { to: { key: 4711 }, now: 4000, fact: EVENT },
      { to: { key }, now: 4000, fact: EVENT },
    ]);
    expect(answers.map(({ delivered }) => delivered)).toEqual([false, true]);
  });

  test('a running run stays with its owner', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key);
    expect(await get(store(), 'a')).toMatchObject({ status: 'running', owner: 'w1', readyAt: null });
    expect(await claimIds(store(), { now: 5000 })).toEqual([]);
  });

  test('an event does not cut short the delay of a run that has not begun', async () => {
    await register(store());
    const key = await start(store(), 'a', { readyAt: 9000 });
    expect(await deliver(store(), key, EVENT, 4000)).toEqual({ delivered: true, run: key });
    expect((await get(store(), 'a')).readyAt).toBe(9000);
    expect((await claimOnly(store(), key, { now: 9000 })).facts).toEqual([{ number: 1, fact: EVENT }]);
  });

  test('a control fact does', async () => {
    await register(store());
    const key = await start(store(), 'a', { readyAt: 9000 });
    await deliver(store(), key, CANCEL, 4000);
    expect((await get(store(), 'a')).readyAt).toBe(4000);
    expect(await claimIds(store(), { now: 4000 })).toEqual(['a']);
  });

  test('a run that is ready already keeps its place in line', async () => {
    const key = await start(store(), 'a', { readyAt: 1000 });
    await deliver(store(), key, CANCEL, 4000);
    expect((await get(store(), 'a')).readyAt).toBe(1000);
  });
}
