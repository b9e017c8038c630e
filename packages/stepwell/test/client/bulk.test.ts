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
