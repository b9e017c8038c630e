import { expect, test } from 'vitest';
import { workflow, type Ctx, type MapOptions } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

/** Items that are 'bad' fail; numbers take that many milliseconds. */
const work = async (ctx: Ctx, item: number | 'bad'): Promise<string> => {
  const name = await ctx.step('work', () => `done ${item}`);
  if (item === 'bad') throw new RangeError('bad item');
  await ctx.sleep(item);
  return name;
};

const mapping = workflow(
  'mapping',
  async (ctx, input: { items: (number | 'bad')[]; options?: MapOptions }) => {
    const { outcomes, values, errors } = await ctx.map('all', input.items, work, input.options);
    await ctx.sleep('after', '1m');
    return {
      statuses: outcomes.map(({ status }) => status[0]).join(''),
      values,
      errors: errors.map(({ index, error }) => [index, error.message]),
    };
  },
);

test('results come in the order of the items, whichever was ready first', async () => {
  const { output, bodies } = await everyLife(mapping, { items: [30, 10, 20] });
  expect(output).toEqual({ statuses: 'sss', values: ['done 30', 'done 10', 'done 20'], errors: [] });
  expect(bodies).toEqual({
    'mapping all/item/work': 1,
    'mapping all/item#2/work': 1,
    'mapping all/item#3/work': 1,
  });
});

test('an empty list is done at once', async () => {
  expect((await everyLife(mapping, { items: [] })).output).toEqual({ statuses: '', values: [], errors: [] });
});

test('concurrency bounds how many items are at work, and the next begins when one ends', async () => {
  const items = [40, 10, 10, 10];
  const { output, took } = await everyLife(mapping, { items, options: { concurrency: 2 } });
  expect(output).toMatchObject({ statuses: 'ssss' });
  expect(took).toBe(60_000 + 40);
  const alone = await everyLife(mapping, { items: [10, 10, 10], options: { concurrency: 1 } });
  expect(alone.took).toBe(60_000 + 30);
});

test('without a policy the first failure ends it with GROUP_FAILED and cancels the rest', async () => {
  const { error, took } = await everyLife(mapping, { items: [1_000, 'bad', 2_000] });
  expect(error).toMatchObject({
    code: 'GROUP_FAILED',
    message: expect.stringContaining('1 of the 3 items of "all" failed'),
    data: { failed: [{ index: 1, message: 'bad item' }] },
    cause: { name: 'RangeError', message: 'bad item' },
  });
  expect(took).toBe(0);
});

test.each<[string, MapOptions, string]>([
  ['a count that is not exceeded', { tolerate: { count: 2 } }, 'sfsf'],
  ['a percentage that is not exceeded', { tolerate: { percent: 50 } }, 'sfsf'],
  ['enough successes', { minSuccess: 2 }, 'sfsf'],
  ['a success, the rest is not needed', { minSuccess: 1 }, 'sfcf'],
  ['all may fail', { tolerate: { percent: 100 } }, 'sfsf'],
  ['one at a time and enough', { minSuccess: 1, concurrency: 1 }, 'sccc'],
])('tolerated: %s', async (_name, options, statuses) => {
  const { output } = await everyLife(mapping, { items: [10, 'bad', 20, 'bad'], options });
  expect(output).toMatchObject({ statuses });
});

test.each<[string, MapOptions]>([
  ['a count that is exceeded', { tolerate: { count: 1 } }],
  ['a percentage that is exceeded', { tolerate: { percent: 49.9 } }],
  ['too few successes', { minSuccess: 3 }],
  ['too few, although the failures are tolerated', { minSuccess: 3, tolerate: { count: 4 } }],
])('not tolerated: %s', async (_name, options) => {
  const { error } = await everyLife(mapping, { items: [10, 'bad', 20, 'bad'], options });
  expect(error).toMatchObject({ code: 'GROUP_FAILED', cause: { message: 'bad item' } });
});

test('more successes than items are never reached', async () => {
  const { error } = await everyLife(mapping, { items: [1], options: { minSuccess: 2 } });
  expect(error).toMatchObject({ code: 'GROUP_FAILED', message: expect.stringContaining('minSuccess') });
});

test('an item that takes too long fails with ITEM_TIMED_OUT, and what it waits for is cancelled', async () => {
  const options = { itemTimeout: '1s', tolerate: { count: 1 } };
  const { output, took } = await everyLife(mapping, { items: [10, 5_000, 20], options });
  expect(output).toMatchObject({ statuses: 'sfs', errors: [[1, expect.stringContaining('all/item#2')]] });
  expect(took).toBe(61_000);
  const { error } = await everyLife(mapping, { items: [5_000], options: { itemTimeout: 10 } });
  expect(error).toMatchObject({ code: 'GROUP_FAILED', cause: { code: 'ITEM_TIMED_OUT' } });
});

test.each<MapOptions>([{ timeout: '1h' }, { itemTimeout: '1h' }])(
  'with %o, an operator’s retry gives all the time again, and what succeeded is not done again',
  async (options) => {
    let slow = true;
    const done: number[] = [];
    const flow = workflow('flow', async (ctx) => {
      const { values } = await ctx.map(
        'all',
        [1, 2],
        async (ctx, item) => {
          await ctx.step('work', () => void done.push(item));
          await ctx.sleep(slow && item === 2 ? '2h' : '30m');
          return item;
        },
        options,
      );
      return values;
    });
    await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
    const run = await engine.start(flow);
    expect(await errorOf(engine.result(run))).toMatchObject({ code: expect.stringMatching(/^GROUP_/) });
    slow = false;
    await run.retry();
    expect(await engine.result(run)).toEqual([1, 2]);
    expect(done).toEqual([1, 2]);
  },
);

test('the time of an item begins when it begins', async () => {
  const options = { itemTimeout: 15, concurrency: 1 };
  expect((await everyLife(mapping, { items: [10, 10, 10], options })).output).toMatchObject({
    statuses: 'sss',
  });
});

test('a map that takes too long as a whole fails with GROUP_TIMED_OUT, whatever is tolerated', async () => {
  const options = { timeout: '1s', tolerate: { percent: 100 } };
  const { error, took } = await everyLife(mapping, { items: [10, 5_000], options });
  expect([error?.code, took]).toEqual(['GROUP_TIMED_OUT', 1_000]);
});

test('an item that is cancelled because enough have succeeded is told so by its signal', async () => {
  const flow = workflow('flow', async (ctx) => {
    const told: string[] = [];
    await ctx.map(
      'all',
      [1, 2],
      async (ctx, item) => {
        ctx.signal.addEventListener('abort', () => told.push(`${item} aborted`));
        if (item === 1) return ctx.step('quick', () => item);
        return ctx.waitForEvent('never').catch(({ code }) => void told.push(`${item} ${code}`));
      },
      { minSuccess: 1 },
    );
    await ctx.sleep(1);
    return told;
  });
  expect((await everyLife(flow, undefined)).output).toEqual([
    '1 aborted',
    '2 aborted',
    '2 OPERATION_CANCELLED',
  ]);
});

test('batches: the function gets several items, their first index, and gives as many results', async () => {
  const flow = workflow('flow', async (ctx, options: MapOptions & { batch: number }) => {
    const { outcomes, values, errors } = await ctx.map(
      'all',
      ['a', 'b', 'c', 'd', 'e'],
      async (ctx, batch, firstIndex) => {
        if (batch.includes('c')) throw new Error('c is bad');
        return ctx.step('work', () => batch.map((item, n) => `${item}${firstIndex + n}`));
      },
      options,
    );
    return [outcomes.map(({ status }) => status[0]).join(''), values, errors.map(({ index }) => index)];
  });
  const { output, bodies } = await everyLife(flow, { batch: 2, tolerate: { count: 2 } });
  expect(output).toEqual(['ssffs', ['a0', 'b1', 'e4'], [2, 3]]);
  expect(bodies).toEqual({ 'flow all/batch/work': 1, 'flow all/batch#3/work': 1 });
  // A batch counts as many as it has items.
  expect((await everyLife(flow, { batch: 2, tolerate: { count: 1 } })).status).toBe('failed');
});

test('a batch with too many or too few results fails', async () => {
  const flow = workflow('flow', async (ctx) => ctx.map('all', [1, 2], async () => [1], { batch: 2 }));
  expect((await everyLife(flow, undefined)).error).toMatchObject({ cause: { code: 'OPTION_INVALID' } });
});

test('maps within maps', async () => {
  const flow = workflow('flow', async (ctx) => {
    const { values } = await ctx.map('rows', [1, 2], async (ctx, row) => {
      const inner = await ctx.map('columns', [1, 2], async (ctx, column) => {
        await ctx.sleep(10 * column);
        return ctx.step('cell', ({ idempotencyKey }) => [
          row * column,
          idempotencyKey.split('/').slice(1).join('/'),
        ]);
      });
      return inner.values;
    });
    return values;
  });
  const { output } = await everyLife(flow, undefined);
  expect(output).toEqual([
    [
      [1, 'rows/item/columns/item/cell'],
      [2, 'rows/item/columns/item#2/cell'],
    ],
    [
      [2, 'rows/item#2/columns/item/cell'],
      [4, 'rows/item#2/columns/item#2/cell'],
    ],
  ]);
});

test('a cancel of the run ends the items and begins no more', async () => {
  const flow = workflow('flow', async (ctx) => {
    const begun: number[] = [];
    try {
      await ctx.map(
        'all',
        [1, 2, 3],
        async (ctx, item) => {
          begun.push(item);
          await ctx.waitForEvent('never');
        },
        { concurrency: 2, tolerate: { count: 3 } },
      );
    } finally {
      await ctx.step('report', () => begun.length);
    }
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  expect(await errorOf(engine.result(run))).toMatchObject({ code: 'RUN_CANCELLED' });
  const counts: unknown[] = [];
  for await (const { event } of run.events())
    if (event.type === 'operation.succeeded') counts.push(event.value);
  expect(counts).toEqual([2]);
});

test('an item that throws before it is async fails like any other', async () => {
  const flow = workflow('flow', async (ctx) => {
    const { outcomes } = await ctx.map(
      'all',
      [1, 2, 3],
      (ctx, item) => {
        if (item === 2) throw new Error('at once');
        return ctx.step('work', () => item);
      },
      { tolerate: { count: 1 }, concurrency: 1 },
    );
    return outcomes.map(({ status }) => status);
  });
  expect((await everyLife(flow, undefined)).output).toEqual(['succeeded', 'failed', 'succeeded']);
});

test.each<MapOptions>([
  { concurrency: 0 },
  { concurrency: 1.5 },
  { batch: 0 },
  { minSuccess: 0 },
  { tolerate: { count: -1 } },
  { tolerate: { percent: -1 } },
  { itemTimeout: 'long' },
  { timeout: 'long' },
])('the option %o is refused', async (options) => {
  await using engine = await testEngine({ workflows: [mapping] });
  const { code } = await errorOf(engine.run(mapping, { items: [1, 2], options }));
  const isDuration = 'timeout' in options || 'itemTimeout' in options;
  expect(code).toBe(isDuration ? 'DURATION_INVALID' : 'OPTION_INVALID');
});

test('a thousand items, fifty at a time', async () => {
  const flow = workflow('flow', async (ctx) => {
    const items = Array.from({ length: 1_000 }, (_, n) => n);
    const { values } = await ctx.map('all', items, (ctx, n) => ctx.step('one', () => n), { concurrency: 50 });
    await ctx.sleep('1h');
    return values.reduce((sum, n) => sum + n, 0);
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  expect(await engine.run(flow, undefined)).toBe(499_500);
});
