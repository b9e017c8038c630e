import { expect, test } from 'vitest';
import { workflow, type Ctx, type RunInfo } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine, type TestEngine, type TestOptions } from '../../src/testing/index.ts';

type Options = Omit<TestOptions, 'store' | 'clock'>;

/** Stops an engine and opens another one with other code: a deploy. */
async function deploy(engine: TestEngine, options: Options): Promise<TestEngine> {
  await engine.close();
  const next = await testEngine({ ...options, store: engine.store, clock: engine.clock });
  await next.clock.settle();
  return next;
}

const fits = workflow('report', { version: '2' }, async (ctx) => ctx.waitForEvent('go'));
const other = workflow('other', async () => 1);

test('a run whose version no worker has is stuck, says so, and goes on when a fitting worker opens', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits, undefined, { delay: '1m' });
  const without = await deploy(before, { workflows: [other] });
  await without.advance('2m');
  expect(await without.well.get(run.id)).toMatchObject({
    status: 'stuck',
    startedAt: undefined,
    error: { code: 'NO_WORKER' },
    waitingFor: [{ kind: 'no worker', detail: 'report@2', error: { code: 'NO_WORKER' } }],
  });
  // Everybody else goes on meanwhile.
  expect(await (await without.start(other)).result()).toBe(1);
  await without.well.raiseEvent(run.id, 'go', 'kept');
  await using fitting = await deploy(without, { workflows: [other, fits] });
  expect(await fitting.well.result(run.id)).toBe('kept');
  expect((await fitting.well.get(run.id)).error).toBeUndefined();
});

test('a run that waits is stuck only once it has something to do', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits);
  await before.clock.settle();
  const without = await deploy(before, { workflows: [other] });
  await without.advance('1d');
  expect((await without.well.get(run.id)).status).toBe('waiting');
  await without.well.raiseEvent(run.id, 'go', 1);
  await without.advance('1m');
  expect((await without.well.get(run.id)).status).toBe('stuck');
  await using fitting = await deploy(without, { workflows: [fits] });
  expect(await fitting.well.result(run.id)).toBe(1);
});

test('runs of which another worker has the version are left to it', async () => {
  const store = openMemoryStore();
  await using left = await testEngine({ workflows: [other], store });
  await using right = await testEngine({ workflows: [fits], store, clock: left.clock });
  const run = await right.start(fits);
  await left.advance('1m');
  expect((await run.info()).status).toBe('waiting');
});

async function journey(ctx: Ctx, last: (ctx: Ctx) => Promise<unknown>) {
  await ctx.step('first', () => 1);
  await ctx.group('inner', (inner) => inner.step('deep', () => 2));
  await ctx.waitForEvent('go');
  return last(ctx);
}
const journeyOf = (fn: (ctx: Ctx) => Promise<unknown>) => workflow('journey', fn);
const right = journeyOf((ctx) => journey(ctx, () => ctx.step('last', () => 'arrived')));

/** Lives a run up to its wait, deploys other code, wakes it, and gives what the run looks like then. */
async function changeTo(fn: (ctx: Ctx) => Promise<unknown>): Promise<{ engine: TestEngine; info: RunInfo }> {
  const before = await testEngine({ workflows: [right] });
  await before.start(right, undefined, { id: 'r' });
  await before.clock.settle();
  const engine = await deploy(before, { workflows: [journeyOf(fn)] });
  await engine.well.raiseEvent('r', 'go');
  await engine.clock.settle();
  return { engine, info: await engine.well.get('r') };
}

const changes: [string, (ctx: Ctx) => Promise<unknown>, string[], object][] = [
  [
    'another name',
    (ctx) => ctx.step('renamed', () => 1),
    ['step "first" at position 2', 'asks for step "renamed"'],
    { journal: { position: 2, op: 'first', kind: 'step' }, code: { op: 'renamed', kind: 'step' } },
  ],
  [
    'another kind',
    (ctx) => ctx.sleep('first', 1),
    ['step "first"', 'asks for sleep "first"'],
    { journal: { op: 'first', kind: 'step' }, code: { op: 'first', kind: 'sleep' } },
  ],
  [
    'an operation less',
    async (ctx) => {
      await ctx.step('first', () => 1);
      return ctx.waitForEvent('go');
    },
    ['group "inner"', 'asks for event "go"'],
    { journal: { op: 'inner' }, code: { op: 'go' } },
  ],
  [
    'an operation more',
    async (ctx) => {
      await ctx.step('first', () => 1);
      await ctx.step('new', () => 1);
    },
    ['group "inner"', 'asks for step "new"'],
    { journal: { op: 'inner' }, code: { op: 'new' } },
  ],
  [
    'another order inside a group',
    async (ctx) => {
      await ctx.step('first', () => 1);
      await ctx.group('inner', (inner) => inner.step('shallow', () => 2));
    },
    ['step "inner/deep"', 'asks for step "inner/shallow"'],
    { journal: { op: 'inner/deep' }, code: { op: 'inner/shallow' } },
  ],
  [
    'an early return',
    async (ctx) => ctx.step('first', () => 1),
    ['group "inner" at position 4', 'the function returns'],
    { journal: { position: 4, op: 'inner' }, code: { end: 'returned' } },
  ],
  [
    'an early error',
    async (ctx) => {
      await ctx.step('first', () => 1);
      throw new TypeError('a typo');
    },
    ['group "inner" at position 4', 'throws TypeError: a typo'],
    { journal: { op: 'inner' }, code: { end: 'threw' } },
  ],
];

test.each(changes)('code that does not fit the journal (%s): stuck, with both sides', async (_, fn, says, data) => {
  const { engine, info } = await changeTo(fn);
  expect(info).toMatchObject({ status: 'stuck', error: { code: 'JOURNAL_MISMATCH' }, endedAt: undefined });
  for (const text of says) expect(info.error!.message).toContain(text);
  expect(info.error!.data).toMatchObject(data);
  expect(info.waitingFor).toMatchObject([{ kind: 'stuck', detail: info.error!.message }]);
  // Nothing is lost: with the code that fits it goes on, and what came meanwhile is there.
  await using again = await deploy(engine, { workflows: [right] });
  expect(await again.well.result('r')).toBe('arrived');
});

test('a function that returns where the journal has further turns does not fit', async () => {
  const both = workflow('w', async (ctx) => void (await Promise.all([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')])));
  const one = workflow('w', async (ctx) => void (await Promise.race([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')])));
  const before = await testEngine({ workflows: [both] });
  const run = await before.start(both);
  await before.advance('1h');
  const engine = await deploy(before, { workflows: [one] });
  // All that the journal has so far was asked for, and nothing comes after it: this code just ends earlier.
  await engine.advance('1h');
  expect((await engine.well.get(run.id)).status).toBe('succeeded');

  const third = await testEngine({ workflows: [both] });
  const longer = workflow('w', async (ctx) => {
    await Promise.all([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]);
    await ctx.waitForEvent('go');
  });
  await third.close();
  const fourth = await deploy(third, { workflows: [longer] });
  const long = await fourth.start(longer);
  await fourth.advance('3h');
  await using fifth = await deploy(fourth, { workflows: [one] });
  await fifth.well.raiseEvent(long.id, 'go');
  await fifth.clock.settle();
  expect(await fifth.well.get(long.id)).toMatchObject({
    status: 'stuck',
    error: { code: 'JOURNAL_MISMATCH', message: expect.stringContaining('The journal goes on here; the function returns') },
  });
});

test('a stuck run is not tried over and over', async () => {
  let begun = 0;
  const { engine } = await changeTo(async (ctx) => {
    begun++;
    await ctx.step('renamed', () => 1);
  });
  const after = begun;
  for (let n = 0; n < 10; n++) await engine.advance('1h');
  expect(begun).toBe(after);
  await engine.close();
});

test('a run can be paused and resumed while it is stuck, and is stuck again', async () => {
  const { engine } = await changeTo((ctx) => ctx.step('renamed', () => 1));
  await engine.well.pause('r');
  await engine.clock.settle();
  await engine.well.resume('r');
  await engine.clock.settle();
  expect((await engine.well.get('r')).status).toBe('stuck');
  await using again = await deploy(engine, { workflows: [right] });
  expect(await again.well.result('r')).toBe('arrived');
});

test('a journal that is full, wherever that is: stuck, and on with a higher limit', async () => {
  const long = workflow('long', async (ctx) => {
    for (let n = 0; n < 4; n++) await ctx.step('step', () => n);
    await ctx.waitForEvent('go');
    return 'done';
  });
  for (let eventsPerRun = 3; eventsPerRun < 16; eventsPerRun++) {
    const engine = await testEngine({ workflows: [long], limits: { eventsPerRun } });
    const run = await engine.start(long);
    await run.raiseEvent('go');
    await engine.clock.settle();
    const { status, error } = await run.info();
    expect({ eventsPerRun, status, code: error?.code }).toEqual(
      eventsPerRun < 14 ? { eventsPerRun, status: 'stuck', code: 'TOO_MANY_EVENTS' } : { eventsPerRun, status: 'succeeded' },
    );
    await using next = await deploy(engine, { workflows: [long], limits: { eventsPerRun: 100 } });
    expect({ eventsPerRun, output: (await next.well.get(run.id)).output }).toEqual({ eventsPerRun, output: 'done' });
  }
});

test('a workflow that waits for something else than an operation: stuck, and on with mended code', async () => {
  const never = workflow('never', async () => new Promise<string>(() => {}));
  const mended = workflow('never', async () => 'settled');
  const engine = await testEngine({ workflows: [never] });
  const run = await engine.start(never);
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({ status: 'stuck', error: { code: 'WORKFLOW_NEVER_SETTLES' } });
  await using next = await deploy(engine, { workflows: [mended] });
  expect(await next.well.result(run.id)).toBe('settled');
});

test('a journal of a newer engine: stuck, not touched', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits);
  await before.clock.settle();
  const [worker] = await before.well.workers();
  await before.close();
  // What a newer engine would have left behind, had it taken the run up and died.
  const { store, clock } = before;
  await store.register({ ...worker!, id: 'newer' });
  const to = { namespace: 'default', id: run.id };
  await store.deliver([{ to, now: clock.now(), fact: { type: 'resume' } }]);
  const claimed = await store.claim({
    worker: 'newer',
    kinds: ['report@2'],
    queues: null,
    limit: 1,
    now: clock.now(),
  });
  const { run: taken, journal } = claimed.runs[0]!;
  await store.commit([
    {
      run: taken.key,
      position: journal!.flatMap(({ events }) => events).length,
      at: clock.now(),
      events: JSON.stringify([{ type: 'run.activated', worker: 'newer', format: 99 }]),
      count: 1,
      taken: 0,
      open: [],
      close: [],
      starts: [],
      deliver: [],
      change: null,
    },
  ]);
  await store.retire('newer', clock.now());
  await using engine = await testEngine({ workflows: [fits], store, clock });
  await engine.clock.settle();
  expect(await engine.well.get(run.id)).toMatchObject({
    status: 'stuck',
    error: { code: 'JOURNAL_TOO_NEW', message: expect.stringContaining('format 99') },
  });
  await expect(engine.well.fork(run.id, { from: 'go' })).rejects.toMatchObject({ code: 'FORK_NOT_POSSIBLE' });
});
