import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { durationText, milliseconds } from '../../src/model/duration.ts';

test.each<[number | string, number]>([
  [0, 0],
  [1_500, 1_500],
  [0.4, 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['0.5d', 43_200_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['1h30m', 5_400_000],
  ['1d12h30m15s500ms', 131_415_500],
  ['42m30s', 2_550_000],
  ['5200w', 3_144_960_000_000],
])('%s is %d ms', (duration, ms) => {
  expect(milliseconds(duration)).toBe(ms);
});

test.each<unknown>([
  '',
  ' ',
  '5',
  'm',
  '5 m',
  ' 5m',
  '5m ',
  '5M',
  '5min',
  '-5m',
  '+5m',
  '5m5m',
  '30s1h',
  '1h,30m',
  '1..5h',
  '.5h',
  '1e3s',
  '∞',
  'PT1H',
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  100 * 365 * 86_400_000 + 1,
  '9999999w',
  null,
  undefined,
  {},
  ['1h'],
  new Date(5),
])('%s is refused', (duration) => {
  const read = () => milliseconds(duration as string, 'timeout of step "s"');
  expect(read).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  expect(read).toThrow(/timeout of step "s"/);
});

test('text that is built of parts is their sum', () => {
  const part = fc.nat(999);
  fc.assert(
    fc.property(part, part, part, part, (h, m, s, ms) => {
      expect(milliseconds(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1_000 + ms);
    }),
  );
});

function outcomeOf(text: string): unknown {
  try {
    return milliseconds(text);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test('any text gives a number from 0 to a hundred years, or is refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(\d{1,3}(\.\d)?(ms|s|m|h|d|w)){1,3}$/)), (text) => {
      const isRight = (ms: number) => Number.isInteger(ms) && ms >= 0 && ms <= 100 * 365 * 86_400_000;
      expect(outcomeOf(text)).toSatisfy(
        (outcome) => outcome === 'DURATION_INVALID' || isRight(outcome as number),
      );
    }),
  );
});

test.each<[number, string]>([
  [0, '0ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [1_500, '1s500ms'],
  [3_600_000, '1h'],
  [5_400_000, '1h30m'],
  [604_800_000, '7d'],
  [131_415_500, '1d12h30m15s500ms'],
])('%d ms are written %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('what is written is what was meant', () => {
  const anyDuration = fc.property(fc.nat(100 * 365 * 86_400_000), (ms) => {
    expect(milliseconds(durationText(ms))).toBe(ms);
  });
  fc.assert(anyDuration, { numRuns: 1_000 });
});
