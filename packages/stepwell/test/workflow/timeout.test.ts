import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

/** Resolves with the signal's reason; a body that waits for nothing else. */
function aborted(signal: AbortSignal): Promise<Error> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason as Error);
    signal.addEventListener('abort', () => resolve(signal.reason as Error));
  });
}

test('an attempt that takes too long is aborted and fails with STEP_TIMED_OUT', async () => {
  let reason: unknown;
  const flow = workflow('flow', async (ctx) =>
    ctx.step('slow', { timeout: '30s' }, async ({ signal }) => {
      reason = await aborted(signal);
    }),
  );
  const { error, took } = await everyLife(flow, undefined);
  expect(error).toMatchObject({ code: 'STEP_TIMED_OUT', message: expect.stringContaining('"slow"') });
  expect(took).toBe(30_000);
  expect(reason).toMatchObject({ code: 'STEP_TIMED_OUT' });
});

test('a timeout counts as a failed attempt, and the next attempt has all its time again', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.step('slow', { timeout: '30s', retry: { attempts: 3, delay: '1s' } }, async ({ attempt, signal }) => {
      if (attempt < 3) await aborted(signal);
      return 'done';
    }),
  );
  const { output, took } = await everyLife(flow, undefined);
  expect(output).toBe('done');
  expect(took).toBe(30_000 + 1_000 + 30_000 + 2_000);
});

test('what a body that was given up returns later counts for nothing', async () => {
  const late = Promise.withResolvers<string>();
  const flow = workflow('flow', async (ctx) => {
    const result = await ctx
      .step('slow', { timeout: '1s' }, () => late.promise)
      .catch(({ code }) => code as string);
    await ctx.sleep('1h');
    return result;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.advance('1s');
  late.resolve('too late');
  await engine.advance('1h');
  expect(await run.result()).toBe('STEP_TIMED_OUT');
});

test('a body that ends in time is not aborted afterwards', async () => {
  let signal: AbortSignal | undefined;
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('quick', { timeout: '1s' }, (io) => void (signal = io.signal));
    await ctx.sleep('1h');
  });
  await using engine = await testEngine({ workflows: [flow] });
  await engine.run(flow, undefined);
  expect(signal!.aborted).toBe(false);
});

test('only errors of retryOn are tried again, a timeout as well', async () => {
  for (const [retryOn, attempts] of [
    [['StepwellError'], 2],
    [['NetworkError'], 1],
  ] as const) {
    const flow = workflow('flow', async (ctx) =>
      ctx.step('slow', { timeout: 1, retry: { attempts: 2, delay: 1, retryOn } }, ({ signal }) =>
        aborted(signal),
      ),
    );
    const { bodies } = await everyLife(flow, undefined);
    expect(bodies).toEqual({ 'flow slow': attempts });
  }
});

test('a timeout that is no duration is refused', async () => {
  const flow = workflow('flow', async (ctx) => ctx.step('slow', { timeout: 'soon' }, () => 1));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({
    code: 'DURATION_INVALID',
    message: expect.stringContaining('timeout of step "slow"'),
  });
});

test('a body that asks for its signal only after its time was up finds it aborted', async () => {
  const late = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  const flow = workflow('flow', async (ctx) =>
    ctx.step('slow', { timeout: '1s' }, async (io) => {
      await late.promise;
      seen.push(io.signal.aborted, io.signal.reason);
    }),
  );
  await using engine = await testEngine({ workflows: [flow] });
  await engine.start(flow);
  await engine.advance('1s');
  late.resolve();
  await engine.clock.settle();
  expect(seen).toMatchObject([true, { code: 'STEP_TIMED_OUT' }]);
});

test('a cancelled operation aborts its body', async () => {
  let reason: unknown;
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('endless', async ({ signal }) => void (reason = await aborted(signal)));
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
  expect(reason).toMatchObject({ code: 'OPERATION_CANCELLED' });
});
