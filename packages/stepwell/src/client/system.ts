import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { System } from '../engine/system.ts';

/** The longest delay that Node's timers take (ms): a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The real clock, randomness, ids and timers: the outermost layer, below which time and chance only come in from outside. */
export const realSystem: System = {
  now: () => Date.now(),
  random: () => Math.random(),
  uuid: uuid7,
  timer: startTimer,
  soon: (callback) => void setImmediate(callback),
  // The queue of ticks is worked through when the queue of promise reactions is empty; called from a promise reaction,
  // nextTick therefore comes after all of them.
  settled: (callback) => queueMicrotask(() => process.nextTick(callback)),
};

/** Who this process is, for people. */
export function processName(): string {
  return `${hostname()}:${process.pid}`;
}

/** Where errors go that no caller hears of. */
export function reportError(error: unknown): void {
  console.error('stepwell:', error);
}

function startTimer(delay: number, callback: () => void): () => void {
  let timeout: NodeJS.Timeout;
  const end = Date.now() + delay;
  const wait = (): void => {
    const left = end - Date.now();
    timeout =
      left > LONGEST_DELAY ? setTimeout(wait, LONGEST_DELAY) : setTimeout(callback, Math.max(0, left));
  };
  wait();
  return () => clearTimeout(timeout);
}

/** RFC 9562, section 5.7: 48 bits of time, the rest random. */
function uuid7(): string {
  // The random part is taken from a UUID of version 4, of which Node keeps a supply: to ask for fresh bytes each time was 2 % of the cost of a run.
  const random = randomUUID();
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
