import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const work = workflow('work', { queue: 'printer' }, async (_ctx, n: number) => n);

test('a run that has not begun in time ends as timed out, and never runs', async () => {
  let begun = 0;
  const late = workflow('late', async () => void begun++);
  await using engine = await testEngine({ workflows: [late], start: 0 });
  await engine.well.pauseQueue('default');
  const run = await engine.start(late, undefined, { startDeadline: '10m' });
  await engine.advance('10m');
  await expect(run.result()).rejects.toMatchObject({
    code: 'RUN_NOT_STARTED',
    message: expect.stringContaining('1970-01-01T00:10:00.000Z'),
  });
  expect(await run.info()).toMatchObject({ status: 'timed_out', startedAt: undefined, endedAt: 600_000 });
  expect(begun).toBe(0);
  const events = [];
  for await (const { event } of run.events({ follow: false })) events.push(event.type);
  expect(events).toEqual(['run.activated', 'run.timed_out']);
});

test('the deadline of a queue is that of all its runs; it counts from when a run was to begin', async () => {
  await using engine = await testEngine({ workflows: [work] });
  await engine.well.setQueue('printer', { concurrency: 1, startDeadline: '10m' });
  await engine.well.pauseQueue('printer');
  const [soon, later, own] = await engine.well.startMany(work, [
    { input: 1 },
    { input: 2, delay: '1h' },
    { input: 3, startDeadline: '2h' },
  ]);
  await engine.advance('10m');
  expect((await soon!.info()).status).toBe('timed_out');
  await engine.well.resumeQueue('printer');
  expect(await engine.result(own!)).toBe(3);
  expect(await engine.result(later!)).toBe(2);
});

test('a parent is told that its child was not started', async () => {
  const parent = workflow('parent', async (ctx) => ctx.run(work, 1).catch(({ code }) => code as string));
  await using engine = await testEngine({ workflows: [parent, work] });
  await engine.well.setQueue('printer', { startDeadline: '1m' });
  await engine.well.pauseQueue('printer');
  const run = await engine.start(parent);
  await engine.advance('1m');
  expect(await run.result()).toBe('RUN_NOT_STARTED');
});

test('one that is retried has no start deadline any more', async () => {
  await using engine = await testEngine({ workflows: [work] });
  await engine.well.pauseQueue('printer');
  const run = await engine.start(work, 1, { startDeadline: '1m' });
  await engine.advance('1m');
  await run.retry();
  await engine.advance('1d');
  expect((await run.info()).status).toBe('queued');
  await engine.well.resumeQueue('printer');
  expect(await engine.result(run)).toBe(1);
});

test('a run that begins in time is not touched by it', async () => {
  const nap = workflow('nap', async (ctx) => ctx.sleep('1d'));
  await using engine = await testEngine({ workflows: [nap] });
  const run = await engine.start(nap, undefined, { startDeadline: '1m' });
  await engine.result(run);
  expect((await run.info()).status).toBe('succeeded');
});
