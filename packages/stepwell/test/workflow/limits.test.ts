import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, Stepwell, workflow, type Limits } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf } from './lives.ts';

const big = (bytes: number): string => 'x'.repeat(bytes - 2);

test('payloadBytes: a larger result fails the attempt, a smaller one of a later attempt is kept', async () => {
  const flow = workflow('flow', async (ctx) => {
    const fits = await ctx.step('fits', () => big(400));
    const refused = await ctx
      .step('large', () => big(401))
      .catch(({ code, message }) => [code, message] as string[]);
    const retried = await ctx.step('again', { retry: 2 }, ({ attempt }) =>
      attempt === 1 ? big(500) : 'small',
    );
    return { fits: fits.length, refused, retried };
  });
  await using engine = await testEngine({
    workflows: [flow],
    limits: { payloadBytes: 400 },
    worker: { parked: 0 },
  });
  expect(await engine.run(flow, undefined)).toEqual({
    fits: 398,
    refused: [
      'PAYLOAD_TOO_LARGE',
      expect.stringMatching(/result of step "large" has 401 bytes.*payloadBytes is 400/),
    ],
    retried: 'small',
  });
});

test('payloadBytes: bytes are counted, not characters', async () => {
  const flow = workflow('flow', async (ctx, text: string) => ctx.step('keep', () => text));
  await using engine = await testEngine({ workflows: [flow], limits: { payloadBytes: 100 } });
  expect(await engine.run(flow, '漢'.repeat(32))).toHaveLength(32);
  expect(await errorOf(engine.start(flow, '漢'.repeat(33)))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
});

test('payloadBytes: input, output, event, callback, child input and error data', async () => {
  const child = workflow('child', async (_ctx, input: string) => input.length);
  const flow = workflow('flow', async (ctx, what: string) => {
    if (what === 'child') return ctx.run(child, big(300));
    if (what === 'output') return big(300);
    await ctx.waitForCallback('wait', () => {});
    return 'fine';
  });
  await using engine = await testEngine({ workflows: [flow, child], limits: { payloadBytes: 200 } });
  const { well } = engine;
  const tooLarge = { code: 'PAYLOAD_TOO_LARGE' };
  expect(await errorOf(engine.start(flow, big(300)))).toMatchObject(tooLarge);
  expect(await errorOf(engine.run(flow, 'output'))).toMatchObject(tooLarge);
  expect(await errorOf(engine.run(flow, 'child'))).toMatchObject(tooLarge);
  const run = await engine.start(flow, 'wait');
  expect(await errorOf(run.raiseEvent('e', big(300)))).toMatchObject(tooLarge);
  await engine.clock.settle();
  const callback = (await run.info()).waitingFor[0]!.callback!;
  expect(await errorOf(well.callbacks.succeed(callback, big(300)))).toMatchObject(tooLarge);
  await well.callbacks.succeed(callback, 'small');
  expect(await engine.result(run)).toBe('fine');
});

test('eventsPerRun: the run is stuck with TOO_MANY_EVENTS, and goes on where the limit is higher', async () => {
  const flow = workflow('flow', async (ctx) => {
    for (let n = 0; n < 20; n++) await ctx.step('one', () => n);
    return 'done';
  });
  const before = await testEngine({ workflows: [flow], limits: { eventsPerRun: 20 } });
  const run = await before.start(flow);
  await before.clock.settle();
  expect(await run.info()).toMatchObject({
    status: 'stuck',
    waitingFor: [
      {
        kind: 'stuck',
        detail: expect.stringContaining('eventsPerRun of 20'),
        error: { code: 'TOO_MANY_EVENTS' },
      },
    ],
  });
  await before.well.close({ grace: 0 });
  await using engine = await testEngine({ workflows: [flow], store: before.store, clock: before.clock });
  await engine.clock.settle();
  expect(await engine.well.result(run.id)).toBe('done');
});

test('operationsInFlight: an operation beyond it fails with TOO_MANY_OPERATIONS, the others go on', async () => {
  const flow = workflow('flow', async (ctx) => {
    const all = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => ctx.sleep(`s${n}`, 10)));
    await ctx.sleep('after', 10);
    return all.map((one) => (one.status === 'fulfilled' ? 'ok' : (one.reason as { code: string }).code));
  });
  await using engine = await testEngine({
    workflows: [flow],
    limits: { operationsInFlight: 3 },
    worker: { parked: 0 },
  });
  expect(await engine.run(flow, undefined)).toEqual([
    'ok',
    'ok',
    'ok',
    'TOO_MANY_OPERATIONS',
    'TOO_MANY_OPERATIONS',
  ]);
});

test('operationsInFlight: a map with a concurrency stays below it', async () => {
  const flow = workflow('flow', async (ctx) => {
    const items = Array.from({ length: 20 }, (_, n) => n);
    return (await ctx.map('all', items, (ctx, n) => ctx.step('one', () => n), { concurrency: 3 })).values
      .length;
  });
  await using engine = await testEngine({ workflows: [flow], limits: { operationsInFlight: 3 } });
  expect(await engine.run(flow, undefined)).toBe(20);
});

test('nameLength: of operations, branches, patches and events', async () => {
  const flow = workflow('flow', async (ctx, what: string) => {
    const name = 'x'.repeat(11);
    if (what === 'step') await ctx.step(name, () => 1);
    if (what === 'branch') await ctx.parallel('p', { [name]: async () => 1 });
    if (what === 'patch') ctx.patched(name);
    return ctx.step(name.slice(1), () => 'short enough');
  });
  await using engine = await testEngine({ workflows: [flow], limits: { nameLength: 10 } });
  for (const what of ['step', 'branch', 'patch']) {
    expect(await errorOf(engine.run(flow, what))).toMatchObject({ code: 'NAME_INVALID' });
  }
  const run = await engine.start(flow, '');
  expect(await errorOf(run.raiseEvent('x'.repeat(11)))).toMatchObject({ code: 'NAME_INVALID' });
  expect(await engine.result(run)).toBe('short enough');
});

test('idLength: of runs, also of children', async () => {
  const child = workflow('child', async () => 1);
  const flow = workflow('flow', async (ctx) => ctx.run(child, undefined, { id: 'x'.repeat(11) }));
  await using engine = await testEngine({ workflows: [flow, child], limits: { idLength: 10 } });
  expect(await errorOf(engine.start(flow, undefined, { id: 'x'.repeat(11) }))).toMatchObject({
    code: 'ID_INVALID',
  });
  expect((await engine.start(flow, undefined, { id: 'x'.repeat(10) })).id).toHaveLength(10);
  expect(await errorOf(engine.run(flow, undefined, { id: 'short' }))).toMatchObject({ code: 'ID_INVALID' });
});

test.each<Partial<Limits>>([
  { payloadBytes: 0 },
  { eventsPerRun: -1 },
  { operationsInFlight: 1.5 },
  { nameLength: Number.POSITIVE_INFINITY },
  { unknown: 1 } as Partial<Limits>,
])('the limit %o is refused', async (limits) => {
  expect(await errorOf(Stepwell.open({ store: 'memory:', limits }))).toMatchObject({
    code: 'OPTION_INVALID',
  });
});

test('the defaults are those of the documentation', () => {
  expect(DEFAULT_LIMITS).toEqual({
    payloadBytes: 4_194_304,
    eventsPerRun: 1_000_000,
    largePayloadBytes: 67_108_864,
    operationsInFlight: 20_000,
    tagsPerRun: 32,
    artifactBytes: 5_368_709_120,
    nameLength: 200,
    idLength: 255,
  });
});
