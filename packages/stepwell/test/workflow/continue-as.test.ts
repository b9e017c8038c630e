import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const counting = workflow('counting', async (ctx, n: number) => {
  await ctx.step('count', () => n);
  await ctx.sleep('1h');
  if (n < 3) ctx.continueAs(n + 1);
  return `ended at ${n}`;
});

test('result() follows the run to the one that ends', async () => {
  await using engine = await testEngine({ workflows: [counting], worker: { parked: 0 } });
  const run = await engine.start(counting, 1);
  const result = run.result();
  await engine.advance('3h');
  expect(await result).toBe('ended at 3');
  expect(await run.result()).toBe('ended at 3');
});

test('the run has ended as continued and says by which; that one has the new input and an empty journal', async () => {
  const life = await everyLife(counting, 1);
  expect([life.status, life.took]).toEqual(['continued', 3_600_000]);
  await using engine = await testEngine({ workflows: [counting] });
  const run = await engine.start(counting, 1, { queue: 'slow', priority: 3 });
  await engine.advance('1h');
  const { continuedBy, output } = await run.info();
  expect(output).toBeUndefined();
  const next = await engine.well.get(continuedBy!);
  expect(next).toMatchObject({
    workflow: 'counting',
    input: 2,
    queue: 'slow',
    priority: 3,
    status: 'waiting',
  });
  const types: string[] = [];
  for await (const { event } of engine.well.events(next.id, { follow: false })) types.push(event.type);
  expect(types.slice(0, 3)).toEqual(['run.activated', 'run.started', 'operation.started']);
});

test('a crash anywhere makes no second successor', async () => {
  const flow = workflow('flow', async (ctx, n: number) => {
    await ctx.step('work', () => n);
    if (n < 2) ctx.continueAs(n + 1);
    return n;
  });
  const parent = workflow('parent', async (ctx) => ctx.run(flow, 1));
  const { output, bodies } = await everyLife(parent, undefined, { workflows: [flow] });
  expect([output, bodies]).toEqual([2, { 'flow work': 2 }]);
});

test('it goes on with the newest version that is registered', async () => {
  const first = workflow('flow', { version: '1' }, async (ctx, n: number) => {
    await ctx.sleep('1h');
    return ctx.continueAs(n + 1);
  });
  const second = workflow('flow', { version: '2' }, async (_ctx, n: number) => `version 2 with ${n}`);
  const before = await testEngine({ workflows: [first] });
  const run = await before.start(first, 1);
  await before.clock.settle();
  await before.well.close({ grace: 0 });
  await using engine = await testEngine({
    workflows: [first, second],
    store: before.store,
    clock: before.clock,
  });
  await engine.advance('1h');
  expect(await engine.well.result(run.id)).toBe('version 2 with 2');
});

test('what is not awaited when it goes on is cancelled, and its callbacks are closed', async () => {
  const child = workflow('child', async (ctx) => ctx.waitForEvent('never'));
  let callback = '';
  const flow = workflow('flow', async (ctx, n: number) => {
    if (n === 2) return 'done';
    void ctx.run(child);
    callback = ctx.createCallback('open').id;
    await ctx.sleep('1h');
    return ctx.continueAs(2);
  });
  await using engine = await testEngine({ workflows: [flow, child] });
  expect(await engine.run(flow, 1)).toBe('done');
  await engine.clock.settle();
  expect((await engine.well.list({ workflow: 'child' })).runs[0]!.status).toBe('cancelled');
  expect(await errorOf(engine.well.callbacks.succeed(callback))).toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('from inside a group, and although the workflow catches everything', async () => {
  const flow = workflow('flow', async (ctx, n: number): Promise<string> => {
    if (n === 2) return 'second';
    try {
      await ctx.map('all', [1], async (ctx) => ctx.continueAs(2), { tolerate: { count: 1 } });
    } catch {
      // A workflow that catches all errors does not stay.
    }
    return 'stayed';
  });
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, 1)).toBe('second');
});

test('an input that cannot be kept fails the run', async () => {
  const flow = workflow('flow', async (ctx, _n: unknown) => ctx.continueAs({ n: 1n }));
  expect((await everyLife(flow, 1)).error).toMatchObject({
    code: 'VALUE_NOT_JSON',
    message: expect.stringContaining('$.n is a bigint'),
  });
});

test('undo handlers do not run: the work goes on', async () => {
  let undone = 0;
  const flow = workflow('flow', async (ctx, n: number) => {
    await ctx.step('take', { undo: () => void undone++ }, () => 1);
    if (n < 2) ctx.continueAs(2);
    return undone;
  });
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, 1)).toBe(0);
});

test('a hundred times', async () => {
  const flow = workflow('flow', async (ctx, n: number) => (n < 100 ? ctx.continueAs(n + 1) : n));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, 0)).toBe(100);
});
