import { expect, onTestFinished, test } from 'vitest';
import { Stepwell, workflow } from 'stepwell';
import { commit, startAndClaim } from '../../../test/conformance/fixtures.ts';
import { connect, newSchema, openStore } from './database.ts';

test('a commit that does not begin where the journal ends is refused', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const client = await connect();
  const run = await startAndClaim(store, 'r');
  expect(await commit(store, run, 0)).toBe('stored');
  expect(await commit(store, run, 2)).toBe('refused');
  expect(await commit(store, run, 1)).toBe('stored');
  await client.query(`delete from ${schema}.journal where position = 1`);
  expect(await commit(store, run, 2)).toBe('refused');
  expect(await commit(store, run, 1)).toBe('stored');
  expect((await store.journal(run, 0, 10)).map(({ position }) => position)).toEqual([0, 1]);
});

test('a database that goes back in time: runs in memory go on from what it has', async () => {
  const schema = newSchema();
  const client = await connect();
  const greet = workflow('greet', async (ctx) => [
    await ctx.waitForEvent<string>('name'),
    await ctx.waitForEvent<string>('name'),
  ]);
  const well = await Stepwell.open({ store: await openStore(schema), workflows: [greet] });
  onTestFinished(() => well.close({ grace: 0 }));
  const run = await well.start(greet, undefined, { id: 'r' });
  const waitsSince = async (commits: number) => {
    const { rows } = await client.query<{ commits: number }>(
      `select count(*)::integer as commits from ${schema}.journal`,
    );
    return (await well.get('r')).status === 'waiting' && rows[0]!.commits > commits ? rows[0]!.commits : null;
  };
  const tables = ['run', 'journal', 'inbox'];
  await expect.poll(() => waitsSince(0)).not.toBeNull();
  for (const table of tables)
    await client.query(`create table ${schema}.${table}_before as table ${schema}.${table}`);
  const before = await waitsSince(0);
  await run.raiseEvent('name', 'forgotten');
  await expect.poll(() => waitsSince(before!)).not.toBeNull();
  for (const table of tables) {
    await client.query(
      `delete from ${schema}.${table}; insert into ${schema}.${table} select * from ${schema}.${table}_before`,
    );
  }
  await run.raiseEvent('name', 'Ann');
  await run.raiseEvent('name', 'Bo');
  expect(await run.result()).toEqual(['Ann', 'Bo']);
});
