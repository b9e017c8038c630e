import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  commit,
  deliver,
  EVENT,
  get,
  newRun,
  positions,
  release,
  start,
  startAndClaim,
  step,
  texts,
} from './fixtures.ts';

export function testCommitting(store: () => Store): void {
  test('appends events at a position', async () => {
    const key = await startAndClaim(store(), 'a');
    expect(await commit(store(), key, 0, { at: 3001 })).toBe('stored');
    const two = JSON.stringify([
      { type: 'status', text: 'x' },
      { type: 'status', text: 'y' },
    ]);
    expect(await commit(store(), key, 1, { at: 3002, count: 2, events: two })).toBe('stored');
    expect(await commit(store(), key, 3, { at: 3003 })).toBe('stored');
    expect(await store().journal(key, 0, 10)).toEqual([
      { position: 0, at: 3001, events: [{ type: 'status', text: 'at 0' }] },
      {
        position: 1,
        at: 3002,
        events: [
          { type: 'status', text: 'x' },
          { type: 'status', text: 'y' },
        ],
      },
      { position: 3, at: 3003, events: [{ type: 'status', text: 'at 3' }] },
    ]);
    expect(await store().journal(key, 2, 1)).toMatchObject([{ position: 1 }]);
    for (const from of [4, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])
      expect(await store().journal(key, from, 10)).toEqual([]);
  });

  test('an ordinary commit leaves the run as it is', async () => {
    const key = await startAndClaim(store(), 'a');
    const before = await get(store(), 'a');
    await commit(store(), key, 0);
    expect(await get(store(), 'a')).toEqual(before);
  });

  test('of two writers at one position the first wins', async () => {
    const key = await startAndClaim(store(), 'a');
    const mine = JSON.stringify([{ type: 'status', text: 'mine' }]);
    const theirs = JSON.stringify([{ type: 'status', text: 'theirs' }]);
    expect(await commit(store(), key, 0, { events: mine })).toBe('stored');
    expect(await commit(store(), key, 0, { events: theirs })).toBe('refused');
    expect(await texts(store(), key)).toEqual(['mine']);
  });

  test('of two writers at one position at the same time exactly one wins', async () => {
    const key = await startAndClaim(store(), 'a');
    const answers = await Promise.all(
      ['one', 'two'].map(async (text) => ({
        text,
        answer: await commit(store(), key, 0, { events: JSON.stringify([{ type: 'status', text }]) }),
      })),
    );
    const winners = answers.filter(({ answer }) => answer === 'stored').map(({ text }) => text);
    expect(winners).toHaveLength(1);
    expect(await texts(store(), key)).toEqual(winners);
  });

  test('refuses a commit for a run that never was', async () => {
    expect(await commit(store(), 4711, 0)).toBe('refused');
  });

  test('one refused commit leaves the others of its batch standing, in order', async () => {
    const a = await start(store(), 'a');
    const b = await start(store(), 'b');
    await commit(store(), a, 0);
    const answers = await store().commit([step(a, 1), step(a, 0), step(4711, 0), step(b, 0), step(a, 2)]);
    expect(answers).toEqual(['stored', 'refused', 'refused', 'stored', 'stored']);
    expect(await positions(store(), a)).toEqual([0, 1, 2]);
    expect(await positions(store(), b)).toEqual([0]);
  });

  test('a refused commit has done nothing at all', async () => {
    const key = await startAndClaim(store(), 'a');
    const other = await start(store(), 'other', { readyAt: 9000 });
    await commit(store(), key, 0);
    await deliver(store(), key);
    const before = [await get(store(), 'a'), await get(store(), 'other')];
    const refused = await commit(store(), key, 0, {
      taken: 1,
      open: [{ callback: 'cb', op: 'ask' }],
      starts: [{ run: newRun('child'), refusal: EVENT }],
      deliver: [{ run: { key: other }, fact: EVENT }],
      change: { progress: { percent: 50 }, statusText: 'no' },
    });
    expect(refused).toBe('refused');
    expect([await get(store(), 'a'), await get(store(), 'other')]).toEqual(before);
    expect(await store().facts(key, 0)).toHaveLength(1);
    expect(await store().facts(other, 0)).toEqual([]);
    expect(await store().get('default', 'child')).toBeNull();
    expect(await deliver(store(), { callback: 'cb' }, { type: 'heartbeat', callback: 'cb' })).toEqual({
      delivered: false,
      because: 'unknown',
    });
  });

  test('takes facts out of the inbox, up to a number', async () => {
    const key = await startAndClaim(store(), 'a');
    for (let n = 0; n < 3; n++) await deliver(store(), key);
    await commit(store(), key, 0, { taken: 2 });
    expect((await store().facts(key, 0)).map(({ number }) => number)).toEqual([3]);
    await deliver(store(), key);
    expect((await store().facts(key, 0)).map(({ number }) => number)).toEqual([3, 4]);
    expect((await get(store(), 'a')).delivered).toBe(4);
  });

  test('keeps the latest progress and status text', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, {
      change: { progress: { stage: 'pack', percent: 10 }, statusText: 'packing' },
    });
    await commit(store(), key, 1, { change: { progress: { percent: 20 } } });
    const run = await get(store(), 'a');
    expect(run.progress).toEqual({ percent: 20 });
    expect(run.statusText).toBe('packing');
    expect(run.status).toBe('running');
  });

  test('delivers facts to other runs, by key and by id, and drops those for runs that are gone', async () => {
    const key = await startAndClaim(store(), 'a');
    const byKey = await start(store(), 'by key');
    const byId = await start(store(), 'by id');
    const answer = await commit(store(), key, 0, {
      deliver: [
        { run: { key: byKey }, fact: EVENT },
        { run: { namespace: 'default', id: 'by id' }, fact: EVENT },
        { run: { key: 4711 }, fact: EVENT },
        { run: { namespace: 'default', id: 'nobody' }, fact: EVENT },
      ],
    });
    expect(answer).toBe('stored');
    expect(await store().facts(byKey, 0)).toEqual([{ number: 1, fact: EVENT }]);
    expect(await store().facts(byId, 0)).toEqual([{ number: 1, fact: EVENT }]);
  });

  test('a fact from a commit makes its run ready at the time of the commit', async () => {
    const waiting = await startAndClaim(store(), 'waiting');
    await commit(store(), waiting, 0, { change: release() });
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { at: 3333, deliver: [{ run: { key: waiting }, fact: EVENT }] });
    expect((await get(store(), 'waiting')).readyAt).toBe(3333);
  });
}
