import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';

/** A body that listens to no signal. */
const never = () => new Promise<never>(() => {});

test('a run whose body never ends is ended at its hard timeout, without undo', async () => {
  const undone: string[] = [];
  const flow = workflow('flow', { hardTimeout: '10s' }, async (ctx) => {
    await ctx.step('book', { undo: () => void undone.push('book') }, () => 'booked');
    await ctx.step('hang', never);
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.advance(9_999);
  expect((await run.info()).status).toBe('running');
  await engine.advance(1);
  await expect(run.result()).rejects.toMatchObject({
    code: 'RUN_TIMED_OUT',
    message: expect.stringContaining('hard timeout of 10s'),
  });
  expect((await run.info()).status).toBe('timed_out');
  expect(undone).toEqual([]);
});

test('after the timeout, cleanup has until the hard timeout', async () => {
  const cleanups = { quick: () => Promise.resolve('cleaned'), hanging: never };
  const seen: unknown[] = [];
  const flow = workflow(
    'flow',
    { timeout: '5s', hardTimeout: '8s' },
    async (ctx, cleanup: 'quick' | 'hanging') => {
      await ctx.step('book', { undo: async () => void seen.push(await cleanups[cleanup]()) }, () => 'booked');
      await ctx.sleep('1h');
    },
  );
  await using engine = await testEngine({ workflows: [flow], start: 0 });
  const [quick, hanging] = [await engine.start(flow, 'quick'), await engine.start(flow, 'hanging')];
  await engine.advance('5s');
  expect(await quick.info()).toMatchObject({ status: 'timed_out', endedAt: 5_000 });
  expect((await hanging.info()).status).toBe('running');
  await engine.advance('3s');
  expect(await hanging.info()).toMatchObject({ status: 'timed_out', endedAt: 8_000 });
  expect(seen).toEqual(['cleaned']);
});

test('a run that waits is ended on time, and so is its child', async () => {
  const child = workflow('child', async (ctx) => ctx.waitForEvent('never'));
  const parent = workflow('parent', { hardTimeout: '1m' }, async (ctx) => ctx.run(child));
  await using engine = await testEngine({ workflows: [parent, child], start: 0 });
  const run = await engine.start(parent);
  await engine.advance('1m');
  expect(await run.info()).toMatchObject({ status: 'timed_out', endedAt: 60_000 });
  await engine.clock.settle();
  expect((await engine.well.list({ workflow: 'child' })).runs).toMatchObject([{ status: 'cancelled' }]);
});

test('whoever takes it over from a worker that hangs ends it at once', async () => {
  const store = openMemoryStore();
  let bodies = 0;
  const flow = workflow('flow', { hardTimeout: '10s' }, async (ctx) =>
    ctx.step('hang', () => {
      bodies++;
      return never();
    }),
  );
  const first = await testEngine({ workflows: [flow], store, start: 0 });
  const run = await first.start(flow);
  await first.clock.settle();
  first.well.kill();
  await using second = await testEngine({ workflows: [flow], store, clock: first.clock });
  await second.advance('20s');
  expect(await second.well.get(run.id)).toMatchObject({ status: 'timed_out' });
  expect(bodies).toBe(1);
});

test('a retry gives it all its time again', async () => {
  let hang = true;
  const flow = workflow('flow', { hardTimeout: '10s' }, async (ctx) =>
    ctx.step('work', () => (hang ? never() : 'done')),
  );
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.advance('1h');
  hang = false;
  await run.retry();
  expect(await engine.result(run)).toBe('done');
});

test('it has to be longer than the timeout', () => {
  for (const options of [{ timeout: '10s', hardTimeout: '10s' }, { hardTimeout: 0 }])
    expect(() => workflow('flow', options, async () => {})).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
});
