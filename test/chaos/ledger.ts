// The world outside: a process that is never killed and remembers every call that a body made. It also cleans up:
// when the test is gone, however it went, it kills the engine that is left (even a stopped one) and the directory.
//
//   stdin    `alive PID`, `dead PID`; its end is the end of the test
//   stdout   `{ port }`, then `{ callback, run }` for each callback whose id was handed over
//   arguments: the seed, and the directory to be removed

import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Chance } from '../simulation/chance.ts';
import type { Entry, LedgerReport } from './ledger-report.ts';
import type { Effect } from './ledger-client.ts';
import { listen, type Answer } from './wire.ts';

const SLOWEST_MS = 25;
const [, , seed = '', directory = ''] = process.argv;
const entries = new Map<string, Entry>();
const cutOffLives = new Set<number>();
/** Whoever wants to know when a call begins. */
let nextCall = Promise.withResolvers<Answer>();
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
  // The engine may have been about to make another file.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.exit();
});

say({
  port: await listen(async (path, body, hungUp) => {
    if (path === '/effect') return effect(body as Effect, hungUp);
    if (path === '/find') return { status: 200, body: entries.get(body as string)?.receipt };
    if (path === '/next') return nextCall.promise;
    return { status: 200, body: report() };
  }),
});

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended, and nobody was left to say so.
  }
}

async function effect(call: Effect, hungUp: AbortSignal): Promise<Answer> {
  nextCall.resolve({ status: 200, body: null });
  nextCall = Promise.withResolvers();
  const chance = new Chance(`${seed}/${call.key}/${call.attempt}`);
  hungUp.addEventListener('abort', () => void cutOffLives.add(call.life));
  const entry = entries.get(call.key) ?? { key: call.key, receipt: null, effects: 0, calls: {} };
  entries.set(call.key, entry);
  entry.calls[call.attempt] = (entry.calls[call.attempt] ?? 0) + 1;
  await wait(chance.between(0, SLOWEST_MS));
  if (call.undoes === undefined && chance.happens(0.1)) return { status: 503, body: 'not now' };
  if (entry.receipt === null) {
    entry.receipt = [...entries.values()].filter(({ effects }) => effects > 0).length + 1;
    entry.effects++;
    if (call.undoes !== undefined) entry.undoes = call.undoes;
  }
  // Said at every call: the callback of an attempt that was cut off may be lost.
  if (call.callback !== undefined) say({ callback: call.callback, run: call.run });
  await wait(chance.between(0, SLOWEST_MS));
  if (call.undoes === undefined && chance.happens(0.1))
    return { status: 503, body: 'done, but I do not say so' };
  return { status: 200, body: entry.receipt };
}

function report(): LedgerReport {
  return { entries: [...entries.values()], livesCutOff: cutOffLives.size };
}
