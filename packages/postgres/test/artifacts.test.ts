import { expect, onTestFinished, test } from 'vitest';
import { Stepwell, workflow } from 'stepwell';
import { MemoryArtifacts } from '../../stepwell/src/artifacts/memory-store.ts';
import { connect, newSchema, openStore } from './database.ts';

const big = (letter: string) => letter.repeat(2_000);

const child = workflow('child', async (_ctx, input: string) => input + input);
const parent = workflow('parent', async (ctx, input: string) => {
  await ctx.artifacts.write('f', 'a file');
  const made = await ctx.step('make', () => input.replaceAll('i', 'm'));
  await ctx.waitForEvent('go');
  const grown = await ctx.run(child, made, { id: 'child' });
  return [made.length, grown.length, await (await ctx.artifacts.read('f')).text()];
});

async function openWell(schema: string, artifacts: MemoryArtifacts, worker: boolean): Promise<Stepwell> {
  const well = await Stepwell.open({
    store: await openStore(schema),
    artifacts,
    workflows: [parent, child],
    limits: { payloadBytes: 1_000 },
    worker: worker ? { parked: 0, lease: '1s' } : false,
  });
  onTestFinished(() => well.close({ grace: 0 }));
  return well;
}

test('files and large values, with one engine that starts and another that executes', async () => {
  const schema = newSchema();
  const artifacts = new MemoryArtifacts(() => Date.now());
  const [client, worker] = [
    await openWell(schema, artifacts, false),
    await openWell(schema, artifacts, true),
  ];
  const run = await client.start(parent, big('i'), { id: 'r' });
  await run.raiseEvent('go', big('e'));
  expect(await run.result()).toEqual([2_000, 4_000, 'a file']);
  expect(await client.result('child')).toHaveLength(4_000);
  expect(await client.artifacts.list('r')).toMatchObject([{ name: 'f', number: 1 }]);
  const pg = await connect();
  const { rows } = await pg.query(`select max(length(events::text)) as longest from ${schema}.journal`);
  expect((rows as { longest: number }[])[0]!.longest).toBeLessThan(1_500);
  await worker.purge('r');
  expect(await client.artifacts.list('r')).toEqual([]);
});

test('a start with a large input in a transaction of the caller’s', async () => {
  const schema = newSchema();
  const artifacts = new MemoryArtifacts(() => Date.now());
  const well = await openWell(schema, artifacts, true);
  const client = await connect();
  for (const end of ['rollback', 'commit']) {
    await client.query('begin');
    await well.start(child, big('i'), { id: 'r', client });
    await client.query(end);
  }
  expect(await well.result('r')).toHaveLength(4_000);
  await client.query('begin');
  expect((await well.start(child, big('i'), { id: 'r', client })).created).toBe(false);
  await client.query('commit');
});
