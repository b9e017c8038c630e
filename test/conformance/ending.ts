import { expect, test } from 'vitest';
import { FINAL_STATUSES } from '../../packages/stepwell/src/model/run.ts';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claimIds,
  claimOnly,
  commit,
  deliver,
  end,
  EVENT,
  FAILURE,
  get,
  newRun,
  REOPEN,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testEnding(store: () => Store): void {
  test.each(FINAL_STATUSES)('a run ends as %s', async (status) => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, {
      change: end(status, { output: { paid: true }, error: FAILURE, continuedBy: 'b', endedAt: 3456 }),
    });
    expect(await get(store(), 'a')).toMatchObject({
      status,
      owner: null,
      readyAt: null,
      output: { paid: true },
      error: FAILURE,
      continuedBy: 'b',
      startedAt: 2000,
      endedAt: 3456,
      waitingFor: [],
    });
    expect(await claimIds(store(), { now: 1e12 })).toEqual([]);
  });

  test('tells an output of null from none', async () => {
    const a = await startAndClaim(store(), 'a');
    await commit(store(), a, 0, { change: end('succeeded', { output: null }) });
    expect((await get(store(), 'a')).output).toBeNull();
    const b = await startAndClaim(store(), 'b');
    await commit(store(), b, 0, { change: end('succeeded', { output: undefined }) });
    expect((await get(store(), 'b')).output).toBeUndefined();
  });

  test('keeps the last progress', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: { progress: { percent: 90 }, statusText: 'nearly', ...end() } });
    expect(await get(store(), 'a')).toMatchObject({ progress: { percent: 90 }, statusText: 'nearly' });
  });

  test.each(['failed', 'cancelled', 'timed_out'] as const)(
    'events stay for a retry of a run that has ended as %s; nothing else does',
    async (status) => {
      const key = await startAndClaim(store(), 'a');
      await deliver(store(), key, CANCEL);
      await deliver(store(), key, EVENT);
      await deliver(store(), key, { type: 'resume' });
      await commit(store(), key, 0, { change: end(status) });
      expect(await store().facts(key, 0)).toEqual([{ number: 2, fact: EVENT }]);
      await deliver(store(), key, REOPEN);
      expect((await claimOnly(store(), key, { now: 5000 })).facts).toEqual([
        { number: 2, fact: EVENT },
        { number: 4, fact: REOPEN },
      ]);
    },
  );

  test('what is left in the inbox of a run that is continued goes to the run that goes on for it', async () => {
    const key = await startAndClaim(store(), 'a');
    const outcome = { ok: true, value: 1 } as const;
    await deliver(store(), key, EVENT);
    await deliver(store(), key, { type: 'child', op: 'c', child: 'c', outcome });
    await deliver(store(), key, CANCEL);
    await commit(store(), key, 0, {
      taken: 0,
      starts: [{ run: newRun('b', { createdAt: 3000, readyAt: 3000 }), refusal: EVENT }],
      deliver: [{ run: { namespace: 'default', id: 'b' }, fact: { ...EVENT, name: 'earlier' } as Fact }],
      change: end('continued', { continuedBy: 'b' }),
    });
    expect(await store().facts(key, 0)).toEqual([]);
    const { key: next } = await get(store(), 'b');
    expect((await store().facts(next, 0)).map(({ fact }) => fact)).toEqual([
      { ...EVENT, name: 'earlier' },
      EVENT,
      CANCEL,
    ]);
  });

  test('the inbox is emptied', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key);
    await commit(store(), key, 0, { change: end() });
    expect(await store().facts(key, 0)).toEqual([]);
  });

  test('facts for a run that has ended are refused, also inside a commit', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end() });
    expect(await deliver(store(), key)).toEqual({ delivered: false, because: 'ended' });
    expect(await deliver(store(), key, CANCEL)).toEqual({ delivered: false, because: 'ended' });
    const other = await start(store(), 'b');
    expect(await commit(store(), other, 0, { deliver: [{ run: { key }, fact: EVENT }] })).toBe('stored');
    expect(await store().facts(key, 0)).toEqual([]);
    expect((await get(store(), 'a')).delivered).toBe(0);
  });

  test.each(['failed', 'cancelled', 'timed_out'] as const)(
    'a run that ended as %s can be reopened',
    async (status) => {
      const key = await startAndClaim(store(), 'a');
      await deliver(store(), key);
      await commit(store(), key, 0, { taken: 1, change: end(status, { output: 1, error: FAILURE }) });
      expect(await deliver(store(), key, REOPEN, 5000)).toEqual({ delivered: true, run: key });
      const run = await get(store(), 'a');
      expect(run).toMatchObject({
        status: 'queued',
        readyAt: 5000,
        owner: null,
        endedAt: null,
        delivered: 2,
      });
      expect([run.output, run.error]).toEqual([undefined, undefined]);
      const claimed = await claimOnly(store(), key, { now: 5000 });
      expect(claimed.facts).toEqual([{ number: 2, fact: REOPEN }]);
      expect(claimed.journal).toHaveLength(1);
      expect(claimed.run.startedAt).toBe(2000);
      expect(await commit(store(), key, 1)).toBe('stored');
    },
  );

  test.each(['succeeded', 'continued'] as const)('a run that ended as %s cannot', async (status) => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end(status) });
    expect(await deliver(store(), key, REOPEN)).toEqual({ delivered: false, because: 'ended' });
    expect((await get(store(), 'a')).status).toBe(status);
  });

  test('a run that has not ended cannot be reopened', async () => {
    const key = await startAndClaim(store(), 'a');
    expect(await deliver(store(), key, REOPEN)).toEqual({ delivered: false, because: 'active' });
    expect(await store().facts(key, 0)).toEqual([]);
  });
}
