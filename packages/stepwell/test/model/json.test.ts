import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeJson, sameJson } from '../../src/model/json.ts';

const refusal = (value: unknown): string => {
  try {
    encodeJson(value, 'result');
  } catch (error) {
    expect(error).toMatchObject({ code: 'VALUE_NOT_JSON' });
    return (error as Error).message;
  }
  throw new Error('It was not refused.');
};

test('every JSON value comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = encodeJson(value, 'result')!;
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(sameJson(JSON.parse(text), value)).toBe(true);
    }),
  );
});

test('whatever is accepted is what JSON would give back; all else is refused', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const { refused, given } = throughJson(value);
      expect(refused ?? 'VALUE_NOT_JSON').toBe('VALUE_NOT_JSON');
      expect(given).toEqual(refused === undefined ? withoutUndefined(value) : undefined);
    }),
  );
});

function throughJson(value: unknown): { refused?: unknown; given?: unknown } {
  try {
    const text = encodeJson(value, 'result');
    return { given: text === undefined ? undefined : (JSON.parse(text) as unknown) };
  } catch (error) {
    return { refused: (error as { code?: unknown }).code };
  }
}

/** As `toEqual` sees it: properties that are undefined are not there, and -0 is 0. */
function withoutUndefined(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutUndefined(inner)]));
}

test('undefined has no text', () => {
  expect(encodeJson(undefined, 'result')).toBeUndefined();
});

class Point {
  x = 1;
}
const self: Record<string, unknown> = {};
self['deep'] = [{ self }];

test.each<[string, unknown, string]>([
  ['NaN', Number.NaN, '$ is NaN'],
  ['an infinity inside', { a: [1, -Infinity] }, '$.a[1] is -Infinity'],
  ['a bigint', { a: { b: 1n } }, '$.a.b is a bigint'],
  ['a function', { f: () => 1 }, '$.f is a function'],
  ['a symbol', [Symbol('s')], '$[0] is a symbol'],
  ['undefined in a list', [1, undefined], '$[1] is undefined'],
  // oxlint-disable-next-line no-sparse-arrays -- that is what is tested
  ['a hole in a list', [1, , 3], '$[1] is undefined'],
  ['a Date', { at: new Date(0) }, '$.at is a Date (give its toISOString() instead)'],
  ['an instance of a class', { p: new Point() }, '$.p is an instance of Point'],
  [
    'an instance of a class without a name',
    {
      p: new (class {
        x = 1;
      })(),
    },
    '$.p is an instance of a class',
  ],
  ['a Map', new Map(), '$ is an instance of Map'],
  ['a RegExp', { r: /x/ }, '$.r is an instance of RegExp'],
  ['a boxed number', { n: Object(1) as unknown }, '$.n is an instance of Number'],
  ['bytes', { b: Buffer.from('x') }, '$.b is an instance of Buffer'],
  ['a promise', { p: Promise.resolve(1) }, '$.p is an instance of Promise'],
  ['an object with toJSON', { o: { toJSON: () => 1 } }, '$.o has a toJSON method'],
  ['a cycle', self, '$.deep[0].self refers back to an object that contains it'],
  ['a key that is no identifier', { 'a b': { '0': 1n } }, '$["a b"]["0"] is a bigint'],
])('%s is refused with its path', (_what, value, message) => {
  expect(refusal(value)).toContain(message);
  expect(refusal(value)).toContain('The result cannot be kept as JSON');
});

test('an object that is met twice, but not inside itself, is no cycle', () => {
  const shared = { n: 1 };
  expect(encodeJson([shared, { shared }], 'result')).toBe('[{"n":1},{"shared":{"n":1}}]');
});

test('plain objects of another realm are plain', () => {
  const foreign: unknown = runInNewContext('({ a: [1, { b: null }] })');
  expect(encodeJson(foreign, 'result')).toBe('{"a":[1,{"b":null}]}');
  expect(refusal(runInNewContext('({ at: new Date(0) })'))).toContain('$.at is an instance of Date');
});

test('200 levels are accepted, more are not', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  expect(encodeJson(nested(200), 'result')).toBeTypeOf('string');
  expect(refusal(nested(201))).toContain('nested deeper than 200 levels');
});

test('sameJson does not look at the order of keys, but at that of lists', () => {
  expect(sameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson({ a: 1 }, { a: 1, b: null })).toBe(false);
  expect(sameJson({ a: null }, { b: null })).toBe(false);
  expect(sameJson([], {})).toBe(false);
  expect(sameJson(null, {})).toBe(false);
  expect(sameJson(undefined, undefined)).toBe(true);
  expect(sameJson('1', 1)).toBe(false);
});

test('sameJson agrees with the text of values whose keys are in order', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(sameJson(a, structuredClone(a))).toBe(true);
      expect(sameJson(a, b)).toBe(sameJson(b, a));
      expect(sameJson(a, b) || JSON.stringify(a) !== JSON.stringify(b)).toBe(true);
    }),
  );
});
