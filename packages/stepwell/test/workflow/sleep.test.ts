import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const HOUR = 3_600_000;

test('a sleep ends on time, to the millisecond', async () => {
  const flow = workflow('flow', async (ctx) => {
    const begin = ctx.now();
    await ctx.sleep('1h');
    await ctx.sleep('nap', 1);
    await ctx.sleep('10d');
    return ctx.now() - begin;
  });
  const { output, took } = await everyLife(flow, undefined);
  expect(output).toBe(HOUR + 1 + 240 * HOUR);
  expect(took).toBe(output);
});

test('a sleep of ninety years', async () => {
  const flow = workflow('flow', async (ctx) => ctx.sleep(90 * 365 * 24 * HOUR));
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const begin = engine.clock.now();
  await engine.run(flow, undefined);
  expect(engine.clock.now() - begin).toBe(90 * 365 * 24 * HOUR);
});

test('sleepUntil takes a Date or a number; a time that has passed is no wait', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.sleepUntil(new Date('2030-02-01T00:00:00Z'));
    await ctx.sleepUntil('march', Date.UTC(2030, 2, 1));
    await ctx.sleepUntil(0);
    await ctx.sleep(0);
    return new Date(ctx.now()).toISOString();
  });
  expect((await everyLife(flow, undefined)).output).toBe('2030-03-01T00:00:00.000Z');
});

test('sleeps side by side end in the order of their times, not of their calls', async () => {
  const flow = workflow('flow', async (ctx) => {
    const order: string[] = [];
    const nap = (name: string, ms: number) => ctx.sleep(name, ms).then(() => order.push(name));
    await Promise.all([nap('long', 30), nap('short', 10), nap('middle', 20), nap('none', 0)]);
    return order;
  });
  expect((await everyLife(flow, undefined)).output).toEqual(['none', 'short', 'middle', 'long']);
});

test('a run that was not looked after for long goes on at once, in the order of the times', async () => {
  const flow = workflow('flow', async (ctx) => {
    const order: string[] = [];
    await Promise.all(['2h', '1h', '3h'].map((time) => ctx.sleep(time, time).then(() => order.push(time))));
    return order;
  });
  const before = await testEngine({ workflows: [flow] });
  const run = await before.start(flow);
  await before.clock.settle();
  before.well.kill();
  await before.clock.advance('30d');
  await using engine = await testEngine({ workflows: [flow], store: before.store, clock: before.clock });
  await engine.clock.settle();
  expect(await engine.well.result(run.id)).toEqual(['1h', '2h', '3h']);
});

test.each<[unknown, string]>([
  ['1 hour', 'DURATION_INVALID'],
  [-1, 'DURATION_INVALID'],
  [Number.NaN, 'DURATION_INVALID'],
  ['101w52w', 'DURATION_INVALID'],
  [200 * 365 * 24 * HOUR, 'DURATION_INVALID'],
  [undefined, 'DURATION_INVALID'],
])('the sleep %s is refused with %s', async (duration, code) => {
  const flow = workflow('flow', async (ctx) => ctx.sleep(duration as number));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code });
});

test.each<unknown>([new Date('no date'), '2030-01-01', Number.POSITIVE_INFINITY, undefined, null])(
  'the time %s is refused',
  async (time) => {
    const flow = workflow('flow', async (ctx) => ctx.sleepUntil(time as Date));
    await using engine = await testEngine({ workflows: [flow] });
    expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'OPTION_INVALID' });
  },
);

test('a run that sleeps says until when', async () => {
  const flow = workflow('flow', async (ctx) => ctx.sleep('night', '8h'));
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  const until = engine.clock.now() + 8 * HOUR;
  expect(await run.info()).toMatchObject({
    status: 'waiting',
    readyAt: until,
    waitingFor: [{ kind: 'sleep', op: 'night', until }],
  });
});
