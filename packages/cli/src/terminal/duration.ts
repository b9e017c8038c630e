const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time for people, with about three digits: `4 ms`, `1.52 s`, `12m 03s`, `2h 05m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  // Each bound is where rounding would reach the next unit, so that nothing is shown as 1000 ms or 60.0 s.
  if (ms < SECOND - 0.5) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND - 5) return `${(ms / SECOND).toFixed(2)} s`;
  if (ms < MINUTE - 50) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND) * SECOND;
  if (seconds < HOUR) return inTwo(seconds, MINUTE, 'm', SECOND, 's');
  if (seconds < DAY) return inTwo(seconds, HOUR, 'h', MINUTE, 'm');
  return `${Math.floor(seconds / DAY)}d ${Math.floor((seconds % DAY) / HOUR)}h`;
}

function inTwo(ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  return `${Math.floor(ms / big)}${bigUnit} ${twoDigits(Math.floor((ms % big) / small))}${smallUnit}`;
}

/** Local time of day, and the day as well unless it is today. */
export function formatTime(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toTimeString().slice(0, 8);
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${time}`;
}

function twoDigits(n: number): string {
  return String(n).padStart(2, '0');
}
