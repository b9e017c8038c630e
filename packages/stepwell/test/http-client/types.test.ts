import { expectTypeOf, test } from 'vitest';
import { type StartedRun, workflow } from '../../src/index.ts';
import { connect, type StepwellClient } from '../../src/http-client/index.ts';

// Checked by tsc, which takes in the tests: the functions here are never called.
const client = (): StepwellClient => connect('http://127.0.0.1:1');
const typed = (_code: () => unknown): void => {};

const flow = workflow('flow', async (_ctx, input: { n: number }) => [input.n]);
const optional = workflow('optional', async (_ctx, _input?: { n: number }) => 'x' as const);
// What a program has that imports a workflow for its type alone.
type Flow = typeof flow;
type Optional = typeof optional;

test('a start by the type of a workflow', () => {
  expectTypeOf(() =>
    client().start<Flow>('flow', { n: 1 }, { id: 'x', priority: 9 }),
  ).returns.resolves.toEqualTypeOf<StartedRun<number[]>>();
  expectTypeOf(() => client().start<Optional>('optional')).returns.resolves.toEqualTypeOf<StartedRun<'x'>>();
  // @ts-expect-error the input is wrong
  typed(() => client().start<Flow>('flow', { n: '1' }));
  // @ts-expect-error the input is missing
  typed(() => client().start<Flow>('flow'));
  // @ts-expect-error a transaction does not reach over HTTP
  typed(() => client().start<Flow>('flow', { n: 1 }, { client: {} }));
});

test('a start by the workflow itself, as that of an engine', () => {
  expectTypeOf(() => client().start(flow, { n: 1 })).returns.resolves.toEqualTypeOf<StartedRun<number[]>>();
  // @ts-expect-error the input is wrong
  typed(() => client().start(flow, 1));
});

test('a start by the name alone', () => {
  expectTypeOf(() => client().start('flow', 1)).returns.resolves.toEqualTypeOf<StartedRun<unknown>>();
  expectTypeOf(() => client().start('flow')).returns.resolves.toEqualTypeOf<StartedRun<unknown>>();
});

test('many starts', () => {
  const items = [
    { input: { n: 1 }, id: 'a' },
    { input: { n: 2 }, tags: ['x'] },
  ];
  expectTypeOf(() => client().startMany<Flow>('flow', items)).returns.resolves.toEqualTypeOf<
    StartedRun<number[]>[]
  >();
  expectTypeOf(() => client().startMany(flow, items)).returns.resolves.toEqualTypeOf<
    StartedRun<number[]>[]
  >();
  typed(() => client().startMany<Optional>('optional', [{}, { id: 'x' }]));
  // @ts-expect-error an input is missing
  typed(() => client().startMany<Flow>('flow', [{}]));
});

test('results', () => {
  expectTypeOf(() => client().result<{ a: 1 }>('r')).returns.resolves.toEqualTypeOf<{ a: 1 }>();
  expectTypeOf(() => client().run<string>('r').result()).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(async () =>
    (await client().start<Flow>('flow', { n: 1 })).result(),
  ).returns.resolves.toEqualTypeOf<number[]>();
});
