/** What a Date can hold: with a duration added to it, a time is still a whole number that every store keeps exactly. */
const LAST = 8.64e15;

/** Whether a number is a time in milliseconds since 1970. */
export function isTime(ms: number): boolean {
  return Math.abs(ms) <= LAST;
}
