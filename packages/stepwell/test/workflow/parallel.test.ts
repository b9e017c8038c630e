import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

test('branches by name or in a list give their results in the same shape', async () => {
  const flow = workflow('flow', async (ctx) => {
    const named = await ctx.parallel('named', {
      stock: (ctx) => ctx.step('check', () => 3),
      price: async (ctx) => {
        await ctx.sleep('1h');
        return ctx.step('look up', () => 'dear');
      },
    });
    const listed = await ctx.parallel('listed', [(ctx) => ctx.step('a', () => 1), async () => 'b']);
    return { named, listed, none: [await ctx.parallel('none', []), await ctx.parallel('none', {})] };
  });
  const { output, bodies } = await everyLife(flow, undefined);
  expect(output).toEqual({ named: { stock: 3, price: 'dear' }, listed: [1, 'b'], none: [[], {}] });
  expect(Object.keys(bodies)).toEqual([
    'flow named/stock/check',
    'flow named/price/look up',
    'flow listed/branch/a',
  ]);
});

test('without a policy the first failure ends it, is thrown as it is, and the rest is cancelled', async () => {
  const flow = workflow('flow', async (ctx) => {
    let other = 'open';
    const error = await ctx
      .parallel('both', {
        slow: (ctx) => ctx.waitForEvent('never').catch(({ code }) => (other = code as string)),
        bad: (ctx) => ctx.step('fail', () => Promise.reject(new RangeError('broken'))),
      })
      .catch((caught: Error) => caught);
    await ctx.sleep('1h');
    return [error instanceof RangeError, (error as Error).message, other];
  });
  expect((await everyLife(flow, undefined)).output).toEqual([true, 'broken', 'OPERATION_CANCELLED']);
});

test('with a policy each branch has its outcome', async () => {
  const flow = workflow('flow', async (ctx) => {
    const outcomes = await ctx.parallel(
      'both',
      { good: (ctx) => ctx.step('work', () => 1), bad: () => Promise.reject(new Error('broken')) },
      { tolerate: { count: 1 } },
    );
    await ctx.sleep('1h');
    const { good, bad } = outcomes;
    return [
      good.status,
      good.status === 'succeeded' && good.value,
      bad.status === 'failed' && bad.error.message,
    ];
  });
  expect((await everyLife(flow, undefined)).output).toEqual(['succeeded', 1, 'broken']);
});

test('with a policy that is not met it fails with GROUP_FAILED', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.parallel(
      'both',
      { bad: () => Promise.reject(new RangeError('broken')), other: async () => 1 },
      { concurrency: 1 },
    ),
  );
  const { error } = await everyLife(flow, undefined);
  expect(error).toMatchObject({ code: 'GROUP_FAILED', cause: { name: 'RangeError', message: 'broken' } });
});

test('a branch that throws before it is async fails like any other', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx
      .parallel(
        'both',
        [
          () => {
            throw new Error('at once');
          },
          (ctx) => ctx.step('fine', () => 2),
        ],
        { tolerate: { count: 1 }, concurrency: 1 },
      )
      .then((outcomes) => outcomes.map(({ status }) => status)),
  );
  expect((await everyLife(flow, undefined)).output).toEqual(['failed', 'succeeded']);
});

test('a branch that throws something else than an Error', async () => {
  const flow = workflow('flow', async (ctx) =>
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is what is tested
    ctx.parallel('one', [() => Promise.reject('text')]),
  );
  expect((await everyLife(flow, undefined)).error).toMatchObject({ code: 'VALUE_THROWN' });
});

test('a branch whose name cannot be one is refused', async () => {
  const flow = workflow('flow', async (ctx) => ctx.parallel('both', { 'a/b': async () => 1 }));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'NAME_INVALID' });
});
