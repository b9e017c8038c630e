import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

test('no more runs are active at once than the worker may have; waiting ones do not count', async () => {
  const gates: (() => void)[] = [];
  let most = 0;
  const work = workflow('work', async (ctx) => {
    await ctx.waitForEvent('go');
    await ctx.step('work', () => new Promise<void>((resolve) => gates.push(resolve)));
  });
  await using engine = await testEngine({ workflows: [work], worker: { concurrency: 3 } });
  const runs = [];
  for (let n = 0; n < 20; n++) runs.push(await engine.start(work));
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ waiting: 20 });
  for (const run of runs) await run.raiseEvent('go');
  for (let ended = 0; ended < 20; ended++) {
    await engine.clock.settle();
    most = Math.max(most, gates.length, engine.well.load().active);
    gates.shift()!();
  }
  await engine.clock.settle();
  expect([most, gates]).toEqual([3, []]);
  expect(await engine.well.counts()).toEqual({ succeeded: 20 });
});

test('a run that is busy for long does not hold up the others', async () => {
  const gate = Promise.withResolvers<void>();
  const slow = workflow('slow', async (ctx) => ctx.step('slow', () => gate.promise));
  const quick = workflow('quick', async (ctx) => ctx.step('quick', () => 'done'));
  await using engine = await testEngine({ workflows: [slow, quick], worker: { concurrency: 2 } });
  const busy = await engine.start(slow);
  for (let n = 0; n < 10; n++) expect(await (await engine.start(quick)).result()).toBe('done');
  expect((await busy.info()).status).toBe('running');
  gate.resolve();
  await busy.result();
});

test('the key of a workflow holds back what has the same key, up to its limit, and in the order of starting', async () => {
  const begun: string[] = [];
  const keyed = workflow(
    'keyed',
    { concurrency: { key: ({ customer }: { customer: string; n: number }) => customer, limit: 2 } },
    async (ctx, { customer, n }) => {
      begun.push(`${customer}${n}`);
      await ctx.sleep('1h');
    },
  );
  await using engine = await testEngine({ workflows: [keyed] });
  for (let n = 0; n < 5; n++) {
    await engine.start(keyed, { customer: 'a', n });
    await engine.start(keyed, { customer: 'b', n });
  }
  await engine.clock.settle();
  expect(begun.toSorted()).toEqual(['a0', 'a1', 'b0', 'b1']);
  await engine.advance('1h');
  expect(begun.slice(4).toSorted()).toEqual(['a2', 'a3', 'b2', 'b3']);
  await engine.advance('2h');
  expect(await engine.well.counts()).toEqual({ succeeded: 10 });
});
