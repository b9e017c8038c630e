import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const echo = workflow('echo', async (ctx, input: string) => ctx.step('echo', () => input));
const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));

test('a purged run is gone, and its id is free again', async () => {
  await using engine = await testEngine({ workflows: [echo] });
  const run = await engine.start(echo, 'first', { id: 'x' });
  await run.result();
  await engine.well.purge('x');
  await expect(run.info()).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await expect(run.events().next()).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  expect((await engine.well.list()).runs).toEqual([]);
  const again = await engine.start(echo, 'second', { id: 'x' });
  expect(again.created).toBe(true);
  expect(await again.result()).toBe('second');
});

test('a run that has not ended is not purged, whatever it does', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const delayed = await engine.start(waiter, undefined, { delay: '1h' });
  const paused = await engine.start(waiter);
  const waiting = await engine.start(waiter);
  await paused.pause();
  await engine.clock.settle();
  for (const { id } of [delayed, paused, waiting]) {
    await expect(engine.well.purge(id)).rejects.toMatchObject({ code: 'RUN_NOT_ENDED' });
  }
  await waiting.raiseEvent('go', 1);
  await waiting.result();
  await engine.well.purge(waiting.id);
});

test('every final status can be purged', async () => {
  const broken = workflow('broken', async () => {
    throw new Error('no');
  });
  const next = workflow('next', async (ctx, n: number) => (n > 0 ? ctx.continueAs(n - 1) : n));
  await using engine = await testEngine({ workflows: [broken, waiter, next] });
  await engine.start(broken);
  await engine.start(next, 1);
  await engine.start(waiter, undefined, { timeout: '1s' });
  await (await engine.start(waiter)).cancel();
  await engine.advance('1s');
  const { runs } = await engine.well.list();
  expect(new Set(runs.map(({ status }) => status))).toEqual(
    new Set(['failed', 'continued', 'succeeded', 'timed_out', 'cancelled']),
  );
  for (const { id } of runs) await engine.well.purge(id);
  expect(await engine.well.counts()).toEqual({});
});

test('a child that outlives its purged parent ends all the same', async () => {
  const parent = workflow(
    'parent',
    async (ctx) => void (await ctx.start(waiter, undefined, { id: 'child' })),
  );
  await using engine = await testEngine({ workflows: [parent, waiter] });
  const run = await engine.start(parent);
  await run.result();
  await engine.well.purge(run.id);
  await engine.well.raiseEvent('child', 'go', 1);
  expect(await engine.well.result('child')).toBe(1);
  expect((await engine.well.get('child')).parent).toEqual({ id: run.id, op: null });
});
