import { expect, test } from 'vitest';
import { z } from 'zod';
import { workflow, type RunHandle, type WorkflowOptions } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

test('an input schema: what it refuses does not start, and the function gets its output', async () => {
  const input = z.object({
    items: z.array(z.string()).min(1),
    at: z.string().transform((text) => text.length),
  });
  const flow = workflow('flow', { input }, async (ctx, { items, at }) => {
    await ctx.sleep('1h');
    return [items, at];
  });
  expect((await everyLife(flow, { items: ['a'], at: 'four' })).output).toEqual([['a'], 4]);
  await using engine = await testEngine({ workflows: [flow] });
  const error = await errorOf(engine.start(flow, { items: [], at: 3 } as never));
  expect(error).toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringMatching(/input of workflow "flow" is not valid: items: .*; at: /),
    data: [
      { path: 'items', message: expect.any(String) },
      { path: 'at', message: expect.any(String) },
    ],
  });
  expect((await engine.well.list()).runs).toEqual([]);
});

test('an output schema: what it refuses fails the run, and the run has its output', async () => {
  const flow = workflow(
    'flow',
    { output: z.number().transform((n) => ({ n })) },
    async (_ctx, value: unknown) => value,
  );
  expect((await everyLife(flow, 5)).output).toEqual({ n: 5 });
  expect((await everyLife(flow, 'five')).error).toMatchObject({ code: 'OUTPUT_INVALID' });
});

test('any Standard Schema will do, an async one as well', async () => {
  const even = {
    '~standard': {
      version: 1 as const,
      vendor: 'own',
      validate: async (value: unknown) =>
        typeof value === 'number' && value % 2 === 0
          ? { value: value / 2 }
          : { issues: [{ message: 'not even', path: [{ key: 'a' }, 0] }] },
      types: undefined as { input: number; output: number } | undefined,
    },
  };
  const flow = workflow('flow', { input: even }, async (_ctx, half) => half);
  expect((await everyLife(flow, 8)).output).toBe(4);
  await using engine = await testEngine({ workflows: [flow] });
  const { data } = await errorOf(engine.start(flow, 7));
  expect(data).toEqual([{ path: 'a.0', message: 'not even' }]);
});

test('a run keeps the version it was started with', async () => {
  const versions = ['1', '2'].map((version) =>
    workflow('flow', { version }, async (ctx) => {
      await ctx.sleep('1h');
      return version;
    }),
  );
  const before = await testEngine({ workflows: [versions[0]!] });
  const old = await before.start(versions[0]!);
  await before.clock.settle();
  await before.well.close({ grace: 0 });
  await using engine = await testEngine({ workflows: versions, store: before.store, clock: before.clock });
  const fresh = await engine.well.start('flow');
  await engine.advance('2h');
  expect([await engine.well.result(old.id), await fresh.result()]).toEqual(['1', '2']);
});

test('retry of the whole run: everything is done again, from the start, after the delay', async () => {
  let fails = 0;
  const flow = workflow('flow', { retry: { attempts: 3, delay: '1h' } }, async (ctx, times: number) => {
    await ctx.step('work', () => 1);
    await ctx.step('fail', () => {
      if (fails++ < times) throw new Error('not yet');
    });
    return 'done';
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const begin = engine.clock.now();
  const run = await engine.start(flow, 2);
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({
    status: 'waiting',
    waitingFor: [{ kind: 'retry', until: begin + 3_600_000, detail: 'attempt 1 failed: not yet' }],
  });
  expect(await engine.result(run)).toBe('done');
  expect(engine.clock.now() - begin).toBe(2 * 3_600_000);
  const types: string[] = [];
  for await (const { event } of run.events()) types.push(event.type);
  expect(types.filter((type) => type === 'run.retrying')).toHaveLength(2);
  fails = 0;
  expect(await errorOf(engine.run(flow, 9))).toMatchObject({ message: 'not yet' });
});

test('retry of the whole run wherever a crash falls', async () => {
  const flow = workflow('flow', { retry: { attempts: 3, delay: '1h' } }, async (ctx) => {
    const n = await ctx.step('count', ({ idempotencyKey }) => idempotencyKey);
    throw Object.assign(new Error('always'), { n });
  });
  const { error, bodies, took } = await everyLife(flow, undefined);
  expect([error?.message, bodies, took]).toEqual(['always', { 'flow count': 3 }, 2 * 3_600_000]);
});

test('a fact that comes during the pause does not cut it short, and is there in the next beginning', async () => {
  const flow = workflow('flow', { retry: { attempts: 2, delay: '1h' } }, async (ctx) => {
    const value = await ctx.waitForEvent('go', { timeout: '1m' });
    return [value, ctx.now()];
  });
  await using engine = await testEngine({ workflows: [flow] });
  const begin = engine.clock.now();
  const run = await engine.start(flow);
  await engine.advance('10m');
  await run.raiseEvent('go', 'late');
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({ status: 'waiting', waitingFor: [{ kind: 'retry' }] });
  expect(await engine.result(run)).toEqual(['late', begin + 61 * 60_000]);
});

test('whole-run retry looks at the kind of error', async () => {
  const retry = { attempts: 3, delay: 1, nonRetryable: [RangeError] };
  const flow = workflow('flow', { retry }, async (ctx, kind: 'range' | 'other') =>
    ctx.step('fail', () => Promise.reject(kind === 'range' ? new RangeError('r') : new Error('o'))),
  );
  expect((await everyLife(flow, 'range')).bodies).toEqual({ 'flow fail': 1 });
  expect((await everyLife(flow, 'other')).bodies).toEqual({ 'flow fail': 3 });
});

test('runs with the same concurrency key go one after the other', async () => {
  const order: string[] = [];
  const flow = workflow(
    'flow',
    { concurrency: { key: (input: { account: string }) => input.account } },
    async (ctx, { account }) => {
      await ctx.step('begin', () => void order.push(`${account} begins`));
      await ctx.sleep('1h');
      await ctx.step('end', () => void order.push(`${account} ends`));
    },
  );
  await using engine = await testEngine({ workflows: [flow] });
  const runs = [];
  for (const account of ['a', 'b', 'a']) runs.push(await engine.start(flow, { account }));
  await engine.clock.settle();
  expect(order).toEqual(['a begins', 'b begins']);
  expect(await runs[2]!.info()).toMatchObject({ status: 'queued', waitingFor: [{ kind: 'concurrency' }] });
  await engine.result(runs[2]!);
  expect(order).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'a begins', 'a ends']);
});

test('a concurrency limit lets so many run at once; a run that ends in any way makes room', async () => {
  const flow = workflow('flow', { concurrency: { key: () => 'all', limit: 2 } }, async (ctx) =>
    ctx.sleep('1h'),
  );
  await using engine = await testEngine({ workflows: [flow] });
  const runs: RunHandle[] = [];
  for (let n = 0; n < 4; n++) runs.push(await engine.start(flow));
  await engine.clock.settle();
  const statuses = async () => Promise.all(runs.map(async (run) => (await run.info()).status));
  expect(await statuses()).toEqual(['waiting', 'waiting', 'queued', 'queued']);
  await runs[0]!.cancel();
  await engine.clock.settle();
  expect(await statuses()).toEqual(['cancelled', 'waiting', 'waiting', 'queued']);
});

test('the most urgent run goes first, then the oldest', async () => {
  const order: string[] = [];
  const flow = workflow('flow', { priority: 2 }, async (ctx, name: string) => {
    await ctx.step('go', () => void order.push(name));
  });
  await using engine = await testEngine({ workflows: [flow], worker: { concurrency: 1 } });
  const starts = { 'default 1': {}, low: { priority: 0 }, 'default 2': {}, urgent: { priority: 9 } };
  for (const [name, options] of Object.entries(starts))
    await engine.start(flow, name, { delay: '1m', ...options });
  await engine.advance('1m');
  expect(order).toEqual(['urgent', 'default 1', 'default 2', 'low']);
});

test('a delayed start: by a duration, or until a time', async () => {
  const flow = workflow('flow', async (ctx) => ctx.now());
  await using engine = await testEngine({ workflows: [flow] });
  const begin = engine.clock.now();
  const runs = [
    await engine.start(flow, undefined, { delay: '1h' }),
    await engine.start(flow, undefined, { at: new Date(begin + 7_200_000) }),
    await engine.start(flow, undefined, { at: 0 }),
  ];
  await engine.clock.settle();
  expect(await runs[0]!.info()).toMatchObject({
    status: 'queued',
    readyAt: begin + 3_600_000,
    waitingFor: [{ kind: 'start', until: begin + 3_600_000 }],
  });
  const times = [];
  for (const run of runs) times.push(await engine.result(run));
  expect(times).toEqual([begin + 3_600_000, begin + 7_200_000, begin]);
});

test('a queue is the workflow’s, or that of the start; only workers that serve it take the run', async () => {
  const flow = workflow('flow', { queue: 'mail' }, async () => 1);
  await using engine = await testEngine({ workflows: [flow], worker: { queues: ['mail'] } });
  expect(await engine.run(flow, undefined)).toBe(1);
  const other = await engine.start(flow, undefined, { queue: 'elsewhere' });
  await engine.clock.settle();
  expect(await other.info()).toMatchObject({ queue: 'elsewhere', output: undefined });
  expect((await other.info()).status).not.toBe('succeeded');
});

test.each<[WorkflowOptions<never>, string]>([
  [{ version: '' }, 'NAME_INVALID'],
  [{ version: '1@2' }, 'NAME_INVALID'],
  [{ timeout: 'soon' }, 'DURATION_INVALID'],
  [{ queue: 'a/b' }, 'NAME_INVALID'],
  [{ priority: 10 }, 'OPTION_INVALID'],
  [{ priority: 0.5 }, 'OPTION_INVALID'],
  [{ retry: 0 }, 'OPTION_INVALID'],
  [{ concurrency: { key: () => 'k', limit: 0 } }, 'OPTION_INVALID'],
])('the option %o is refused where the workflow is defined', (options, code) => {
  expect(() => workflow('flow', options as object, async () => 1)).toThrow(expect.objectContaining({ code }));
});

test('a workflow without a function, or with a name that cannot be one, is refused', () => {
  expect(() => workflow('flow', undefined as never)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  );
  for (const name of ['', 'a@b', 'a/b', ' ', 7 as never]) {
    expect(() => workflow(name, async () => 1)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  }
});

test('a concurrency key that cannot be one refuses the start', async () => {
  const flow = workflow('flow', { concurrency: { key: (key: string) => key } }, async () => 1);
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.start(flow, ''))).toMatchObject({ code: 'ID_INVALID' });
});

test('the timeout of a run counts from its begin, not from the start call', async () => {
  const flow = workflow('flow', { timeout: '1h' }, async (ctx) => {
    await ctx.sleep('59m');
    return 'in time';
  });
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, undefined, { delay: '1d' })).toBe('in time');
});
