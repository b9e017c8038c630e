import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { crashTest } from '../../src/testing/index.ts';

const child = workflow('child', async (ctx, n: number) => ctx.step('grow', () => n * 2));

/** Something of everything, done as it should be. */
const right = workflow('right', async (ctx, input: { total: number }) => {
  const stock = await ctx.step('check', () => input.total - 1);
  let attempts = 0;
  const charge = await ctx.step('charge', { retry: 3 }, ({ attempt }) => {
    if (attempt < 2) throw new Error('not yet');
    return ++attempts > 0;
  });
  await ctx.sleep('30d');
  const event = await ctx.waitForEvent<string>('go');
  const approved = await ctx.waitForCallback<string>('approve', () => {});
  const { values } = await ctx.map('m', [1, 2, 3], (inner, n) => inner.step('x', () => n), {
    concurrency: 2,
  });
  const fast = await Promise.race([ctx.sleep('slow', '1h'), ctx.step('fast', () => 'fast')]);
  return { stock, charge, event, approved, values, fast, grown: await ctx.run(child, 4) };
});

const outside = async (
  reason: { kind: string; detail?: string; callback?: string },
  well: Parameters<NonNullable<NonNullable<Parameters<typeof crashTest>[2]>['outside']>>[1],
  id: string,
) => {
  if (reason.kind === 'event') await well.raiseEvent(id, reason.detail!, 'event', { id: 'e' });
  if (reason.callback !== undefined) await well.callbacks.succeed(reason.callback, 'yes');
};

test('of a workflow that is right there is nothing to report, wherever it crashes', async () => {
  const report = await crashTest(right, { total: 7 }, { workflows: [child], outside });
  expect(report.problems).toEqual([]);
  expect(report.expected).toMatchObject({
    status: 'succeeded',
    output: { stock: 6, event: 'event', approved: 'yes', values: [1, 2, 3], grown: 8 },
  });
  // A crash before and after each commit, and before and after each body.
  expect(report.points).toBeGreaterThan(40);
  expect(report.points % 2).toBe(0);
});

test('a workflow that is right may fail: the failure has to be the same', async () => {
  const failing = workflow('failing', async (ctx) => {
    await ctx.step('book', { undo: () => {} }, () => 1);
    await ctx.step('pay', () => Promise.reject(new TypeError('no money')));
  });
  const report = await crashTest(failing, undefined);
  expect(report.problems).toEqual([]);
  expect(report.expected).toEqual({
    status: 'failed',
    output: undefined,
    error: { name: 'TypeError', message: 'no money' },
  });
});

test('state outside the journal is found: its outcome differs', async () => {
  let seen = 0;
  const counting = workflow('counting', async (ctx) => {
    seen++;
    await ctx.step('a', () => 1);
    await ctx.step('b', () => 1);
    return seen;
  });
  const report = await crashTest(counting, undefined, { before: () => void (seen = 0) });
  expect(report.expected.output).toBe(1);
  expect(report.problems.length).toBeGreaterThan(0);
  for (const { point, problem } of report.problems) {
    expect(point).toMatch(/^(before|after) (commit|body) \d+$/);
    expect(problem).toMatch(/the outcome was succeeded \d, without a crash it was succeeded 1/);
  }
});

test('operations that depend on state outside the journal are found: the run is stuck', async () => {
  let lives = 0;
  const moody = workflow('moody', async (ctx) => {
    lives++;
    await ctx.step(lives % 2 === 1 ? 'odd' : 'even', () => 1);
    await ctx.step('last', () => 1);
  });
  const report = await crashTest(moody, undefined, { before: () => void (lives = 0) });
  expect(report.problems.map(({ problem }) => problem)).toContainEqual(
    expect.stringMatching(/is stuck: The code does not fit the journal.*step "odd".*step "even"/),
  );
});

test('a body whose effect must not happen twice is found with `after`', async () => {
  let charged = 0;
  const charging = (atMostOnce: boolean) =>
    workflow('charging', async (ctx) => {
      await ctx.step('charge', { atMostOnce }, () => void charged++).catch(() => 'uncertain');
      return 'done';
    });
  const options = {
    before: () => void (charged = 0),
    after: () => {
      if (charged > 1) throw new Error(`charged ${charged} times`);
    },
  };
  const twice = await crashTest(charging(false), undefined, options);
  // After the body, or after it and before its result was stored: there alone it is run again.
  expect(twice.problems).toEqual([
    { point: 'before commit 2', problem: 'charged 2 times' },
    { point: 'after body 1', problem: 'charged 2 times' },
  ]);
  expect((await crashTest(charging(true), undefined, options)).problems).toEqual([]);
});

test('with an idempotency key the same effect happens once', async () => {
  const ledger = new Map<string, number>();
  const charging = workflow('charging', async (ctx) =>
    ctx.step(
      'charge',
      ({ idempotencyKey }) => void ledger.set(idempotencyKey, (ledger.get(idempotencyKey) ?? 0) + 300),
    ),
  );
  const keyed = workflow('keyed', async (ctx) =>
    ctx.step('charge', ({ idempotencyKey }) => void ledger.set(idempotencyKey, 300)),
  );
  const options = {
    before: () => ledger.clear(),
    after: () => {
      const total = [...ledger.values()].reduce((sum, amount) => sum + amount, 0);
      if (total !== 300) throw new Error(`charged ${total}`);
    },
  };
  expect((await crashTest(charging, undefined, options)).problems).not.toEqual([]);
  expect((await crashTest(keyed, undefined, options)).problems).toEqual([]);
});

test('outcomes that may differ are told apart by `isSame`', async () => {
  let uncertain = 0;
  const once = workflow('once', async (ctx) =>
    ctx.step('charge', { atMostOnce: true }, () => 'charged').catch(() => (uncertain++, 'uncertain')),
  );
  expect((await crashTest(once, undefined)).problems).not.toEqual([]);
  const isSame = (outcome: { output: unknown }) =>
    ['charged', 'uncertain'].includes(outcome.output as string);
  expect((await crashTest(once, undefined, { isSame })).problems).toEqual([]);
  expect(uncertain).toBeGreaterThan(0);
});

test('an output that holds an id is another one when its run has to begin anew; `isSame` leaves it out', async () => {
  const naming = workflow('naming', async (ctx) => ({ id: ctx.uuid(), n: await ctx.step('a', () => 1) }));
  expect((await crashTest(naming, undefined)).problems).toMatchObject([{ point: 'before commit 1' }]);
  const n = ({ output }: { output: unknown }) => (output as { n: number }).n;
  const isSame = (a: { output: unknown }, b: { output: unknown }) => n(a) === n(b);
  expect((await crashTest(naming, undefined, { isSame })).problems).toEqual([]);
});

test('a run that waits for an outside world that does not answer is reported', async () => {
  const waiting = workflow('waiting', async (ctx) => ctx.waitForEvent('never'));
  await expect(crashTest(waiting, undefined)).rejects.toThrow(/did not end/);
});

test('a workflow whose undisturbed life fails `after` is not blamed on crashes', async () => {
  const fine = workflow('fine', async () => 1);
  const after = () => {
    throw new Error('the ledger is empty');
  };
  await expect(crashTest(fine, undefined, { after })).rejects.toThrow('the ledger is empty');
});
