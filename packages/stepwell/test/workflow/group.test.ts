import { expect, test } from 'vitest';
import { workflow, type Ctx } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

test('operations of a group have its name before theirs, however deep', async () => {
  const keyOf = (ctx: Ctx) => ctx.step('key', ({ idempotencyKey }) => idempotencyKey.replace(/^[^/]*\//, ''));
  const flow = workflow('flow', async (ctx) => {
    const outer = await ctx.group('order', async (ctx) => {
      const inner = await ctx.group('pay', keyOf);
      await ctx.sleep('1h');
      return [await keyOf(ctx), inner];
    });
    return [await keyOf(ctx), ...outer, ...(await ctx.group('order', async (ctx) => [await keyOf(ctx)]))];
  });
  const { output } = await everyLife(flow, undefined);
  expect(output).toEqual(['key', 'order/key', 'order/pay/key', 'order#2/key']);
});

test('what a group throws reaches the workflow as it is', async () => {
  const flow = workflow('flow', async (ctx) => {
    const error = await ctx
      .group('order', async (ctx) => {
        await ctx.step('fail', () => Promise.reject(new RangeError('broken')));
      })
      .catch((caught: Error) => caught);
    await ctx.sleep('1h');
    return error instanceof RangeError && error.message;
  });
  const { output, events } = await everyLife(flow, undefined);
  expect(output).toBe('broken');
  expect(events.find(({ type }) => type === 'operation.ended')).toMatchObject({
    op: 'order',
    error: { name: 'RangeError', message: 'broken' },
  });
});

test('groups side by side go on independently, whichever is faster', async () => {
  const flow = workflow('flow', async (ctx) => {
    const order: string[] = [];
    const walk = (name: string, pause: number) =>
      ctx.group(name, async (ctx) => {
        for (let n = 1; n <= 3; n++) {
          await ctx.sleep(pause);
          order.push(await ctx.step('go', () => `${name}${n}`));
        }
      });
    await Promise.all([walk('slow', 30), walk('fast', 10)]);
    return order;
  });
  const { output } = await everyLife(flow, undefined);
  expect(output).toEqual(['fast1', 'fast2', 'slow1', 'fast3', 'slow2', 'slow3']);
});

test('what is not awaited when a group ends is cancelled', async () => {
  const flow = workflow('flow', async (ctx) => {
    let outcome = 'open';
    const signals: boolean[] = [];
    await ctx.group('short', async (ctx) => {
      ctx.sleep('1y'.replace('y', 'w')).catch(({ code }) => (outcome = code as string));
      signals.push(ctx.signal.aborted);
      ctx.signal.addEventListener('abort', () => signals.push(true));
      await ctx.step('work', () => 1);
    });
    await ctx.sleep(1);
    return [outcome, signals];
  });
  const { output, took } = await everyLife(flow, undefined);
  expect(output).toEqual(['OPERATION_CANCELLED', [false, true]]);
  expect(took).toBe(1);
});

test('a function that throws before it is async', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.group('early', () => {
      throw new Error('at once');
    }),
  );
  expect((await everyLife(flow, undefined)).error?.message).toBe('at once');
});

const misuse: Record<string, [code: string, (ctx: Ctx) => Promise<unknown>]> = {
  'the outer ctx inside a group': ['CTX_WRONG_GROUP', (ctx) => ctx.group('g', () => ctx.step('x', () => 1))],
  'the outer ctx inside an item of a map': [
    'CTX_WRONG_GROUP',
    async (ctx) => {
      const { errors } = await ctx.map('m', [1], () => ctx.step('x', () => 1), { tolerate: { count: 1 } });
      throw errors[0]!.error;
    },
  ],
  'the inner ctx outside its group, while that is open': [
    'CTX_WRONG_GROUP',
    async (ctx) => {
      const opened = Promise.withResolvers<Ctx>();
      const group = ctx.group('g', async (inner) => {
        opened.resolve(inner);
        await inner.sleep('1h');
      });
      const inner = await opened.promise;
      await Promise.all([group, inner.step('x', () => 1)]);
    },
  ],
  'the ctx of a group that has ended': [
    'CTX_AFTER_END',
    async (ctx) => {
      const inner = await new Promise<Ctx>((resolve) => void ctx.group('g', async (inner) => resolve(inner)));
      await ctx.sleep(1);
      return inner.step('x', () => 1);
    },
  ],
  'ctx inside a step': ['CTX_IN_STEP', (ctx) => ctx.step('outer', () => ctx.step('inner', () => 1))],
  'ctx.random inside a step': ['CTX_IN_STEP', (ctx) => ctx.step('outer', () => ctx.random())],
  'ctx.uuid inside a step': ['CTX_IN_STEP', (ctx) => ctx.step('outer', () => ctx.uuid())],
  'ctx.patched inside a step': ['CTX_IN_STEP', (ctx) => ctx.step('outer', () => ctx.patched('p'))],
  'ctx.progress inside a step': [
    'CTX_IN_STEP',
    (ctx) => ctx.step('outer', () => ctx.progress({ percent: 1 })),
  ],
  'ctx.continueAs inside a step': ['CTX_IN_STEP', (ctx) => ctx.step('outer', () => ctx.continueAs(1))],
  'ctx inside a condition': [
    'CTX_IN_STEP',
    (ctx) => ctx.waitForCondition('c', () => ctx.step('inner', () => 1), { every: 1 }),
  ],
  'ctx inside a submit': ['CTX_IN_STEP', (ctx) => ctx.waitForCallback('c', () => ctx.sleep(1))],
};

test.each(Object.entries(misuse))('%s is refused', async (_what, [code, fn]) => {
  const flow = workflow('flow', fn);
  const { status, error } = await everyLife(flow, undefined);
  expect([status, error?.code]).toEqual(['failed', code]);
});

test('ctx after the end of the workflow is refused', async () => {
  const kept: Ctx[] = [];
  const flow = workflow('flow', async (ctx) => void kept.push(ctx));
  await using engine = await testEngine({ workflows: [flow] });
  await engine.run(flow, undefined);
  const [ctx] = kept;
  expect(await errorOf(ctx!.step('late', () => 1))).toMatchObject({ code: 'CTX_AFTER_END' });
  expect(await errorOf(ctx!.sleep(1))).toMatchObject({ code: 'CTX_AFTER_END' });
  expect(() => ctx!.createCallback('late')).toThrow(expect.objectContaining({ code: 'CTX_AFTER_END' }));
  expect(() => ctx!.setStatus('late')).toThrow(expect.objectContaining({ code: 'CTX_AFTER_END' }));
  expect(() => ctx!.continueAs(1)).toThrow(expect.objectContaining({ code: 'CTX_AFTER_END' }));
});
