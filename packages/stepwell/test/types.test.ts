import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  workflow,
  type Callback,
  type Ctx,
  type Definition,
  type InputOf,
  type ItemOutcome,
  type MapResult,
  type OutputOf,
  type RunHandle,
  type StartedRun,
  type Stepwell,
} from '../src/index.ts';

// Checked by tsc, which takes in the tests: the functions here are never called.
const ctx = (): Ctx => {
  throw new Error('for types only');
};
const well = (): Stepwell => {
  throw new Error('for types only');
};

/** Code that is only type-checked. */
const typed = (_code: () => unknown): void => {};

describe('workflow', () => {
  test('input and output come from the function', () => {
    const flow = workflow('flow', async (_ctx, input: { n: number }) => ({ twice: input.n * 2 }));
    expectTypeOf(flow).toEqualTypeOf<Definition<{ n: number }, { twice: number }>>();
    expectTypeOf<InputOf<typeof flow>>().toEqualTypeOf<{ n: number }>();
    expectTypeOf<OutputOf<typeof flow>>().toEqualTypeOf<{ twice: number }>();
  });

  test('options leave that as it is', () => {
    const flow = workflow('flow', { timeout: '7d', retry: 3 }, async (_ctx, input: string) => input.length);
    expectTypeOf(flow).toEqualTypeOf<Definition<string, number>>();
  });

  test('a schema gives what is accepted outside and what comes out of it inside', () => {
    const input = z.object({ at: z.string().transform((text) => new Date(text)), n: z.number().default(1) });
    const flow = workflow('flow', { input }, async (_ctx, order) => {
      expectTypeOf(order).toEqualTypeOf<{ at: Date; n: number }>();
      return order.n;
    });
    expectTypeOf<InputOf<typeof flow>>().toEqualTypeOf<{ at: string; n?: number | undefined }>();
  });

  test('a concurrency key has the type of the input', () => {
    workflow(
      'flow',
      { concurrency: { key: (input: { account: string }) => input.account } },
      async (_ctx, input) => {
        expectTypeOf(input).toEqualTypeOf<{ account: string }>();
      },
    );
    const input = z.object({ account: z.string() });
    workflow('flow', { input, concurrency: { key: ({ account }) => account } }, async () => 1);
    const parsed = z.object({ account: z.string().transform(Number) });
    workflow(
      'flow',
      { input: parsed, concurrency: { key: ({ account }) => account } },
      async (_ctx, { account }) => {
        expectTypeOf(account).toEqualTypeOf<number>();
      },
    );
    // @ts-expect-error the key must be text
    typed(() => workflow('flow', { concurrency: { key: (n: number) => n } }, async () => 1));
  });

  test('options that do not exist, or have another type, are refused', () => {
    expectTypeOf(workflow).toBeCallableWith('flow', { version: '1', priority: 9 }, async () => 1);
    // @ts-expect-error there is no such option
    typed(() => workflow('flow', { retries: 3 }, async () => 1));
    // @ts-expect-error a version is text
    typed(() => workflow('flow', { version: 1 }, async () => 1));
    // @ts-expect-error a workflow is async
    typed(() => workflow('flow', () => 1));
  });
});

describe('ctx', () => {
  test('step', () => {
    expectTypeOf(() => ctx().step('s', () => 1)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => ctx().step('s', async () => ({ a: 'x' }))).returns.resolves.toEqualTypeOf<{
      a: string;
    }>();
    expectTypeOf(() =>
      ctx().step('s', { undo: (result, io) => [result.id, io.attempt] }, () => ({ id: 7 })),
    ).returns.resolves.toEqualTypeOf<{ id: number }>();
    expectTypeOf(() =>
      ctx().step('s', { atMostOnce: true, reconcile: () => ({ done: true, value: 'x' }) }, () => 'y'),
    ).returns.resolves.toEqualTypeOf<string>();
    // @ts-expect-error reconcile gives what the step gives
    typed(() => ctx().step('s', { reconcile: () => ({ done: true, value: 1 }) }, () => 'text'));
    // @ts-expect-error there is no such option
    typed(() => ctx().step('s', { retries: 1 }, () => 1));
    // @ts-expect-error a step has a body
    typed(() => ctx().step('s', {}));
  });

  test('waits for events and callbacks: by a type, by a schema, unknown otherwise', () => {
    const schema = z.object({ ok: z.boolean(), at: z.string().transform(Number) });
    type Decision = { ok: boolean; at: number };
    expectTypeOf(() => ctx().waitForEvent('e')).returns.resolves.toBeUnknown();
    expectTypeOf(() => ctx().waitForEvent<{ n: number }>('e')).returns.resolves.toEqualTypeOf<{
      n: number;
    }>();
    expectTypeOf(() => ctx().waitForEvent('e', { schema })).returns.resolves.toEqualTypeOf<Decision>();
    expectTypeOf(() => ctx().createCallback('c', { schema, timeout: 1 })).returns.toEqualTypeOf<
      Callback<Decision>
    >();
    expectTypeOf(() => ctx().waitForCallback('c', () => {})).returns.resolves.toBeUnknown();
    expectTypeOf(() =>
      ctx().waitForCallback('c', (id, { attempt }) => `${id}${attempt}`, { schema, heartbeat: '1m' }),
    ).returns.resolves.toEqualTypeOf<Decision>();
  });

  test('a condition gives what holds', () => {
    expectTypeOf(() =>
      ctx().waitForCondition('c', (): number | false | null => 5, { every: 1 }),
    ).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() =>
      ctx().waitForCondition('c', async (): Promise<{ a: number } | undefined> => ({ a: 1 }), { every: 1 }),
    ).returns.resolves.toEqualTypeOf<{ a: number }>();
    // @ts-expect-error how often must be said
    typed(() => ctx().waitForCondition('c', () => true, {}));
  });

  test('children have the types of their workflow', () => {
    const child = workflow('child', async (_ctx, input: { n: number }) => [input.n]);
    const bare = workflow('bare', async () => 'x' as const);
    expectTypeOf(() => ctx().run(child, { n: 1 })).returns.resolves.toEqualTypeOf<number[]>();
    expectTypeOf(() => ctx().run(bare)).returns.resolves.toEqualTypeOf<'x'>();
    expectTypeOf(() => ctx().run('elsewhere', 1)).returns.resolves.toBeUnknown();
    expectTypeOf(() => ctx().run<Date>('elsewhere')).returns.resolves.toEqualTypeOf<Date>();
    expectTypeOf(() =>
      ctx().start(child, { n: 1 }, { id: 'x', delay: '1h' }),
    ).returns.resolves.toEqualTypeOf<{
      id: string;
    }>();
    // @ts-expect-error the input is wrong
    typed(() => ctx().run(child, { n: 'one' }));
    // @ts-expect-error the input is missing
    typed(() => ctx().run(child));
  });

  test('map', () => {
    const items = ['a', 'b'];
    expectTypeOf(() =>
      ctx().map('m', items, async (_ctx, item, index) => item.length + index),
    ).returns.resolves.toEqualTypeOf<MapResult<number>>();
    expectTypeOf(() =>
      ctx().map(
        'm',
        items,
        async (_ctx, batch, firstIndex) => batch.map((item) => item.length + firstIndex),
        {
          batch: 2,
          concurrency: 3,
        },
      ),
    ).returns.resolves.toEqualTypeOf<MapResult<number>>();
    expectTypeOf<MapResult<number>['outcomes']>().toEqualTypeOf<readonly ItemOutcome<number>[]>();
    // @ts-expect-error one or the other
    typed(() => ctx().map('m', items, async () => 1, { tolerate: {} }));
  });

  test('parallel keeps the shape of its branches', () => {
    const named = { a: async () => 1, b: (ctx: Ctx) => ctx.step('s', () => 'x') };
    expectTypeOf(() => ctx().parallel('p', named)).returns.resolves.toEqualTypeOf<{ a: number; b: string }>();
    expectTypeOf(() => ctx().parallel('p', [async () => 1, async () => 'x'])).returns.resolves.toEqualTypeOf<
      [number, string]
    >();
    expectTypeOf(() => ctx().parallel('p', named, { minSuccess: 1 })).returns.resolves.toEqualTypeOf<{
      a: ItemOutcome<number>;
      b: ItemOutcome<string>;
    }>();
  });

  test('the rest', () => {
    expectTypeOf(() =>
      ctx().group('g', async (inner) => inner.runId),
    ).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => ctx().continueAs(1)).returns.toBeNever();
    expectTypeOf<Ctx['now']>().returns.toEqualTypeOf<number>();
    expectTypeOf<Ctx['patched']>().returns.toEqualTypeOf<boolean>();
    typed(() => ctx().progress({ stage: 's', percent: 5, message: 'm', rows: [1, 2] }));
    // @ts-expect-error a percentage is a number
    typed(() => ctx().progress({ percent: '5' }));
  });
});

describe('Stepwell', () => {
  const flow = workflow('flow', async (_ctx, input: { n: number }) => [input.n]);
  const optional = workflow('optional', async (_ctx, _input?: { n: number }) => 1);

  test('a start has the types of the workflow', () => {
    expectTypeOf(() => well().start(flow, { n: 1 }, { id: 'x', priority: 9 })).returns.resolves.toEqualTypeOf<
      StartedRun<number[]>
    >();
    expectTypeOf(() => well().start(optional)).returns.resolves.toEqualTypeOf<StartedRun<number>>();
    expectTypeOf(() => well().start('flow', 1)).returns.resolves.toEqualTypeOf<StartedRun>();
    expectTypeOf<StartedRun<number[]>>().toExtend<RunHandle<number[]>>();
    expectTypeOf<RunHandle<number[]>['result']>().returns.resolves.toEqualTypeOf<number[]>();
    // @ts-expect-error the input is missing
    typed(() => well().start(flow));
    // @ts-expect-error the input is wrong
    typed(() => well().start(flow, { n: 'one' }));
    // @ts-expect-error there is no such option
    typed(() => well().start(flow, { n: 1 }, { ID: 'x' }));
  });

  test('a run by its id has the type that is given', () => {
    expectTypeOf(() => well().run<number>('id')).returns.toEqualTypeOf<RunHandle<number>>();
    expectTypeOf(() => well().result('id')).returns.resolves.toBeUnknown();
  });
});
