import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { System } from '../engine/system.ts';
import type { Store } from '../store/contract.ts';

/** The longest delay that Node's timers take (ms): a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The real clock, randomness, ids and timers: the outermost layer, below which time and chance only come in from outside. */
export const realSystem: System = {
  now: () => Date.now(),
  random: () => Math.random(),
  uuid: uuid7,
  timer: startTimer,
  soon: (callback) => void setImmediate(callback),
  settled: whenSettled,
};

/** That of this machine, but with the time of the store if it has a clock of its own. */
export function systemFor({ now }: Store): System {
  return now === undefined ? realSystem : { ...realSystem, now };
}

const RESOLVED = Promise.resolve();
let unsettled: (() => void)[] = [];

/**
 * The queue of ticks is worked through when the queue of promise reactions is empty: a tick that a reaction asks for
 * comes after all of them. All calls of one moment share a tick; those that come later, and might come out of a tick,
 * after which no reactions have been run yet, get another one.
 */
function whenSettled(callback: () => void): void {
  if (unsettled.push(callback) === 1) void RESOLVED.then(tickOnce);
}

function tickOnce(): void {
  const callbacks = unsettled;
  unsettled = [];
  process.nextTick(() => {
    for (const callback of callbacks) callback();
  });
}

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
