import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const echo = workflow('echo', async (ctx, value: unknown) => {
  const kept = await ctx.step('keep', () => value);
  await ctx.sleep('1h');
  return kept;
});

test.each<[string, unknown]>([
  ['null', null],
  ['a boolean', false],
  ['the empty string', ''],
  ['text of every kind', 'Größe \u0000 \u2028 漢字 🚲 "quoted" \\'],
  ['zero', 0],
  ['small, large and negative numbers', [5e-324, Number.MAX_VALUE, -1.5, Number.MAX_SAFE_INTEGER]],
  ['lists of lists', [[], [[]], [1, [2, [3]]]]],
  ['objects of objects', { a: { b: { c: {} } }, '': 1, 'a/b#c': 2 }],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
])('%s goes through input, result and output unchanged', async (_what, value) => {
  const { output } = await everyLife(echo, value);
  expect(output).toEqual(value);
});

test('undefined is kept as the absence of a value', async () => {
  const { output, status } = await everyLife(echo, undefined);
  expect([output, status]).toEqual([undefined, 'succeeded']);
});

test('properties that are undefined are left out', async () => {
  expect((await everyLife(echo, { a: undefined, b: 1 })).output).toEqual({ b: 1 });
});

test('a key named __proto__ is a key like any other', async () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as object;
  const { output } = await everyLife(echo, value);
  expect(JSON.stringify(output)).toBe(JSON.stringify(value));
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

class Money {
  readonly yen = 100;
}
const cycle: { list: unknown[] } = { list: [] };
cycle.list.push({ back: cycle });

test.each<[unknown, string]>([
  [{ at: new Date(0) }, '$.at is a Date (give its toISOString() instead)'],
  [{ price: new Money() }, '$.price is an instance of Money'],
  [{ big: 10n }, '$.big is a bigint'],
  [{ list: [1, Number.POSITIVE_INFINITY] }, '$.list[1] is Infinity'],
  [[undefined], '$[0] is undefined'],
  [{ 'strange key': () => 1 }, '$["strange key"] is a function'],
  [{ s: Symbol('s') }, '$.s is a symbol'],
  [{ m: new Map([[1, 2]]) }, '$.m is an instance of Map'],
  [{ s: new Set() }, '$.s is an instance of Set'],
  [{ bytes: new Uint8Array(2) }, '$.bytes is an instance of Uint8Array'],
  [{ error: new Error('x') }, '$.error is an instance of Error'],
  [cycle, '$.list[0].back refers back to an object that contains it'],
  [{ own: { toJSON: () => 1 } }, '$.own has a toJSON method'],
])('the input %o is refused with its path', async (value, message) => {
  await using engine = await testEngine({ workflows: [echo] });
  expect(await errorOf(engine.start(echo, value))).toMatchObject({
    code: 'VALUE_NOT_JSON',
    message: expect.stringContaining(message),
  });
});

test('a workflow that returns what JSON cannot hold fails, a cycle as well', async () => {
  const flow = workflow('flow', async (_ctx, what: string) => (what === 'cycle' ? cycle : new Date(0)));
  for (const [what, message] of [
    ['cycle', 'output of run "crash-test" cannot be kept as JSON: $.list[0].back refers back'],
    ['date', '$ is a Date'],
  ] as const) {
    const { status, error } = await everyLife(flow, what);
    expect([status, error]).toMatchObject([
      'failed',
      { code: 'VALUE_NOT_JSON', message: expect.stringContaining(message) },
    ]);
  }
});

test('a workflow that throws what is no Error fails with VALUE_THROWN and the value', async () => {
  const flow = workflow('flow', async (_ctx, value: unknown) => {
    // oxlint-disable-next-line typescript/only-throw-error -- that is what is tested
    throw value;
  });
  for (const value of ['text', 42, null, undefined, { a: 1 }, ['b']]) {
    const { status, error } = await everyLife(flow, value);
    expect([status, error]).toMatchObject(['failed', { name: 'StepwellError', code: 'VALUE_THROWN' }]);
    expect(error!.data).toEqual(value);
  }
});

test('an error that is its own cause fails the run like any other', async () => {
  const flow = workflow('flow', async () => {
    const error = new Error('round and round');
    error.cause = error;
    throw error;
  });
  const { status, error } = await everyLife(flow, undefined);
  expect([status, error?.message, error?.cause?.message]).toEqual([
    'failed',
    'round and round',
    'round and round',
  ]);
});

test('an object that is changed after it was given does not change what is kept', async () => {
  const flow = workflow('flow', async (ctx, input: { n: number }) => {
    input.n++;
    await ctx.sleep('1h');
    return input.n;
  });
  const given = { n: 1 };
  expect((await everyLife(flow, given)).output).toBe(2);
  expect(given).toEqual({ n: 1 });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow, given);
  given.n = 50;
  expect(await engine.result(run)).toBe(2);
});
