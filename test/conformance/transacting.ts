import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { commit, end, start, startAndClaim } from './fixtures.ts';

export function testTransacting(store: () => Store): void {
  test('an outcome is kept under its key, and the work is not done again', async () => {
    const run = await start(store(), 'a');
    let done = 0;
    const work = () => ({ n: ++done, text: 'ü\u2028' });
    expect(await store().transact(run, 'book', work)).toEqual({ n: 1, text: 'ü\u2028' });
    expect(await store().transact(run, 'book', work)).toEqual({ n: 1, text: 'ü\u2028' });
    expect(await store().transact(run, 'book~2', work)).toEqual({ n: 2, text: 'ü\u2028' });
    expect(await store().transact(await start(store(), 'b'), 'book', work)).toEqual({
      n: 3,
      text: 'ü\u2028',
    });
    expect(done).toBe(3);
  });

  test('tells an outcome of null from none', async () => {
    const run = await start(store(), 'a');
    for (let n = 0; n < 2; n++) {
      expect(await store().transact(run, 'null', () => null)).toBeNull();
      expect(await store().transact(run, 'none', () => undefined)).toBeUndefined();
    }
    expect((await store().dump(0, 1))[0]!.outcomes).toEqual([
      { key: 'none', value: undefined },
      { key: 'null', value: null },
    ]);
  });

  test('what the work throws comes back as it is, and nothing is kept', async () => {
    const run = await start(store(), 'a');
    const error = new Error('sold out');
    const failing = () => {
      throw error;
    };
    await expect(store().transact(run, 'book', failing)).rejects.toBe(error);
    expect(await store().transact(run, 'book', () => 'in the end')).toBe('in the end');
  });

  test('of two at the same time one is kept, and both answer it', async () => {
    const run = await start(store(), 'a');
    let done = 0;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => store().transact(run, 'book', () => ++done)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await store().transact(run, 'book', () => 99)).toBe(answers[0]);
  });

  test('other calls of the same moment stand when a transaction fails', async () => {
    const key = await startAndClaim(store(), 'a');
    const failing = store().transact(key, 'book', () => {
      throw new Error('no');
    });
    const stored = commit(store(), key, 0);
    await expect(failing).rejects.toThrow('no');
    expect(await stored).toBe('stored');
    expect(await store().journal(key, 0, 10)).toHaveLength(1);
  });

  test('outcomes go with their run', async () => {
    const key = await startAndClaim(store(), 'a');
    await store().transact(key, 'book', () => 1);
    await commit(store(), key, 0, { change: end() });
    await store().purge('default', 'a');
    await expect(store().transact(key, 'book', () => 2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const again = await start(store(), 'a');
    expect(await store().transact(again, 'book', () => 3)).toBe(3);
  });
}
