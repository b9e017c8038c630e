import { expect, test } from 'vitest';
import { z } from 'zod';
import { workflow, type Stepwell, type WaitReason } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

/** Raises, for each event that is waited for, one whose value is its operation. */
const raise = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
  if (reason.kind !== 'event') return;
  await well.raiseEvent(id, reason.detail!, { for: reason.op! }, { id: reason.op! });
};

test('an event that is waited for', async () => {
  const flow = workflow('flow', async (ctx) => {
    const first = await ctx.waitForEvent<{ for: string }>('go');
    await ctx.step('between', () => 1);
    const second = await ctx.waitForEvent<{ for: string }>('go');
    return [first.for, second.for];
  });
  const { output, events } = await everyLife(flow, undefined, { outside: raise });
  expect(output).toEqual(['go', 'go#2']);
  expect(events.filter(({ type }) => type === 'event.received')).toHaveLength(2);
});

test('events that came before they were asked for are given in the order in which they came', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.sleep('1h');
    const one = await ctx.waitForEvent<number>('n');
    await ctx.sleep('1h');
    return [one, await ctx.waitForEvent<number>('n'), await ctx.waitForEvent<number>('n')];
  });
  const raiseEarly = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.op !== 'sleep') return;
    for (const n of [1, 2, 3]) await well.raiseEvent(id, 'n', n, { id: `n${n}` });
    await well.raiseEvent(id, 'other', 'not this', { id: 'other' });
  };
  expect((await everyLife(flow, undefined, { outside: raiseEarly })).output).toEqual([1, 2, 3]);
});

test('an event that is raised before the run has begun', async () => {
  const flow = workflow('flow', async (ctx) => [await ctx.waitForEvent('go'), ctx.now()]);
  await using engine = await testEngine({ workflows: [flow] });
  const begin = engine.clock.now();
  const run = await engine.start(flow, undefined, { delay: '1h' });
  await run.raiseEvent('go', 'early');
  expect(await engine.result(run)).toEqual(['early', begin + 3_600_000]);
});

test('two that wait for the same name are served in the order in which they asked', async () => {
  const flow = workflow('flow', async (ctx) => {
    const order: string[] = [];
    const wait = (who: string) =>
      ctx.waitForEvent<string>('go').then((value) => order.push(`${who} ${value}`));
    await Promise.all([wait('a'), wait('b')]);
    return order;
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.raiseEvent('go', 'first');
  await engine.clock.settle();
  expect((await run.info()).waitingFor.map(({ op }) => op)).toEqual(['go#2']);
  await run.raiseEvent('go', 'second');
  expect(await engine.result(run)).toEqual(['a first', 'b second']);
});

test('two that ask when two events are there already are both served', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.sleep('1h');
    const both = await Promise.all([ctx.waitForEvent('go'), ctx.waitForEvent('go')]);
    await ctx.sleep('1h');
    return both;
  });
  const raiseTwice = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    for (const n of [1, 2]) if (reason.op === 'sleep') await well.raiseEvent(id, 'go', n, { id: `${n}` });
  };
  expect((await everyLife(flow, undefined, { outside: raiseTwice })).output).toEqual([1, 2]);
});

test('a wait that times out; the event that comes late is kept for the next that asks', async () => {
  const flow = workflow('flow', async (ctx) => {
    const missed = await ctx.waitForEvent('go', { timeout: '1h' }).catch(({ code }) => code as string);
    await ctx.sleep('pause', '1h');
    return [missed, await ctx.waitForEvent('go', { timeout: '1h' }), ctx.now()];
  });
  const late = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.op === 'pause') await well.raiseEvent(id, 'go', 'late', { id: 'late' });
  };
  const { output } = await everyLife(flow, undefined, { outside: late });
  expect(output).toEqual(['WAIT_TIMED_OUT', 'late', Date.UTC(2030, 0, 1, 2)]);
});

test('a wait that timed out takes no event away from one that waits on', async () => {
  const flow = workflow('flow', async (ctx) => {
    const impatient = ctx.waitForEvent('go', { timeout: '1h' }).catch(({ code }) => code as string);
    const patient = ctx.waitForEvent('go');
    return Promise.all([impatient, patient]);
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.advance('1h');
  await run.raiseEvent('go', 'yours');
  expect(await engine.result(run)).toEqual(['WAIT_TIMED_OUT', 'yours']);
});

test('an event at the very moment of the timeout is in time', async () => {
  const flow = workflow('flow', async (ctx) => ctx.waitForEvent('go', { timeout: '1h' }));
  const before = await testEngine({ workflows: [flow] });
  const run = await before.start(flow);
  await before.clock.settle();
  await run.raiseEvent('go', 'just so');
  before.well.kill();
  await before.clock.advance('1h');
  for (const worker of await before.store.workers()) await before.store.retire(worker.id, before.clock.now());
  await using engine = await testEngine({ workflows: [flow], store: before.store, clock: before.clock });
  await engine.clock.settle();
  expect(await engine.well.result(run.id)).toBe('just so');
});

test('an event of an id that came before is dropped, also after a replay', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.waitForEvent('go');
    return ctx.waitForEvent('go', { timeout: '1h' }).catch(({ code }) => code as string);
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.clock.settle();
  for (let n = 0; n < 3; n++) {
    await run.raiseEvent('go', n, { id: 'payment-7' });
    await engine.clock.settle();
  }
  expect(await engine.result(run)).toBe('WAIT_TIMED_OUT');
});

test('an event without a value, and one of every kind of JSON', async () => {
  const flow = workflow('flow', async (ctx) => {
    const values: unknown[] = [];
    for (let n = 0; n < 5; n++) values.push((await ctx.waitForEvent('go')) ?? 'nothing');
    return values;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  for (const value of [undefined, null, 0, '', { a: [true] }]) await run.raiseEvent('go', value);
  expect(await engine.result(run)).toEqual(['nothing', 'nothing', 0, '', { a: [true] }]);
});

test('a schema gives its output; what it refuses is EVENT_INVALID with the paths, and is not given again', async () => {
  const schema = z.object({ amount: z.string().transform(Number) });
  const flow = workflow('flow', async (ctx) => {
    const wrong = await ctx
      .waitForEvent('pay', { schema })
      .catch(({ code, data, message }) => ({ code, data, message }));
    const right = await ctx.waitForEvent('pay', { schema });
    await ctx.sleep('1h');
    return { wrong, right };
  });
  const pay = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.op === 'pay') await well.raiseEvent(id, 'pay', { amount: 5 }, { id: 'bad' });
    if (reason.op === 'pay#2') await well.raiseEvent(id, 'pay', { amount: '5' }, { id: 'good' });
  };
  const { output } = await everyLife(flow, undefined, { outside: pay });
  expect(output).toEqual({
    wrong: {
      code: 'EVENT_INVALID',
      data: [{ path: 'amount', message: expect.any(String) }],
      message: expect.stringContaining('event "pay"'),
    },
    right: { amount: 5 },
  });
});

test('an event of the loser of a race stays for the next', async () => {
  const flow = workflow('flow', async (ctx) => {
    const group = await ctx.parallel(
      'either',
      [(ctx) => ctx.waitForEvent('go').then(() => 'event'), (ctx) => ctx.sleep('1h').then(() => 'time')],
      { minSuccess: 1 },
    );
    const next = await ctx.waitForEvent('go');
    return [group.map(({ status }) => status), next];
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.advance('1h');
  await run.raiseEvent('go', 'for the next');
  expect(await engine.result(run)).toEqual([['cancelled', 'succeeded'], 'for the next']);
});

test('a name or timeout that cannot be is refused', async () => {
  const flow = workflow('flow', async (ctx, input: [string, string]) =>
    ctx.waitForEvent(input[0], { timeout: input[1] }),
  );
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, ['', '1h']))).toMatchObject({ code: 'NAME_INVALID' });
  expect(await errorOf(engine.run(flow, ['go', 'never']))).toMatchObject({ code: 'DURATION_INVALID' });
});
