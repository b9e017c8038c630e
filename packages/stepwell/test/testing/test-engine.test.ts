import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const YEAR = 365 * 86_400_000;

const order = workflow('order', async (ctx, total: number) => {
  const stock = await ctx.step('check stock', (): number => {
    throw new Error('there is no warehouse in a test');
  });
  if (total >= 100_000) await ctx.waitForEvent('approved', { timeout: '24h' });
  await ctx.sleep('30d');
  const { values } = await ctx.map('parts', [1, 2], (inner, part) =>
    inner.step('pack', () => `packed ${part}`),
  );
  return { stock, values };
});
const inStock = { order: { 'check stock': () => 5 } };

test('a year passes in no time', async () => {
  const patient = workflow('patient', async (ctx) => {
    const begin = ctx.now();
    await ctx.sleep('365d');
    await ctx.sleepUntil(new Date(begin + 3 * YEAR));
    return ctx.now() - begin;
  });
  await using engine = await testEngine({ workflows: [patient] });
  expect(await engine.run(patient, undefined)).toBe(3 * YEAR);
  expect(engine.clock.now()).toBe(Date.UTC(2030, 0, 1) + 3 * YEAR);
});

test('run skips retries, delays, timeouts, children’s sleeps and the delay of the start', async () => {
  const child = workflow('child', async (ctx) => (await ctx.sleep('7d'), 'grown'));
  const everything = workflow('everything', async (ctx) => {
    const retried = await ctx.step(
      'flaky',
      { retry: { attempts: 5, delay: '1h', factor: 3, maxDelay: '1d' } },
      ({ attempt }) => {
        if (attempt < 5) throw new Error('not yet');
        return attempt;
      },
    );
    const waited = await ctx
      .waitForEvent('never', { timeout: '90d' })
      .catch((error: { code: string }) => error.code);
    return [retried, waited, await ctx.run(child)];
  });
  await using engine = await testEngine({ workflows: [everything, child], start: 0 });
  expect(await engine.run(everything, undefined, { delay: '1d' })).toEqual([5, 'WAIT_TIMED_OUT', 'grown']);
  const hours = 24 + 1 + 3 + 9 + 24 + 24 * 97;
  expect(engine.clock.now()).toBe(hours * 3_600_000);
});

test('run gives the result of the run that goes on, and skips its time as well', async () => {
  const rounds = workflow('rounds', async (ctx, left: number): Promise<string> => {
    await ctx.sleep('1h');
    if (left > 0) ctx.continueAs(left - 1);
    return 'the last';
  });
  await using engine = await testEngine({ workflows: [rounds] });
  expect(await engine.run(rounds, 2)).toBe('the last');
});

test('advance moves the clock by so much and no more', async () => {
  const sleeper = workflow('sleeper', async (ctx) => ctx.sleep('1h'));
  await using engine = await testEngine({ workflows: [sleeper] });
  const run = await engine.start(sleeper);
  await engine.advance('59m');
  expect((await run.info()).status).toBe('waiting');
  await engine.advance('1m');
  expect((await run.info()).status).toBe('succeeded');
});

test('steps are replaced by name, and by id where there are several', async () => {
  await using engine = await testEngine({
    workflows: [order],
    steps: {
      order: { 'check stock': () => 5, pack: () => 'replaced', 'parts/item#2/pack': () => 'the second' },
    },
  });
  expect(await engine.run(order, 1)).toEqual({ stock: 5, values: ['replaced', 'the second'] });
  await engine.close();
});

test('a replaced step gets what the body would have got, and may fail and be retried', async () => {
  const flaky = workflow('flaky', async (ctx) => ctx.step('try', { retry: 3 }, () => 'real'));
  const seen: unknown[] = [];
  await using engine = await testEngine({
    workflows: [flaky],
    steps: {
      flaky: {
        try: ({ attempt, idempotencyKey }) => {
          seen.push([attempt, idempotencyKey]);
          if (attempt < 3) throw new Error('not yet');
          return 'replaced';
        },
      },
    },
  });
  expect(await engine.run(flaky, undefined, { id: 'f' })).toBe('replaced');
  expect(seen).toEqual([1, 2, 3].map((attempt) => [attempt, 'f/try']));
});

test('conditions and submits of callbacks are replaced as well', async () => {
  const asking = workflow('asking', async (ctx) => {
    await ctx.waitForCondition('ready', () => false, { every: '1m' });
    return ctx.waitForCallback('approve', () => Promise.reject(new Error('there is no mail in a test')));
  });
  const sent: string[] = [];
  await using engine = await testEngine({
    workflows: [asking],
    steps: { asking: { ready: () => true, submit: () => void sent.push('mail') } },
  });
  const run = await engine.start(asking);
  const [reason] = await engine.waitingFor(run.id);
  expect(reason).toMatchObject({ kind: 'callback', op: 'approve' });
  await engine.well.callbacks.succeed(reason!.callback!, 'yes');
  expect(await engine.result(run)).toBe('yes');
  expect(sent).toEqual(['mail']);
});

test('a replaced step that was never run fails the test', async () => {
  const steps = { order: { ...inStock.order, 'chek stock': () => 5 } };
  const engine = await testEngine({ workflows: [order], steps });
  await engine.run(order, 1);
  await expect(engine.close()).rejects.toMatchObject({
    code: 'TEST_STEP_UNUSED',
    message: expect.stringContaining('chek stock'),
  });
  const other = await testEngine({ workflows: [order], steps: { ordr: inStock.order } });
  await expect(other.close()).rejects.toMatchObject({ code: 'TEST_STEP_UNUSED' });
  const used = await testEngine({ workflows: [order], steps: inStock });
  await used.run(order, 1);
  await used.close();
});

test('an engine that a failing test leaves is stopped without a second complaint', async () => {
  const engine = await testEngine({ workflows: [order], steps: inStock });
  await engine[Symbol.asyncDispose]();
  await expect(engine.well.list()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('bodies may do real work: files, timers', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stepwell-testing-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'report');
  const writing = workflow('writing', async (ctx) => {
    await ctx.step('write', () => writeFile(path, 'a report'));
    await ctx.sleep('1h');
    return ctx.step('read', () => readFile(path, 'utf8'));
  });
  await using engine = await testEngine({ workflows: [writing] });
  expect(await engine.run(writing, undefined)).toBe('a report');
});

test('the timeout of a step that hangs is reached by moving the clock', async () => {
  const hanging = workflow('hanging', async (ctx) =>
    ctx.step(
      'hang',
      { timeout: '30s' },
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    ),
  );
  await using engine = await testEngine({ workflows: [hanging] });
  const run = await engine.start(hanging);
  await engine.advance('30s');
  await expect(run.result()).rejects.toMatchObject({ code: 'STEP_TIMED_OUT' });
});

test('a run that waits for what only the test can give says what that is', async () => {
  await using engine = await testEngine({ workflows: [order], steps: inStock });
  const eternal = workflow('eternal', async (ctx) => ctx.waitForEvent('the end'));
  await using other = await testEngine({ workflows: [eternal] });
  await expect(other.run(eternal, undefined)).rejects.toMatchObject({
    code: 'WORKFLOW_NEVER_SETTLES',
    message: expect.stringContaining('event the end'),
  });
  // One with a timeout is waited out instead.
  await expect(engine.run(order, 100_000)).rejects.toMatchObject({ code: 'WAIT_TIMED_OUT' });
});

test('the outside world is played between skips', async () => {
  await using engine = await testEngine({ workflows: [order], steps: inStock });
  const run = await engine.start(order, 100_000);
  expect(await engine.waitingFor(run.id)).toMatchObject([{ kind: 'event', detail: 'approved' }]);
  await engine.advance('23h');
  await run.raiseEvent('approved');
  const info = await engine.skipUntil(run.id, ({ waitingFor }) => waitingFor[0]?.kind === 'sleep');
  expect(info.status).toBe('waiting');
  expect(await engine.result(run)).toEqual({ stock: 5, values: ['packed 1', 'packed 2'] });
});

test('a run that gets stuck says why, instead of waiting for ever', async () => {
  const first = workflow('w', async (ctx) => ctx.waitForEvent('go'));
  const second = workflow('w', async (ctx) => ctx.sleep('1h'));
  const engine = await testEngine({ workflows: [first] });
  const run = await engine.start(first);
  await engine.clock.settle();
  await engine.close();
  await using next = await testEngine({ workflows: [second], store: engine.store, clock: engine.clock });
  await next.well.raiseEvent(run.id, 'go');
  const again = await next.well.start(second, undefined, { id: run.id });
  await expect(next.result(again)).rejects.toThrow(/stuck.*does not fit the journal/);
});

test('codec, limits and worker options reach the engine', async () => {
  const echo = workflow('echo', async (_ctx, input: string) => input);
  await using engine = await testEngine({
    workflows: [echo],
    limits: { payloadBytes: 5 },
    worker: { name: 'mine' },
    codec: { encode: (text) => text.toUpperCase(), decode: (stored) => stored.toLowerCase() },
  });
  expect(await engine.run(echo, 'abc')).toBe('abc');
  expect(JSON.stringify(await engine.store.query({ namespace: 'default', limit: 1 }))).toContain('ABC');
  await expect(engine.run(echo, 'abcd')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect((await engine.well.workers())[0]!.name).toBe('mine');
});
