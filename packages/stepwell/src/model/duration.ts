import { StepwellError } from './errors.ts';

/** A length of time: milliseconds, or text such as `500ms`, `30s`, `24h`, `7d`, `1h30m`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gy;
/** A hundred years: beyond it a duration is a mistake, and times stay far inside what a Date can hold. */
const LONGEST = 100 * 365 * UNITS['d']!;

/**
 * Milliseconds of a duration.
 * Text is read strictly, largest unit first, each unit once: what is not understood is refused, never guessed.
 *
 * @throws StepwellError `DURATION_INVALID`
 */
export function milliseconds(duration: Duration, what = 'duration'): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (ms === null || !Number.isFinite(ms) || ms < 0 || ms > LONGEST) {
    throw new StepwellError(
      'DURATION_INVALID',
      `The ${what} ${JSON.stringify(duration)} is not a duration. Give milliseconds, or text such as "30s" or "1h30m", up to 100 years.`,
    );
  }
  return Math.round(ms);
}

/** A whole number of milliseconds as a person writes it, so that {@link milliseconds} gives it back: `1h30m`, `10s`, `7d`. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let left = ms;
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(left / UNITS[unit]!);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * UNITS[unit]!;
  }
  return parts.length === 0 ? '0ms' : parts.join('');
}

function parse(text: unknown): number | null {
  if (typeof text !== 'string') return null;
  PART.lastIndex = 0;
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let end = 0;
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    const unit = UNITS[match[2]!]!;
    if (unit >= smallest) return null;
    smallest = unit;
    total += Number(match[1]) * unit;
    end = PART.lastIndex;
  }
  return end > 0 && end === text.length ? total : null;
}
