import { expect, test } from 'vitest';
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
