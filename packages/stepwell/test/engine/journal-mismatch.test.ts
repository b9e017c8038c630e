import { expect, test } from 'vitest';
import { workflow, type Ctx, type RunInfo } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';
import { deploy } from './deploy.ts';

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

test.each(changes)(
  'code that does not fit the journal (%s): stuck, with both sides',
  async (_, fn, says, data) => {
    const { engine, info } = await changeTo(fn);
    expect(info).toMatchObject({ status: 'stuck', error: { code: 'JOURNAL_MISMATCH' }, endedAt: undefined });
    for (const text of says) expect(info.error!.message).toContain(text);
    expect(info.error!.data).toMatchObject(data);
    expect(info.waitingFor).toMatchObject([{ kind: 'stuck', detail: info.error!.message }]);
    // Nothing is lost: with the code that fits it goes on, and what came meanwhile is there.
    await using again = await deploy(engine, { workflows: [right] });
    expect(await again.well.result('r')).toBe('arrived');
  },
);

test('a function that returns where the journal has further turns does not fit', async () => {
  const both = workflow(
    'w',
    async (ctx) => void (await Promise.all([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')])),
  );
  const one = workflow('w', async (ctx) => Promise.race([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]));
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
    error: {
      code: 'JOURNAL_MISMATCH',
      message: expect.stringContaining('The journal goes on here; the function returns'),
    },
  });
});

test('a stuck run is tried again less and less often', async () => {
  let begun = 0;
  const { engine } = await changeTo(async (ctx) => {
    begun++;
    await ctx.step('renamed', () => 1);
  });
  const after = begun;
  for (let n = 0; n < 10; n++) await engine.advance('1h');
  // After 1 minute, 2, 4 … 512.
  expect(begun - after).toBe(10);
  await engine.advance('30d');
  expect(begun - after).toBeLessThan(10 + 4 * 30 + 2);
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

// That no rejection is left which nobody listens to, and which would end the process, vitest sees.
test('an item with a time limit that does not fit makes its run stuck, also where items may fail', async () => {
  const flow = (way: string) =>
    workflow('flow', async (ctx) => {
      const item = async (inner: Ctx) => {
        await inner.step(`${way} way`, () => {});
        await inner.waitForEvent('go');
      };
      await ctx.map('items', [1, 2, 3], item, { concurrency: 1, itemTimeout: '1h', tolerate: { count: 3 } });
    });
  const before = await testEngine({ workflows: [flow('old')] });
  await before.start(flow('old'), undefined, { id: 'r' });
  await before.clock.settle();
  await using engine = await deploy(before, { workflows: [flow('new')] });
  await engine.well.raiseEvent('r', 'go');
  await engine.clock.settle();
  expect(await engine.well.get('r')).toMatchObject({ status: 'stuck', error: { code: 'JOURNAL_MISMATCH' } });
});
