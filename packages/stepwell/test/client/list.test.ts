import { expect, test } from 'vitest';
import { workflow, type ListOptions, type RunInfo } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';

const START = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;

const quick = workflow('quick', async (_ctx, n: number) => n);
const broken = workflow('broken', async (ctx) =>
  ctx.step('break', () => {
    throw new TypeError('it broke');
  }),
);
const waiter = workflow('waiter', { version: '3' }, async (ctx) => {
  ctx.progress({ stage: 'shipping', percent: 40 });
  ctx.setStatus('on its way');
  return ctx.waitForEvent('arrived', { timeout: '1d' });
});
const parent = workflow('parent', async (ctx) => {
  await ctx.start(quick, 1, { id: 'detached' });
  return ctx.run(waiter, undefined, { id: 'awaited' });
});

async function idsOf(engine: TestEngine, options: ListOptions): Promise<string[]> {
  return (await engine.well.list(options)).runs.map(({ id }) => id);
}

test('every filter of a list', async () => {
  await using engine = await testEngine({ workflows: [quick, broken, waiter, parent], start: START });
  await engine.start(quick, 1, { id: 'done' });
  await engine.start(broken, undefined, { id: 'broken' });
  await engine.advance('1h');
  await engine.start(waiter, undefined, { id: 'waiting', queue: 'night' });
  await engine.start(quick, 1, { id: 'later', delay: '1d' });
  await engine.advance('1h');
  await engine.start(parent, undefined, { id: 'parent' });
  await engine.clock.settle();

  expect(await idsOf(engine, {})).toEqual([
    'awaited',
    'detached',
    'parent',
    'later',
    'waiting',
    'broken',
    'done',
  ]);
  expect(await idsOf(engine, { workflow: 'quick' })).toEqual(['detached', 'later', 'done']);
  expect(await idsOf(engine, { version: '3' })).toEqual(['awaited', 'waiting']);
  expect(await idsOf(engine, { status: 'failed' })).toEqual(['broken']);
  expect(await idsOf(engine, { status: ['failed', 'queued'] })).toEqual(['later', 'broken']);
  expect(await idsOf(engine, { status: [] })).toEqual([]);
  expect(await idsOf(engine, { queue: 'night' })).toEqual(['waiting']);
  expect(await idsOf(engine, { parent: 'parent' })).toEqual(['awaited', 'detached']);
  expect(await idsOf(engine, { createdFrom: START + HOUR, createdBefore: START + 2 * HOUR })).toEqual([
    'later',
    'waiting',
  ]);
  expect(await idsOf(engine, { createdBefore: new Date(START + HOUR) })).toEqual(['broken', 'done']);
  expect(await idsOf(engine, { workflow: 'waiter', queue: 'default', status: 'waiting' })).toEqual([
    'awaited',
  ]);
  expect(await idsOf(engine, { workflow: 'nothing' })).toEqual([]);
});

test('a run as an application sees it', async () => {
  await using engine = await testEngine({ workflows: [quick, broken, waiter, parent], start: START });
  const run = await engine.start(parent, undefined, { id: 'parent', priority: 3 });
  await engine.clock.settle();
  expect(await run.info()).toEqual({
    id: 'parent',
    namespace: 'default',
    workflow: 'parent',
    version: '1',
    status: 'waiting',
    queue: 'default',
    priority: 3,
    input: undefined,
    output: undefined,
    error: undefined,
    progress: undefined,
    statusText: undefined,
    waitingFor: [{ kind: 'child', op: 'waiter', child: 'awaited' }],
    parent: undefined,
    continuedBy: undefined,
    readyAt: undefined,
    beginBy: undefined,
    tags: [],
    traceparent: undefined,
    createdAt: START,
    startedAt: START,
    endedAt: undefined,
  } satisfies RunInfo);
  expect(await engine.well.get('awaited')).toMatchObject({
    parent: { id: 'parent', op: 'waiter' },
    progress: { stage: 'shipping', percent: 40 },
    statusText: 'on its way',
    waitingFor: [{ kind: 'event', op: 'arrived', detail: 'arrived', until: START + 24 * HOUR }],
  });
  expect((await engine.well.get('detached')).parent).toEqual({ id: 'parent', op: null });
});

test('a run that failed shows its error', async () => {
  await using engine = await testEngine({ workflows: [broken], start: START });
  const run = await engine.start(broken);
  await engine.advance(1);
  expect(await run.info()).toMatchObject({
    status: 'failed',
    error: { name: 'TypeError', message: 'it broke', stack: expect.stringContaining('list.test.ts') },
    waitingFor: [],
    endedAt: START,
  });
});

test('pages follow each other without a gap or a double, also while runs are added', async () => {
  await using engine = await testEngine({ workflows: [quick] });
  for (let n = 0; n < 7; n++) await engine.start(quick, n, { id: `r${n}` });
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.well.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(page.runs.map(({ id }) => id));
    cursor = page.cursor;
    await engine.start(quick, 0, { id: `new${pages.length}` });
  } while (cursor !== undefined && pages.length < 5);
  expect(pages).toEqual([['r6', 'r5', 'r4'], ['r3', 'r2', 'r1'], ['r0']]);
});

test('a page that is full and the last has no cursor', async () => {
  await using engine = await testEngine({ workflows: [quick] });
  for (let n = 0; n < 3; n++) await engine.start(quick, n);
  const { runs, cursor } = await engine.well.list({ limit: 3 });
  expect([runs.length, cursor]).toEqual([3, undefined]);
});

test('lists that cannot be made are refused', async () => {
  await using engine = await testEngine({ workflows: [quick] });
  for (const [options, code] of [
    [{ limit: 0 }, 'OPTION_INVALID'],
    [{ limit: 1_001 }, 'OPTION_INVALID'],
    [{ limit: 1.5 }, 'OPTION_INVALID'],
    [{ status: 'done' as never }, 'OPTION_INVALID'],
    [{ status: ['failed', ''] as never }, 'OPTION_INVALID'],
    [{ createdFrom: new Date('never') }, 'OPTION_INVALID'],
    [{ createdBefore: Number.NaN }, 'OPTION_INVALID'],
    [{ cursor: '' }, 'CURSOR_INVALID'],
    [{ cursor: 'after-' }, 'CURSOR_INVALID'],
    [{ cursor: 'after-1; drop table run' }, 'CURSOR_INVALID'],
  ] as [ListOptions, string][]) {
    await expect(engine.well.list(options)).rejects.toMatchObject({ code });
  }
});

test('counts by status', async () => {
  await using engine = await testEngine({ workflows: [quick, broken, waiter] });
  expect(await engine.well.counts()).toEqual({});
  await engine.start(quick, 1);
  await engine.start(quick, 2);
  await engine.start(quick, 3, { delay: '1h' });
  await engine.start(broken);
  await engine.start(waiter);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ succeeded: 2, queued: 1, failed: 1, waiting: 1 });
});
