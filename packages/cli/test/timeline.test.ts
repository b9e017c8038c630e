import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { clip, table } from '../src/terminal/table.ts';
import { errorText } from '../src/timeline/error-text.ts';
import { timeline } from '../src/timeline/timeline.ts';

test('bars lie where the operations were, and each outcome is told', () => {
  const lines = timeline(
    [
      {
        op: 'stock',
        kind: 'step',
        startedAt: 0,
        endedAt: 5_000,
        attempts: 1,
        status: 'succeeded',
        value: { ok: true },
      },
      {
        op: 'all',
        kind: 'group',
        startedAt: 5_000,
        endedAt: 10_000,
        status: 'failed',
        error: { name: 'E', message: 'm' },
      },
      { op: 'all/charge', kind: 'step', startedAt: 5_000, attempts: 2, status: 'running' },
      { op: 'approval', kind: 'callback', startedAt: 10_000, status: 'waiting', waitsFor: 'c-1' },
    ],
    0,
    10_000,
    Number.POSITIVE_INFINITY,
  );
  expect(lines).toEqual([
    '  OPERATION  START    TOOK    TRIES  WHEN                      OUTCOME',
    '✓ stock      +0 ms    5.00 s  1      ████████████              {"ok":true}',
    '✗ all        +5.00 s  5.00 s                     ████████████  E: m',
    '●   charge   +5.00 s  5.00 s  2                  ████████████  running',
    '◌ approval   +10.0 s  0 ms                                  ▏  waiting for c-1',
  ]);
});

test('what an error says cannot steer the terminal', () => {
  const error = { name: 'E', message: '\u001b[2Jgone\u001b]0;title\u0007' };
  const [, line] = timeline(
    [{ op: 'a', kind: 'step', startedAt: 0, endedAt: 1, status: 'failed', error }],
    0,
    1,
    200,
  );
  expect(line).toMatch(/E: gone$/);
});

test('in a terminal no line is longer than it, and values on several lines stay on one', () => {
  const value = 'x'.repeat(500);
  const [, line] = timeline(
    [{ op: 'a', kind: 'step', startedAt: 0, endedAt: 1, status: 'succeeded', value }],
    0,
    1,
    100,
  );
  expect(line).toHaveLength(100);
  expect(line).toMatch(/x…$/);
});

test('what has no room beside the columns has a line of its own', () => {
  const lines = table(['RUN', 'STATUS', ''], [['a'.repeat(36), 'waiting', 'waits for an event']], 60);
  expect(lines.map(stripVTControlCharacters)).toEqual([
    `RUN${' '.repeat(35)}STATUS`,
    `${'a'.repeat(36)}  waiting`,
    '    waits for an event',
  ]);
});

test('wide characters take two columns, combining ones none', () => {
  const [, first, second, third] = table(
    ['RUN', 'STATUS'],
    [
      ['日本', 'ok'],
      ['u\u0308', 'ok'],
      ['abcd', 'ok'],
    ],
    80,
  );
  expect(first).toBe('日本  ok');
  expect(second).toBe('u\u0308     ok');
  expect(third).toBe('abcd  ok');
  expect(clip('日本語', 5)).toBe('日本…');
});

test('an error is told with its cause, which may be all that says something', () => {
  const cause = { name: 'Error', message: 'connect ECONNREFUSED 127.0.0.1:9' };
  expect(errorText({ name: 'TypeError', message: 'fetch failed', cause })).toBe(
    'TypeError: fetch failed (connect ECONNREFUSED 127.0.0.1:9)',
  );
  expect(errorText({ name: 'E', message: `no answer: ${cause.message}`, cause })).toBe(
    'E: no answer: connect ECONNREFUSED 127.0.0.1:9',
  );
});
