import { expect, test } from 'vitest';
import type { StoredTiming } from 'stepwell';
import { latestTimes, nextTime, storedTiming } from '../src/timing.ts';

const at = (text: string) => Date.parse(text);
const shown = (times: readonly (number | null)[]) =>
  times.map((time) => (time === null ? null : new Date(time).toISOString().replace(':00.000Z', 'Z')));

function following(timing: StoredTiming, after: string, count: number): (string | null)[] {
  const times: (number | null)[] = [];
  let time: number | null = at(after);
  while (times.length < count && time !== null) {
    time = nextTime(timing, time);
    times.push(time);
  }
  return shown(times);
}

test.each<[string, StoredTiming, string, string[]]>([
  [
    'a time of day in a zone',
    { cron: '0 9 * * MON-FRI', timeZone: 'Asia/Tokyo' },
    '2026-11-20T00:00Z',
    ['2026-11-23T00:00Z', '2026-11-24T00:00Z'],
  ],
  [
    'a time of day that the clocks jump over comes at the jump',
    { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    '2026-03-28T00:00Z',
    ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  ],
  [
    'a time of day that comes twice is taken the first time',
    { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    '2026-10-24T00:00Z',
    ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  ],
  [
    'every half hour goes on where the clocks go forward',
    { cron: '*/30 * * * *', timeZone: 'America/New_York' },
    '2026-03-08T06:10Z',
    ['2026-03-08T06:30Z', '2026-03-08T07:00Z', '2026-03-08T07:30Z'],
  ],
  [
    'every half hour goes on where the clocks go back',
    { cron: '*/30 * * * *', timeZone: 'America/New_York' },
    '2026-11-01T05:10Z',
    ['2026-11-01T05:30Z', '2026-11-01T06:00Z', '2026-11-01T06:30Z', '2026-11-01T07:00Z'],
  ],
  [
    'a jump of half an hour',
    { cron: '15 2 * * *', timeZone: 'Australia/Lord_Howe' },
    '2026-10-02T20:00Z',
    ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  ],
  [
    'a leap day',
    { cron: '0 0 29 2 *', timeZone: 'UTC' },
    '2026-01-01T00:00Z',
    ['2028-02-29T00:00Z', '2032-02-29T00:00Z'],
  ],
  [
    'seconds',
    { cron: '*/20 * * * * *', timeZone: 'UTC' },
    '2026-01-01T00:00:50Z',
    ['2026-01-01T00:01Z', '2026-01-01T00:01:20.000Z'],
  ],
  [
    'an interval from a time on',
    { every: 90 * 60_000, from: at('2026-01-01T01:00Z') },
    '2025-12-31T00:00Z',
    ['2026-01-01T01:00Z', '2026-01-01T02:30Z', '2026-01-01T04:00Z'],
  ],
])('next: %s', (_, timing, after, expected) => {
  expect(following(timing, after, expected.length)).toEqual(expected);
});

test('the latest times before a moment are those that come one after the other until then', () => {
  const timings: StoredTiming[] = [
    { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    { cron: '*/30 * * * *', timeZone: 'Australia/Lord_Howe' },
    { cron: '0 0 1 * *', timeZone: 'America/New_York' },
    { every: 7 * 3_600_000, from: at('2026-01-01T00:00Z') },
  ];
  for (const timing of timings) {
    for (const since of ['2026-03-27T00:00Z', '2026-10-02T00:00Z', '2026-10-24T12:00Z']) {
      const times: number[] = [];
      for (let time = at(since); times.length < 50; times.push(time)) time = nextTime(timing, time)!;
      const until = times.at(-1)!;
      expect(latestTimes(timing, times[0]!, until, 100)).toEqual(times);
      expect(latestTimes(timing, times[0]!, until - 1, 100)).toEqual(times.slice(0, -1));
      expect(latestTimes(timing, times[0]!, until, 3)).toEqual(times.slice(-3));
      expect(latestTimes(timing, until, until, 100)).toEqual([until]);
    }
  }
});

test('a schedule of every second that was down for a year is looked at in no time', () => {
  const year = 366 * 86_400_000;
  const timing = { cron: '* * * * * *', timeZone: 'Europe/Berlin' };
  const until = at('2027-01-01T00:00Z');
  expect(latestTimes(timing, until - year, until, 3)).toEqual([until - 2_000, until - 1_000, until]);
  expect(latestTimes({ every: 1, from: 0 }, 0, until, 2)).toEqual([until - 1, until]);
});

test.each([
  [{ cron: '61 * * * *' }, /"61 \* \* \* \*"/],
  [{ cron: 'tomorrow' }, /"tomorrow"/],
  [{ cron: '' }, /cron expression ""/],
  [{ cron: '0 0 31 2 *' }, /never comes/],
  [{ cron: '0 0 * * *', timeZone: 'Mars/Olympus' }, /time zone "Mars\/Olympus"/],
  [{ every: 0 }, /at least 1 ms/],
  [{ every: '5m' as const, from: Number.NaN }, /"from"/],
])('%j is refused', (timing, message) => {
  expect(() => storedTiming(timing, 'schedule "s"', 0)).toThrow(
    expect.objectContaining({ code: 'SCHEDULE_INVALID', message: expect.stringMatching(message) }),
  );
});
