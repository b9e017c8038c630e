import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { CallbackFact } from '../../packages/stepwell/src/store/delivery.ts';
import {
  claimOnly,
  commit,
  deliver,
  end,
  get,
  positions,
  register,
  release,
  start,
  startAndClaim,
} from './fixtures.ts';

const COMPLETION: CallbackFact = { type: 'callback', callback: 'cb', outcome: { ok: true, value: 'yes' } };
const HEARTBEAT: CallbackFact = { type: 'heartbeat', callback: 'cb' };
const UNKNOWN = { delivered: false, because: 'unknown' };

export function testCallbacks(store: () => Store): void {
  async function runWithCallback(): Promise<number> {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { open: [{ callback: 'cb', op: 'group/approval' }] });
    return key;
  }

  test('a completion becomes a fact of the operation that opened the callback', async () => {
    const key = await runWithCallback();
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual({ delivered: true, run: key });
    expect(await store().facts(key, 0)).toEqual([
      { number: 1, fact: { ...COMPLETION, op: 'group/approval' } },
    ]);
  });

  test('a callback is completed once', async () => {
    const key = await runWithCallback();
    await deliver(store(), { callback: 'cb' }, COMPLETION);
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual(UNKNOWN);
    expect(await store().facts(key, 0)).toHaveLength(1);
  });

  test('of two completions at the same time one is taken', async () => {
    const key = await runWithCallback();
    const answers = await store().deliver([
      { to: { callback: 'cb' }, now: 4000, fact: COMPLETION },
      { to: { callback: 'cb' }, now: 4000, fact: COMPLETION },
    ]);
    expect(answers).toEqual([{ delivered: true, run: key }, UNKNOWN]);
  });

  test('heartbeats leave it open', async () => {
    const key = await runWithCallback();
    await deliver(store(), { callback: 'cb' }, HEARTBEAT);
    await deliver(store(), { callback: 'cb' }, HEARTBEAT);
    await deliver(store(), { callback: 'cb' }, COMPLETION);
    expect(await deliver(store(), { callback: 'cb' }, HEARTBEAT)).toEqual(UNKNOWN);
    expect((await store().facts(key, 0)).map(({ fact }) => fact)).toEqual([
      { ...HEARTBEAT, op: 'group/approval' },
      { ...HEARTBEAT, op: 'group/approval' },
      { ...COMPLETION, op: 'group/approval' },
    ]);
  });

  test('a completion wakes a run that waits', async () => {
    const key = await runWithCallback();
    await commit(store(), key, 1, { change: release() });
    await deliver(store(), { callback: 'cb' }, COMPLETION, 4200);
    expect((await get(store(), 'a')).readyAt).toBe(4200);
    expect((await claimOnly(store(), key, { now: 4200 })).facts).toHaveLength(1);
  });

  test('a callback that never was is unknown', async () => {
    expect(await deliver(store(), { callback: 'nobody' }, COMPLETION)).toEqual(UNKNOWN);
  });

  test('a callback that was closed is unknown', async () => {
    const key = await runWithCallback();
    expect(await commit(store(), key, 1, { close: ['cb'] })).toBe('stored');
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual(UNKNOWN);
  });

  test('closing one that has been completed refuses the whole commit', async () => {
    const key = await runWithCallback();
    await commit(store(), key, 1, { open: [{ callback: 'other', op: 'other' }] });
    await deliver(store(), { callback: 'cb' }, COMPLETION);
    const answer = await commit(store(), key, 2, {
      taken: 1,
      open: [{ callback: 'third', op: 'third' }],
      close: ['other', 'cb'],
      change: end(),
    });
    expect(answer).toBe('refused');
    expect(await positions(store(), key)).toEqual([0, 1]);
    expect((await get(store(), 'a')).status).toBe('running');
    expect(await store().facts(key, 0)).toHaveLength(1);
    const other = { ...HEARTBEAT, callback: 'other' };
    expect(await deliver(store(), { callback: 'other' }, other)).toEqual({ delivered: true, run: key });
    expect(await deliver(store(), { callback: 'third' }, { ...HEARTBEAT, callback: 'third' })).toEqual(
      UNKNOWN,
    );
  });

  test('a commit that was refused for its callbacks leaves the others of its batch standing', async () => {
    const key = await runWithCallback();
    const other = await start(store(), 'b');
    const shape = {
      at: 3000,
      count: 1,
      events: '[{"type":"run.resumed"}]',
      taken: 0,
      open: [],
      starts: [],
      deliver: [],
      change: null,
    };
    const answers = await store().commit([
      { ...shape, run: key, position: 1, close: ['never'] },
      { ...shape, run: other, position: 0, close: [] },
      { ...shape, run: key, position: 1, close: ['cb'] },
    ]);
    expect(answers).toEqual(['refused', 'stored', 'stored']);
  });

  test('a commit at a taken position closes nothing', async () => {
    const key = await runWithCallback();
    expect(await commit(store(), key, 0, { close: ['cb'] })).toBe('refused');
    expect(await deliver(store(), { callback: 'cb' }, HEARTBEAT)).toEqual({ delivered: true, run: key });
  });

  test('one run cannot close the callback of another', async () => {
    await runWithCallback();
    const other = await start(store(), 'b');
    expect(await commit(store(), other, 0, { close: ['cb'] })).toBe('refused');
  });

  test('a callback that begins and ends in one commit was never open', async () => {
    const key = await startAndClaim(store(), 'a');
    const answer = await commit(store(), key, 0, { open: [{ callback: 'cb', op: 'ask' }], close: ['cb'] });
    expect(answer).toBe('stored');
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual(UNKNOWN);
  });

  test('the end of a run closes its callbacks, and only its own', async () => {
    const key = await runWithCallback();
    const other = await start(store(), 'b');
    await commit(store(), other, 0, { open: [{ callback: 'of b', op: 'ask' }] });
    await commit(store(), key, 1, { change: end() });
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual(UNKNOWN);
    const answer = await deliver(store(), { callback: 'of b' }, { ...COMPLETION, callback: 'of b' });
    expect(answer).toEqual({ delivered: true, run: other });
  });

  test('a completion waits in the inbox of a paused run', async () => {
    const key = await runWithCallback();
    await register(store());
    await commit(store(), key, 1, { change: release({ status: 'paused' }) });
    expect(await deliver(store(), { callback: 'cb' }, COMPLETION)).toEqual({ delivered: true, run: key });
    expect(await get(store(), 'a')).toMatchObject({ status: 'paused', readyAt: null, delivered: 1 });
  });
}
