import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import type { FeedCommit } from '../../src/store/feed.ts';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { commit, end, newRun, start, startAndClaim, step } from '../../../../test/conformance/fixtures.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

const page = (store: Store, after: string | null, limit = 100) =>
  store.feed({ namespace: 'default', after, limit });
const short = (commits: readonly FeedCommit[]) =>
  commits.map(({ id, commit: { position } }) => `${id} ${position}`);

test('numbers are not given again after the newest runs were purged and the file was opened anew', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const first = open(path);
  for (const id of ['a', 'b']) {
    const key = await startAndClaim(first, id);
    for (const n of [0, 1, 2]) await commit(first, key, n);
    await commit(first, key, 3, { change: end() });
  }
  const { cursor } = await page(first, '');
  for (const id of ['b', 'a']) await first.purge('default', id);
  await first.close();
  const second = open(path);
  const key = await startAndClaim(second, 'c');
  await commit(second, key, 0);
  expect(short((await page(second, cursor)).commits)).toEqual(['c 0']);
  await second.close();
  const third = open(path);
  expect(await page(third, null)).toEqual({ ...(await page(third, cursor)), commits: [] });
});

test('what was rolled back has no numbers: a cursor of now is one of what is on the disk', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  const key = await startAndClaim(store, 'a');
  await commit(store, key, 0);
  const impossible = { ...newRun('x'), createdAt: null as never };
  const both = [store.commit([step(key, 1)]), store.start([impossible])];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const { cursor } = await page(store, null);
  await store.close();
  const again = open(path);
  expect(await page(again, cursor)).toMatchObject({ commits: [], more: false });
  await commit(again, key, 1);
  expect(short((await page(again, cursor)).commits)).toEqual(['a 1']);
});

test('a cursor of another file is refused, and one that is beyond the last commit', async () => {
  const [one, other] = ['one.db', 'other.db'].map((file) => open(join(temporaryDirectory(), file)));
  const { cursor } = await page(one!, null);
  await expect(page(other!, cursor)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  await expect(page(one!, cursor.replace(/0$/, '5'))).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
});

test('vacuum leaves the numbers as they are', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  const keys = [await startAndClaim(store, 'a'), await startAndClaim(store, 'b')];
  await commit(store, keys[0]!, 0, { change: end() });
  const { cursor } = await page(store, '');
  for (const n of [0, 1]) await commit(store, keys[1]!, n);
  await store.purge('default', 'a');
  await store.close();
  const database = openDatabase(path, 0);
  database.exec('vacuum');
  database.close();
  expect(short((await page(open(path), cursor)).commits)).toEqual(['b 0', 'b 1']);
});

test('a page of large commits is short', async () => {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  const key = await startAndClaim(store, 'a');
  const events = JSON.stringify([{ type: 'status', text: 'x'.repeat(400_000) }]);
  for (let n = 0; n < 6; n++) await commit(store, key, n, { events });
  const first = await page(store, '');
  expect([short(first.commits), first.more]).toEqual([['a 0', 'a 1', 'a 2'], true]);
  const second = await page(store, first.cursor);
  expect(short(second.commits)).toEqual(['a 3', 'a 4', 'a 5']);
  expect((await page(store, second.cursor)).commits).toEqual([]);
});

test('a reader that is behind costs its pages, however much there is', async () => {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  const key = await start(store, 'a');
  await store.commit(Array.from({ length: 2_000 }, (_, n) => step(key, n)));
  let pages = 0;
  for (let [after, more] = ['', true]; more; pages++)
    ({ cursor: after, more } = await page(store, after, 500));
  expect(pages).toBe(5);
});
