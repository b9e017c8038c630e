import { expect, test } from 'vitest';
import { Violation } from './violation.ts';

const kindOf = (message: string) => new Violation(message).kind;

test('violations of one kind differ in names, numbers and values only', () => {
  expect(kindOf('journal of run "run-1": a commit at position 6, where 10 is the next')).toBe(
    kindOf('journal of run "cb_7": a commit at position 0, where 3 is the next'),
  );
  expect(kindOf('callback cb_5_5930e73face84d119f309d2ddaedf0e9 was completed twice')).toBe(
    kindOf('callback cb_c_c110b25d809e4ff8a78b94115257d0ab was completed twice'),
  );
  expect(kindOf('not all has ended:\n  run "run-1" is waiting')).toBe(
    kindOf('not all has ended:\n  not answered: result of run-2'),
  );
  expect(kindOf('run "a" ended with {"value":[1]}, where …')).toBe(
    kindOf('run "b" ended with {"value":["x",{}]}, where …'),
  );
});

test('violations of two kinds differ in their words', () => {
  const kinds = [
    'run "a" ended with {"value":[1]}, where {"value":2} was to be expected',
    'run "a" ended with {"error":"GROUP_FAILED"}, where {"value":2} was to be expected',
    'run "a" ended with {"error":"RUN_NOT_FOUND"}, where {"value":2} was to be expected',
    'journal of run "a": "step 1" was started twice',
    'journal of run "a": run.failed of "step 1", which had succeeded',
  ].map(kindOf);
  expect(new Set(kinds).size).toBe(kinds.length);
});
