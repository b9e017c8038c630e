import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const double = workflow('double', async (_ctx, n: number) => n * 2);

test('many runs are started in one call, in their order, each with options of its own', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const runs = await engine.well.startMany(double, [
    { input: 1, id: 'one' },
    { input: 2, priority: 5, queue: 'slow' },
    { input: 1, id: 'one' },
    { input: 3, delay: '1h' },
  ]);
  expect(runs.map(({ created }) => created)).toEqual([true, true, false, true]);
  expect(runs[2]!.id).toBe('one');
  expect(await runs[1]!.info()).toMatchObject({ queue: 'slow', priority: 5 });
  expect(await Promise.all(runs.map((run) => engine.result(run)))).toEqual([2, 4, 2, 6]);
});

test('ten thousand are one call of the store, more are several', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const sizes: number[] = [];
  const { store } = engine;
  const start = store.start.bind(store);
  store.start = (runs, owner) => {
    sizes.push(runs.length);
    return start(runs, owner);
  };
  const items = Array.from({ length: 10_001 }, (_, input) => ({ input, delay: '1d' }));
  expect(await engine.well.startMany(double, items)).toHaveLength(10_001);
  expect(sizes).toEqual([10_000, 1]);
});

test('nothing is started if one of them is not valid', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const items = [{ input: 1 }, { input: 2, priority: 99 }];
  await expect(engine.well.startMany(double, items)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(engine.well.startMany('nobody', [{ input: 1 }])).rejects.toMatchObject({
    code: 'WORKFLOW_UNKNOWN',
  });
  expect(await engine.well.counts()).toEqual({});
});

test('an id that is taken rejects the call; the others are started', async () => {
  await using engine = await testEngine({ workflows: [double] });
  await engine.run(double, 1, { id: 'one' });
  const items = [
    { input: 5, id: 'five' },
    { input: 2, id: 'one' },
    { input: 6, id: 'six' },
  ];
  await expect(engine.well.startMany(double, items)).rejects.toMatchObject({ code: 'RUN_ID_TAKEN' });
  expect(await engine.result(await engine.start(double, 6, { id: 'six' }))).toBe(12);
  expect((await engine.well.list()).runs.map(({ id }) => id).toSorted()).toEqual(['five', 'one', 'six']);
});

test('what failed for good is listed by queue with its error, and retried by filter', async () => {
  let broken = true;
  const shaky = workflow('shaky', async (_ctx, n: number) => {
    if (broken) throw new Error(`no ${n}`);
    return n;
  });
  await using engine = await testEngine({ workflows: [shaky, double] });
  const items = (queue: string, length: number) => Array.from({ length }, (_, input) => ({ input, queue }));
  await engine.well.startMany(shaky, [...items('mail', 1_100), ...items('print', 3)]);
  await engine.clock.settle();
  const { runs } = await engine.well.list({ queue: 'print', status: ['failed', 'timed_out'] });
  expect(runs.map(({ error }) => error?.message)).toEqual(['no 2', 'no 1', 'no 0']);
  expect(await engine.well.retryAll({ queue: 'mail', workflow: 'double' })).toBe(0);
  expect(await engine.well.retryAll({ queue: 'mail' })).toBe(1_100);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ failed: 1_103 });
  broken = false;
  expect(await engine.well.retryAll({ queue: 'mail' })).toBe(1_100);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ failed: 3, succeeded: 1_100 });
});

test('by default, runs that were cancelled are not retried, and ended ones are not cancelled', async () => {
  await using engine = await testEngine({ workflows: [double] });
  await engine.well.startMany(double, [{ input: 1 }, { input: 2, delay: '1h' }, { input: 3, delay: '1h' }]);
  await engine.clock.settle();
  expect(await engine.well.cancelAll({})).toBe(2);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ succeeded: 1, cancelled: 2 });
  expect(await engine.well.retryAll()).toBe(0);
  expect(await engine.well.retryAll({ status: 'cancelled' })).toBe(2);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ succeeded: 3 });
  for (const call of [
    engine.well.retryAll({ status: 'succeeded' }),
    engine.well.retryAll({ status: 'lost' as never }),
    engine.well.cancelAll({ status: ['queued', 'failed'] }),
  ])
    await expect(call).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test('runs that match are counted, and purged if they have ended', async () => {
  await using engine = await testEngine({ workflows: [double] });
  await engine.well.startMany(double, [
    { id: 'a-1', input: 1, tags: ['old'] },
    { id: 'a-2', input: 2, tags: ['old', 'vip'] },
    { id: 'b-1', input: 3 },
    { id: 'b-2', input: 4, tags: ['old'], delay: '1h' },
  ]);
  await engine.clock.settle();
  const { well } = engine;
  expect(await well.counts({ tag: 'old' })).toEqual({ succeeded: 2, queued: 1 });
  expect(await well.counts({ tag: 'old', status: 'succeeded' })).toEqual({ succeeded: 2 });
  expect(await well.counts({ idContains: '-1' })).toEqual({ succeeded: 2 });
  await expect(well.counts({ idContains: '' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(well.counts({ parent: 'nobody' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await expect(well.purgeAll({ status: ['succeeded', 'queued'] })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  expect(await well.purgeAll({ tag: 'vip' })).toBe(1);
  expect(await well.purgeAll({ tag: 'old' })).toBe(1);
  expect((await well.list()).runs.map(({ id }) => id)).toEqual(['b-2', 'b-1']);
  expect(await well.purgeAll({})).toBe(1);
  expect(await well.cancelAll({ idContains: 'b-' })).toBe(1);
  await engine.clock.settle();
  expect(await well.purgeAll({ status: 'cancelled' })).toBe(1);
  expect(await well.counts()).toEqual({});
});

test('children are found, cancelled and purged by their parent', async () => {
  const child = workflow('child', async (ctx) => ctx.sleep('1h'));
  const parent = workflow('parent', async (ctx) => {
    for (let n = 0; n < 3; n++) await ctx.start(child, undefined);
  });
  await using engine = await testEngine({ workflows: [parent, child] });
  for (const id of ['p', 'q']) await engine.start(parent, undefined, { id });
  await engine.clock.settle();
  expect(await engine.well.counts({ parent: 'p' })).toEqual({ waiting: 3 });
  expect(await engine.well.cancelAll({ parent: 'p' })).toBe(3);
  await engine.clock.settle();
  expect(await engine.well.counts({ workflow: 'child' })).toEqual({ waiting: 3, cancelled: 3 });
  expect(await engine.well.purgeAll({ parent: 'p' })).toBe(3);
  expect(await engine.well.counts({ workflow: 'child' })).toEqual({ waiting: 3 });
});
