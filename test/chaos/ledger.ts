// The world outside: a process that is never killed and remembers every call that a body made. It also cleans up:
// when the test is gone, however it went, it kills the engines that are left (even stopped ones), takes the small disk
// away, and removes the directory.
//
//   stdin    `alive PID`, `dead PID`; its end is the end of the test
//   stdout   `{ port }`, then `{ callback, run }` for each callback whose id was handed over
//   arguments: the seed, and the directory to be removed

import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Chance } from '../simulation/chance.ts';
import { unmount } from './disk.ts';
import type { Entry, LedgerReport } from './ledger-report.ts';
import type { Effect } from './ledger-client.ts';
import { listen, type Answer } from './wire.ts';

const SLOWEST_MS = 25;
const WATCHED_MS = 1_000;
const [, , seed = '', directory = ''] = process.argv;
const entries = new Map<string, Entry>();
/** What operators have mended. */
const mended = new Set<string>();
const lives = new Set<number>();
const cutOffLives = new Set<number>();
let receipts = 0;
/** By life: whoever wants to know when a call begins; the call waits for what becomes of that. */
const nextCalls = new Map<number, PromiseWithResolvers<Answer>>();
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// Nobody may be left to read what it says.
process.stdout.on('error', () => {});
const alive = new Set<number>();
const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => {
  const [word, pid] = line.split(' ');
  if (word === 'alive') alive.add(Number(pid));
  else alive.delete(Number(pid));
});
orders.on('close', () => {
  for (const pid of alive) end(pid);
  unmount();
  // The engine may have been about to make another file.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.exit();
});

say({
  port: await listen(async (path, body, hungUp) => {
    if (path === '/effect') return effect(body as Effect, hungUp);
    if (path === '/mend') {
      mended.add(body as string);
      return { status: 200, body: null };
    }
    if (path === '/find') return { status: 200, body: entries.get(body as string)?.receipt };
    if (path === '/next') return nextCall(body as number);
    return { status: 200, body: report() };
  }),
});

function nextCall(life: number): Promise<Answer> {
  const next = nextCalls.get(life) ?? Promise.withResolvers<Answer>();
  nextCalls.set(life, next);
  return next.promise;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended, and nobody was left to say so.
  }
}

async function effect(call: Effect, hungUp: AbortSignal): Promise<Answer> {
  lives.add(call.life);
  const isWatched = nextCalls.has(call.life);
  nextCalls.get(call.life)?.resolve({ status: 200, body: null });
  nextCalls.delete(call.life);
  hungUp.addEventListener('abort', () => void cutOffLives.add(call.life));
  const entry = entries.get(call.key) ?? { key: call.key, receipt: null, calls: {} };
  entries.set(call.key, entry);
  const calls = (entry.calls[call.attempt] ?? 0) + 1;
  entry.calls[call.attempt] = calls;
  const chance = new Chance(`${seed}/${call.key}/${call.attempt}/${calls}`);
  const pause = async () => {
    if (isWatched) await wait(WATCHED_MS, null, { signal: hungUp }).catch(() => {});
    await wait(chance.between(0, SLOWEST_MS));
  };
  await pause();
  if (call.mendedFirst !== undefined && !mended.has(call.mendedFirst)) return { status: 503, body: 'broken' };
  if (call.undoes === undefined && chance.happens(0.1)) return { status: 503, body: 'not now' };
  if (entry.receipt === null) {
    entry.receipt = ++receipts;
    if (call.undoes !== undefined) entry.undoes = call.undoes;
  }
  // Said at every call: the callback of an attempt that was cut off may be lost.
  if (call.callback !== undefined) say({ callback: call.callback, run: call.run });
  await pause();
  if (call.undoes === undefined && chance.happens(0.1))
    return { status: 503, body: 'done, but I do not say so' };
  return { status: 200, body: entry.receipt };
}

function report(): LedgerReport {
  return { entries: [...entries.values()], lives: [...lives], livesCutOff: cutOffLives.size };
}
