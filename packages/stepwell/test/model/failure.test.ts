import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Codec } from '../../src/model/codec.ts';
import { StepwellError } from '../../src/model/errors.ts';
import { errorOf, failureOf, failureWith, type ErrorClass } from '../../src/model/failure.ts';

class Declined extends Error {
  override name = 'Declined';
  readonly by: string;
  constructor(by: string) {
    super(`declined by ${by}`);
    this.by = by;
  }
}
class Nameless extends TypeError {}

const classes = (...types: ErrorClass[]) => new Map(types.map((type) => [type.name, type]));
/** Through the text of a journal and back. */
const again = (thrown: unknown, known = classes(), codec: Codec | null = null): Error =>
  errorOf(JSON.parse(JSON.stringify(failureOf(thrown, codec))) as ReturnType<typeof failureOf>, codec, known);

test('name, message, code, own properties, stack and cause come back', () => {
  const error = Object.assign(new RangeError('too far', { cause: new SyntaxError('root') }), {
    code: 'E_FAR',
    km: 5,
  });
  const back = again(error) as typeof error;
  expect(back).toBeInstanceOf(RangeError);
  expect([back.name, back.message, back.code, back.km, back.stack]).toEqual([
    'RangeError',
    'too far',
    'E_FAR',
    5,
    error.stack,
  ]);
  expect(back.cause).toBeInstanceOf(SyntaxError);
  expect(Object.keys(back).toSorted()).toEqual(['code', 'km']);
});

test('an error of an own class is one again if the class is known, without its constructor being run', () => {
  const back = again(new Declined('bank'), classes(Declined));
  expect(back).toBeInstanceOf(Declined);
  expect(back).toMatchObject({ name: 'Declined', message: 'declined by bank', by: 'bank' });
});

test('of a class that is not known it is an Error with that name', () => {
  const back = again(new Declined('bank'));
  expect(back).toBeInstanceOf(Error);
  expect(back).not.toBeInstanceOf(Declined);
  expect([back.name, String(back), back.message]).toEqual([
    'Declined',
    'Declined: declined by bank',
    'declined by bank',
  ]);
});

test('an error whose class has given it no name has the name of its class', () => {
  expect(failureOf(new Nameless('x')).name).toBe('Nameless');
  expect(again(new Nameless('x'), classes(Nameless))).toBeInstanceOf(Nameless);
});

test('errors of Stepwell keep code and data', () => {
  const back = again(new StepwellError('STEP_TIMED_OUT', 'slow', { data: { ms: 5 }, cause: new Error('x') }));
  expect(back).toBeInstanceOf(StepwellError);
  expect(back).toMatchObject({
    name: 'StepwellError',
    code: 'STEP_TIMED_OUT',
    message: 'slow',
    data: { ms: 5 },
  });
  expect(errorOf(failureWith('WAIT_TIMED_OUT', 'late', [1]), null, classes())).toMatchObject({ data: [1] });
});

test('errors that the platform makes keep their name', () => {
  const abort = AbortSignal.abort().reason as Error;
  expect(again(abort)).toMatchObject({ name: 'AbortError', message: abort.message });
});

test.each<[unknown, string]>([
  ['text', 'text'],
  [7, '7'],
  [null, 'null'],
  [undefined, 'undefined'],
  [{ a: [1] }, '{"a":[1]}'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
])('what is no error becomes VALUE_THROWN: %o', (value, shown) => {
  const back = again(value);
  expect(back).toMatchObject({ name: 'StepwellError', code: 'VALUE_THROWN' });
  expect(back.message).toContain(`thrown: ${shown}.`);
});

test('properties that JSON cannot hold are left out, the others stay', () => {
  const error = Object.assign(new Error('x'), {
    big: 1n,
    at: new Date(0),
    fine: { a: 1 },
    nothing: undefined,
    f: () => 1,
  });
  expect(failureOf(error).data).toEqual({ fine: { a: 1 } });
});

test('causes of causes are kept to a depth, a cycle of them too', () => {
  const error = new Error('cycle');
  error.cause = error;
  let depth = 0;
  for (let failure = failureOf(error).cause; failure !== undefined; failure = failure.cause) depth++;
  expect(depth).toBe(8);
});

test('long texts are cut', () => {
  const { message } = failureOf(new Error('x'.repeat(100_000)));
  expect(message).toHaveLength(8_001);
  expect(message.endsWith('…')).toBe(true);
});

test('data goes through the codec; name and message stay readable', () => {
  const codec: Codec = {
    encode: (text) => Buffer.from(text).toString('base64'),
    decode: (stored) => Buffer.from(stored, 'base64').toString(),
  };
  const error = Object.assign(new Error('readable'), { secret: 'swordfish' });
  expect(JSON.stringify(failureOf(error, codec).data)).not.toContain('swordfish');
  expect(again(error, classes(), codec)).toMatchObject({ message: 'readable', secret: 'swordfish' });
});

const trap = (field: string): Error =>
  Object.defineProperty(new Error('x'), field, {
    enumerable: true,
    get: () => {
      throw new Error('trapped');
    },
  });

test.each(['name', 'message', 'stack', 'cause', 'code', 'constructor', 'own'])(
  'an error whose %s cannot be read is kept all the same',
  (field) => {
    expect(failureOf(trap(field))).toMatchObject({ name: expect.any(String), message: expect.any(String) });
  },
);

test('whatever is thrown, a failure can be made of it and stored', () => {
  const thrown = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
    fc
      .record({ name: fc.anything(), message: fc.anything(), code: fc.anything(), cause: fc.anything() })
      .map((fields) => Object.assign(new Error('x'), fields)),
  );
  fc.assert(
    fc.property(thrown, (value) => {
      const back = again(value);
      expect(back).toBeInstanceOf(Error);
      expect(typeof back.name).toBe('string');
      expect(typeof back.message).toBe('string');
    }),
  );
});
