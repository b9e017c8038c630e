import { expect, test } from 'vitest';
import { workflow, type Ctx, type Stepwell, type WaitReason } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { everyLife } from './lives.ts';

const nap = (ctx: Ctx, name: string, ms: number): Promise<string> => ctx.sleep(name, ms).then(() => name);
const fail = (ctx: Ctx, name: string): Promise<never> =>
  ctx.step(name, () => Promise.reject(new RangeError(`${name} failed`)));

test('Promise.all gives all results in the order of the list', async () => {
  const flow = workflow('flow', async (ctx) =>
    Promise.all([nap(ctx, 'slow', 30), ctx.step('step', () => 'step'), nap(ctx, 'fast', 10)]),
  );
  const { output, took } = await everyLife(flow, undefined);
  expect([output, took]).toEqual([['slow', 'step', 'fast'], 30]);
});

test('Promise.all rejects at the first failure while the others go on', async () => {
  const flow = workflow('flow', async (ctx) => {
    const other = nap(ctx, 'slow', 30);
    const message = await Promise.all([other, fail(ctx, 'bad')]).catch((error: Error) => error.message);
    return [message, await other];
  });
  const { output, took } = await everyLife(flow, undefined);
  expect([output, took]).toEqual([['bad failed', 'slow'], 30]);
});

test('Promise.allSettled gives every outcome', async () => {
  const flow = workflow('flow', async (ctx) => {
    const settled = await Promise.allSettled([nap(ctx, 'nap', 10), fail(ctx, 'bad')]);
    return settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message));
  });
  expect((await everyLife(flow, undefined)).output).toEqual(['nap', 'bad failed']);
});

test('Promise.any gives the first success', async () => {
  const flow = workflow('flow', async (ctx) => {
    const first = await Promise.any([fail(ctx, 'bad'), nap(ctx, 'slow', 30), nap(ctx, 'fast', 10)]);
    const none = await Promise.any([fail(ctx, 'bad'), fail(ctx, 'worse')]).catch((error: AggregateError) =>
      error.errors.map(({ message }: Error) => message),
    );
    return [first, none];
  });
  expect((await everyLife(flow, undefined)).output).toEqual(['fast', ['bad failed', 'worse failed']]);
});

test('Promise.any that fails the run tells what went wrong', async () => {
  const flow = workflow('flow', async (ctx) => Promise.any([fail(ctx, 'bad'), fail(ctx, 'worse')]));
  const { error } = await everyLife(flow, undefined);
  expect(error).toMatchObject({
    name: 'AggregateError',
    data: {
      errors: [
        { name: 'RangeError', message: 'bad failed' },
        { name: 'RangeError', message: 'worse failed' },
      ],
    },
  });
});

test('every kind of operation may fail before it is awaited', async () => {
  const child = workflow('child', async () => {
    throw new Error('child');
  });
  const flow = workflow('flow', async (ctx) => {
    const refuse = (): Promise<never> => Promise.reject(new Error('no'));
    const early = [
      ctx.step('step', refuse),
      ctx.waitForEvent('event', { timeout: 1 }),
      ctx.waitForCallback('callback', refuse),
      ctx.createCallback('other', { timeout: 1 }).result,
      ctx.waitForCondition('condition', refuse, { every: 1 }),
      ctx.run(child),
      ctx.run('nowhere'),
      ctx.start('nowhere'),
      ctx.group('group', refuse),
      ctx.map('map', [1], refuse),
      ctx.parallel('parallel', [refuse]),
      ctx.sleep('no duration'),
      ctx.sleepUntil(Number.NaN),
    ];
    await ctx.sleep('1h');
    return (await Promise.allSettled(early)).filter(({ status }) => status === 'fulfilled').length;
  });
  expect((await everyLife(flow, undefined, { workflows: [child] })).output).toBe(0);
});

test('the winner of Promise.race stays the same in every replay, and the loser goes on', async () => {
  const flow = workflow('flow', async (ctx) => {
    const event = ctx.waitForEvent<string>('go');
    const first = await Promise.race([event, nap(ctx, 'hour', 3_600_000)]);
    await ctx.sleep('1d');
    const second = await Promise.race([event, nap(ctx, 'zero', 0)]);
    return [first, second, await event];
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const late = await engine.start(flow);
  await engine.advance('2h');
  await late.raiseEvent('go', 'event');
  expect(await engine.result(late)).toEqual(['hour', 'event', 'event']);
  const early = await engine.start(flow);
  await engine.advance('30m');
  await early.raiseEvent('go', 'event');
  expect(await engine.result(early)).toEqual(['event', 'event', 'event']);
});

test('a race between two that are ready at once is decided once', async () => {
  const flow = workflow('flow', async (ctx) => {
    const winner = await Promise.race([nap(ctx, 'b', 10), nap(ctx, 'a', 10), ctx.waitForEvent<string>('go')]);
    await ctx.sleep('1h');
    await ctx.step(`won by ${winner}`, () => 1);
    await ctx.sleep('1h');
    return winner;
  });
  const raise = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.op === 'go') await well.raiseEvent(id, 'go', 'event', { id: 'once' });
  };
  expect((await everyLife(flow, undefined)).output).toBe('b');
  expect((await everyLife(flow, undefined, { outside: raise })).output).toBe('event');
});

test('a step that takes long loses to a sleep, and its result is dropped when the run ends', async () => {
  const flow = workflow('flow', async (ctx) =>
    Promise.race([ctx.step('endless', () => new Promise<string>(() => {})), nap(ctx, 'hour', 3_600_000)]),
  );
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.advance('1h');
  expect(await run.result()).toBe('hour');
});

test('promises that are made first and awaited later, in another order', async () => {
  const flow = workflow('flow', async (ctx) => {
    const one = ctx.step('one', () => 1);
    const two = ctx.step('two', () => 2);
    await ctx.sleep('1h');
    const three = ctx.step('three', () => 3);
    return [await two, await three, await one];
  });
  const { output, bodies } = await everyLife(flow, undefined);
  expect(output).toEqual([2, 3, 1]);
  expect(bodies).toEqual({ 'flow one': 1, 'flow two': 1, 'flow three': 1 });
});

test('chains that go on side by side keep their own order', async () => {
  const flow = workflow('flow', async (ctx) => {
    const order: string[] = [];
    const chain = async (name: string, pauses: number[]) => {
      for (const [n, pause] of pauses.entries()) {
        await ctx.sleep(`${name}${n}`, pause);
        order.push(await ctx.step(`${name} step`, () => `${name}${n}`));
      }
    };
    await Promise.all([chain('a', [10, 10, 50]), chain('b', [15, 30]), chain('c', [1, 2, 3, 4])]);
    return order;
  });
  expect((await everyLife(flow, undefined)).output).toEqual([
    'c0',
    'c1',
    'c2',
    'a0',
    'c3',
    'b0',
    'a1',
    'b1',
    'a2',
  ]);
});

test('whether an operation has ended can be asked by racing it with a value', async () => {
  const flow = workflow('flow', async (ctx) => {
    const event = ctx.waitForEvent('go');
    const isThere = async () => Promise.race([event.then(() => true), Promise.resolve().then(() => false)]);
    const before = await isThere();
    await ctx.sleep('1h');
    return [before, await Promise.race([event, nap(ctx, 'now', 0)])];
  });
  const raise = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.op === 'go') await well.raiseEvent(id, 'go', 'event', { id: 'once' });
  };
  expect((await everyLife(flow, undefined, { outside: raise })).output).toEqual([false, 'event']);
});
