import { setTimeout as wait } from 'node:timers/promises';
import { Chance } from '../simulation/chance.ts';
import { startProgram } from './child-process.ts';
import { Driver } from './driver.ts';
import { EngineHost } from './engine-host.ts';
import { readRuns, type Recorded } from './journals.ts';
import type { LedgerReport } from './ledger-report.ts';
import { plainAddressOf, type Adversity, type StoreUnderChaos } from './store.ts';
import { Users } from './users.ts';
import { ask } from './wire.ts';

/** What a worker says late, because it was stopped, is still due to what has just ended (ms). */
const AFTERMATH_MS = 2_000;
const PATIENCE_MS = 30_000;

export interface StormParts {
  readonly store: StoreUnderChaos;
  readonly seed: string;
  readonly seconds: number;
  /** Within this time after the last fault everything must have ended. */
  readonly boundMs: number;
  /** Removed when this process is gone. */
  readonly directory: string;
}

/** All that is known when it is over. */
export interface Aftermath {
  readonly users: Users;
  readonly driver: Driver;
  readonly host: EngineHost;
  readonly adversity: Adversity;
  readonly ledger: LedgerReport;
  readonly runs: ReadonlyMap<string, Recorded>;
  /** From the last fault to the last end; null: not all has ended. */
  readonly settledMs: number | null;
}

/** Users work while engines are killed and the store is struck; then all must end. */
export async function storm({ store, seed, seconds, boundMs, directory }: StormParts): Promise<Aftermath> {
  const chance = new Chance(seed);
  const heardOfCallback = (said: object) => {
    const { callback, run } = said as { callback: string; run: string };
    users.complete(callback, run);
  };
  const ledger = startProgram('./ledger.ts', [seed, directory], heardOfCallback, (line) =>
    console.error(line),
  );
  const ledgerPort = (await ledger.port)!;
  const host = new EngineHost({
    address: store.address,
    ledgerPort,
    chance: chance.stream('kills'),
    nextBody: () => ask(ledgerPort, '/next', null),
    mayRefuse: (code) => adversity.explains(code, Date.now() - AFTERMATH_MS),
    guard: (word, pid) => void ledger.process.stdin!.write(`${word} ${pid}\n`),
  });
  const driver = new Driver({
    port: () => host.port,
    mayRefuse: (code, since) => adversity.explains(code, since),
  });
  const users = new Users(driver, chance.stream('users'), (run) => ask(ledgerPort, '/mend', run));
  const adversity = store.adversity(chance.stream('adversity'), {
    lives: () => host.lives,
    refusedCalls: () => driver.refused,
    refused: () => driver.refused + host.deeds.opensRefused + host.deeds.workersSetBack,
    readsWhileStruck: () => users.readsWhileStruck,
    acknowledged: () => users.acknowledged.length,
    told: () => users.told,
  });

  const reportOf = async () => (await ask(ledgerPort, '/report', null)).body as LedgerReport;
  const over = new AbortController();
  const working = users.work(over.signal);
  const reading = users.read(over.signal, () => adversity.isStriking);
  const until = Date.now() + seconds * 1_000;
  let isStruck = false;
  const striking = adversity.strike(until).finally(() => {
    isStruck = true;
  });
  /** Chance may be against one kind of death, but not for ever. */
  const hasKilledInAllWays = async () =>
    Date.now() > until + PATIENCE_MS || (host.deeds.killsInStartup > 0 && (await reportOf()).livesCutOff > 0);
  await host.torment(async () => isStruck && (await hasKilledInAllWays()));
  await striking;
  over.abort();
  const stoppedAt = Date.now();
  /** Also those that nobody waits for. */
  const allEnded = async () => {
    while (((await driver.ask('/pending', {})).body as unknown[]).length > 0) await wait(50);
    return Date.now() - stoppedAt;
  };
  const settledMs = await Promise.race([working.then(allEnded), wait(boundMs, null, { ref: false })]);
  driver.giveUp();
  await Promise.allSettled([working, reading]);
  // A last time: what was told must be in the store.
  await host.kill();
  const report = await reportOf();
  const runs = await readRuns(plainAddressOf(store.address));
  ledger.process.stdin!.end();
  await ledger.ended;
  return { users, driver, host, adversity, ledger: report, runs, settledMs };
}
