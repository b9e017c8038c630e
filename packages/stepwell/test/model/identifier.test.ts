import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkId, checkName } from '../../src/model/identifier.ts';
import { groupOf, isInside, operationId } from '../../src/model/operation.ts';

test.each<[unknown, string]>([
  ['', 'it is empty'],
  ['x'.repeat(201), 'it has 201 characters, 200 are allowed'],
  ['a\u0000b', 'cannot be printed'],
  ['a\nb', 'cannot be printed'],
  ['a\u007f', 'cannot be printed'],
  ['a\u0085', 'cannot be printed'],
  ['\ud800', 'cannot be printed'],
  [' a', 'begins or ends with a space'],
  ['a\u00a0', 'begins or ends with a space'],
  [7, 'it is number, not a string'],
  [null, 'it is null, not a string'],
  [undefined, 'it is undefined, not a string'],
  [['a'], 'it is object, not a string'],
  ['a/b', 'it contains "/" or "#"'],
  ['a#1', 'it contains "/" or "#"'],
])('the name %j is refused', (name, problem) => {
  const check = () => checkName(name, 'event name');
  expect(check).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  expect(check).toThrow(`The event name`);
  expect(check).toThrow(problem);
});

test.each(['a', 'x'.repeat(200), 'two words', 'Straße', '漢字', '🚲', 'a.b:c-d_e(f)', '0', '$'])(
  'the name %j is fine',
  (name) => {
    expect(checkName(name, 'name')).toBe(name);
  },
);

test('ids may have slashes, and up to 255 characters', () => {
  expect(checkId('orders/2030#7', 'run id')).toBe('orders/2030#7');
  expect(checkId('x'.repeat(255), 'run id')).toHaveLength(255);
  expect(() => checkId('x'.repeat(256), 'run id')).toThrow(expect.objectContaining({ code: 'ID_INVALID' }));
  expect(() => checkId('', 'run id')).toThrow(expect.objectContaining({ code: 'ID_INVALID' }));
});

test('a long name is cut in the message', () => {
  expect(() => checkName('y'.repeat(5_000), 'name')).toThrow(/^The name "y{60}…" cannot be used/);
});

const name = fc.stringMatching(/^[a-z ]{1,8}$/).filter((text) => text.trim() === text);

test('the id of an operation tells its group, and no two are the same', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 3 }), name, fc.integer({ min: 1, max: 99 }), (path, last, n) => {
      const group = path.reduce((parent, part) => operationId(parent, part, 1), '');
      const id = operationId(group, last, n);
      expect(groupOf(id)).toBe(group);
      expect(isInside(id, group)).toBe(true);
      expect(isInside(id, `${group}x`)).toBe(false);
      expect(operationId(group, last, n + 1)).not.toBe(id);
    }),
  );
});

test('ids as they are shown', () => {
  expect(operationId('', 'charge', 1)).toBe('charge');
  expect(operationId('', 'charge', 2)).toBe('charge#2');
  expect(operationId('batch/item#3', 'charge', 1)).toBe('batch/item#3/charge');
  expect(groupOf('charge')).toBe('');
  expect(isInside('batch/item', 'bat')).toBe(false);
  expect(isInside('batch', 'batch')).toBe(false);
  expect(isInside('anything', '')).toBe(true);
});
