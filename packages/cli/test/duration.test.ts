import { expect, test } from 'vitest';
import { formatDuration, formatTime } from '../src/terminal/duration.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, '0 ms'],
  [4.4, '4 ms'],
  [999, '999 ms'],
  [999.6, '1.00 s'],
  [1_520, '1.52 s'],
  [9_996, '10.0 s'],
  [59_940, '59.9 s'],
  [59_960, '1m 00s'],
  [12 * MINUTE + 3_400, '12m 03s'],
  [2 * HOUR + 5 * MINUTE, '2h 05m'],
  [3 * DAY + 4 * HOUR, '3d 4h'],
])('%d ms is shown as %s', (ms, shown) => {
  expect(formatDuration(ms)).toBe(shown);
});

test('a time of another day is shown with its day', () => {
  const now = new Date(2026, 10, 22, 12, 0, 0).getTime();
  expect(formatTime(now - HOUR, now)).toBe('11:00:00');
  expect(formatTime(now - DAY, now)).toBe('2026-11-21 12:00:00');
});
