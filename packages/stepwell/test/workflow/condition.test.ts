import { expect, test } from 'vitest';
import { workflow, type ConditionOptions } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

/** A condition that holds at its n-th check. */
const holdingAt = (n: number, options: ConditionOptions) =>
  workflow('watching', async (ctx) => {
    let checks = 0;
    const found = await ctx
      .waitForCondition('ready', ({ attempt }) => (checks = attempt) >= n && { attempt }, options)
      .catch(({ code }) => code as string);
    await ctx.sleep('1h');
    return { found: typeof found === 'object' ? 'found' : found, checked: checks >= 0 };
  });

test('a condition is checked at once, and then at every interval until it holds', async () => {
  const flow = holdingAt(4, { every: '10m' });
  const { output, bodies, took } = await everyLife(flow, undefined);
  expect(output).toMatchObject({ found: 'found' });
  expect([bodies, took]).toEqual([{ 'watching ready': 4 }, 90 * 60_000]);
});

test('the pauses grow by the factor up to maxDelay', async () => {
  const { took } = await everyLife(holdingAt(5, { every: '10m', factor: 2, maxDelay: '30m' }), undefined);
  expect(took).toBe((10 + 20 + 30 + 30 + 60) * 60_000);
});

test('a condition that does not come to hold in time rejects with WAIT_TIMED_OUT', async () => {
  const { output, bodies, took } = await everyLife(
    holdingAt(99, { every: '10m', timeout: '25m' }),
    undefined,
  );
  expect(output).toMatchObject({ found: 'WAIT_TIMED_OUT' });
  expect([bodies, took]).toEqual([{ 'watching ready': 3 }, 85 * 60_000]);
});

test.each([[0], [''], [[]], [{}], ['yes'], [true]])('%j is a result', async (value) => {
  const flow = workflow('flow', async (ctx) => ctx.waitForCondition('ready', () => value, { every: 1 }));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, undefined)).toEqual(value);
});

test.each([[false], [null], [undefined]])('%s means: not yet', async (value) => {
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCondition('ready', ({ attempt }) => (attempt === 3 ? attempt : value), { every: 1 }),
  );
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, undefined)).toBe(3);
});

test('a check that throws fails the wait', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCondition('ready', () => Promise.reject(new RangeError('no answer')), { every: 1 }),
  );
  const { error, bodies } = await everyLife(flow, undefined);
  expect([error?.name, error?.message, bodies]).toEqual(['RangeError', 'no answer', { 'flow ready': 1 }]);
});

test('a check can keep what it knows for the next one', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCondition(
      'ready',
      ({ heartbeat, lastHeartbeat }) => {
        const seen = ((lastHeartbeat as number | undefined) ?? 0) + 1;
        heartbeat(seen);
        return seen === 3 && seen;
      },
      { every: '1m' },
    ),
  );
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  expect(await engine.run(flow, undefined)).toBe(3);
});

test.each<Partial<ConditionOptions>>([
  { every: 'often' },
  { every: -1 },
  {},
  { every: 1, factor: 0.5 },
  { every: 1, maxDelay: 'long' },
  { every: 1, timeout: 'long' },
])('%o is refused', async (options) => {
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCondition('ready', () => true, options as ConditionOptions),
  );
  await using engine = await testEngine({ workflows: [flow] });
  const { code } = await errorOf(engine.run(flow, undefined));
  expect(code).toBe(options.factor === undefined ? 'DURATION_INVALID' : 'OPTION_INVALID');
});
