import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { FeedCommit, FeedRequest } from '../../packages/stepwell/src/store/feed.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { commit, end, newRun, release, start, startAndClaim, step } from './fixtures.ts';

export function testFeeding(store: () => Store): void {
  const page = (after: string | null, given: Partial<FeedRequest> = {}) =>
    store().feed({ namespace: 'default', after, limit: 100, ...given });

  /** All that there is, in pages of that size. */
  const all = async (limit: number, given: Partial<FeedRequest> = {}): Promise<FeedCommit[]> => {
    const found: FeedCommit[] = [];
    for (let after = '', more = true; more; ) {
      const next = await page(after, { ...given, limit });
      found.push(...next.commits);
      ({ cursor: after, more } = next);
    }
    return found;
  };
  const short = (commits: readonly FeedCommit[]) =>
    commits.map(({ id, commit: { position } }) => `${id} ${position}`);

  /** Two runs with four commits each, written in turns, the first of them several at once. */
  const write = async () => {
    const a = await startAndClaim(store(), 'a');
    const b = await startAndClaim(store(), 'b', { workflow: 'order', tags: ['vip'] });
    for (let n = 0; n < 3; n++) await store().commit([step(b, n), step(a, n)]);
    await commit(store(), b, 3);
    await commit(store(), a, 3, { change: end() });
    return { a, b };
  };

  test('commits of all runs come once each, those of a run in their order', async () => {
    const { a } = await write();
    const found = await all(100);
    expect(short(found).toSorted()).toEqual([0, 1, 2, 3].flatMap((n) => [`a ${n}`, `b ${n}`]).toSorted());
    for (const id of ['a', 'b'])
      expect(short(found).filter((one) => one.startsWith(id))).toEqual([0, 1, 2, 3].map((n) => `${id} ${n}`));
    // By the transactions that wrote them.
    expect(new Set(short(found).slice(0, 2))).toEqual(new Set(['a 0', 'b 0']));
    expect(found.find(({ id }) => id === 'a')).toEqual({
      run: a,
      id: 'a',
      workflow: 'order',
      version: '1',
      tags: [],
      commit: (await store().journal(a, 0, 1))[0],
      cursor: expect.any(String),
    });
    expect(found.find(({ id }) => id === 'b')!.tags).toEqual(['vip']);
  });

  test('pages of any size have the same, and every cursor goes on right after its commit', async () => {
    await write();
    const found = await all(100);
    for (const limit of [1, 2, 3, 5, 8]) expect(short(await all(limit))).toEqual(short(found));
    for (const [n, { cursor }] of found.entries())
      expect(short((await page(cursor)).commits)).toEqual(short(found.slice(n + 1)));
  });

  test('from now on there is what is written from now on', async () => {
    await write();
    const { commits, cursor, more } = await page(null);
    expect([commits, more]).toEqual([[], false]);
    expect(await page(cursor)).toMatchObject({ commits: [], more: false });
    const c = await startAndClaim(store(), 'c');
    await commit(store(), c, 0);
    const next = await page(cursor);
    expect(short(next.commits)).toEqual(['c 0']);
    expect((await page(next.cursor)).commits).toEqual([]);
  });

  test('what was refused does not come', async () => {
    const a = await startAndClaim(store(), 'a');
    await commit(store(), a, 0);
    const { cursor } = await page('');
    expect(await commit(store(), a, 0)).toBe('refused');
    expect(await commit(store(), 4711, 0)).toBe('refused');
    await commit(store(), a, 1);
    expect(short((await page(cursor)).commits)).toEqual(['a 1']);
  });

  test('by namespace, workflow and tag; what is passed over is not looked at again', async () => {
    await write();
    const elsewhere = await start(store(), 'x', { namespace: 'other' });
    await store().commit([step(elsewhere, 0)]);
    const mail = await start(store(), 'mail', { workflow: 'mail' });
    await store().commit([step(mail, 0)]);
    expect(short(await all(3, { namespace: 'other' }))).toEqual(['x 0']);
    expect(short(await all(3, { workflow: 'mail' }))).toEqual(['mail 0']);
    expect(short(await all(2, { tag: 'vip' }))).toEqual(['b 0', 'b 1', 'b 2', 'b 3']);
    expect(await all(2, { tag: 'vip', workflow: 'mail' })).toEqual([]);
    const first = await page('', { workflow: 'mail', limit: 4 });
    expect(first).toMatchObject({ commits: [], more: true });
    expect(short((await page(first.cursor)).commits)).not.toContain('a 0');
    await store().commit([step(mail, 1, { change: { tags: ['late'] } })]);
    expect(short(await all(9, { tag: 'late' }))).toEqual(['mail 0', 'mail 1']);
  });

  test('a journal that a run begins with comes, and what is loaded', async () => {
    const { cursor } = await page(null);
    const events = JSON.stringify([{ type: 'status', text: 'one' }]);
    await start(store(), 'forked', { journal: { at: 900, count: 1, events } });
    const next = await page(cursor);
    expect(next.commits).toMatchObject([
      { id: 'forked', commit: { position: 0, at: 900, events: [{ text: 'one' }] } },
    ]);
    const memory = openMemoryStore();
    const copied = await startAndClaim(memory, 'copied');
    for (const position of [0, 1, 2]) await commit(memory, copied, position);
    await commit(memory, copied, 3, { change: release() });
    const stored = await memory.dump(0, 9);
    await store().load(stored.map((one) => ({ ...one, run: { ...one.run, key: one.run.key + 4711 } })));
    expect(short((await page(next.cursor)).commits)).toEqual([0, 1, 2, 3].map((n) => `copied ${n}`));
  });

  test('what was purged is gone, and nothing that comes after it is missed', async () => {
    const { a } = await write();
    const b = (await store().get('default', 'b'))!.key;
    const before = await page('');
    // The newest of all is a's.
    expect(await store().purge('default', 'a')).toBe(true);
    expect(short(await all(3))).toEqual([0, 1, 2, 3].map((n) => `b ${n}`));
    const now = await page(null);
    await commit(store(), b, 4, { change: end() });
    for (const { cursor } of [before, now]) expect(short((await page(cursor)).commits)).toEqual(['b 4']);
    const seen = await page('');
    await store().purge('default', 'b');
    expect(await page(seen.cursor)).toMatchObject({ commits: [], more: false });
    const c = await startAndClaim(store(), 'c');
    expect(c).not.toBe(a);
    await commit(store(), c, 0);
    for (const { cursor } of [before, now, seen])
      expect(short((await page(cursor)).commits)).toEqual(['c 0']);
  });

  test('pages until a cursor have what came before it, and end there', async () => {
    const a = await startAndClaim(store(), 'a');
    for (const n of [0, 1, 2]) await commit(store(), a, n);
    const { cursor: until } = await page(null);
    for (const n of [3, 4]) await commit(store(), a, n);
    const found: FeedCommit[] = [];
    let next = await page('', { until, limit: 2 });
    found.push(...next.commits);
    while (next.more) {
      next = await page(next.cursor, { until, limit: 2 });
      found.push(...next.commits);
    }
    expect([short(found), next.cursor]).toEqual([['a 0', 'a 1', 'a 2'], until]);
    expect(short((await page(until)).commits)).toEqual(['a 3', 'a 4']);
    // One who is ahead of it stays where it is.
    const ahead = await page('');
    expect(await page(ahead.cursor, { until })).toEqual({ commits: [], cursor: ahead.cursor, more: false });
  });

  test('until the cursor of a commit', async () => {
    await write();
    const found = await all(100);
    for (const [n, { cursor: until }] of found.entries()) {
      const { commits, cursor, more } = await page('', { until });
      expect([short(commits), more]).toEqual([short(found.slice(0, n + 1)), false]);
      expect(short((await page(cursor)).commits)).toEqual(short(found.slice(n + 1)));
      for (const { cursor: after } of found.slice(0, n)) {
        const rest = await page(after, { until });
        expect(short(rest.commits)).toEqual(
          short(found.slice(found.findIndex((one) => one.cursor === after) + 1, n + 1)),
        );
        expect(rest.cursor).toBe(cursor);
      }
    }
  });

  test('cursors that this store has not made are refused', async () => {
    await write();
    const { cursor } = await page(null);
    const beyond = cursor.replace(/\d+(?=\D*$)/, (number) => `${number}99`);
    const wrong = ['x', '-', 'memory-', 'memory-zzz', '1:2', `${cursor}x!`, `x${cursor}`, 'a'.repeat(9_999)];
    for (const after of cursor.startsWith('memory') ? [...wrong, beyond] : wrong) {
      await expect(page(after), `cursor ${after}`).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
      await expect(page('', { until: after }), `cursor ${after}`).rejects.toMatchObject({
        code: 'CURSOR_INVALID',
      });
    }
  });

  test('a run that is put in without commits brings nothing', async () => {
    const { cursor } = await page(null);
    await store().start([newRun('a'), newRun('b')]);
    expect(await page(cursor)).toMatchObject({ commits: [], more: false });
  });
}
