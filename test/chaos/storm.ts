import { setTimeout as wait } from 'node:timers/promises';
import { Chance } from '../simulation/chance.ts';
import type { Booking } from './bookings.ts';
import { startProgram } from './child-process.ts';
import { Driver } from './driver.ts';
import { EngineHost, type Deeds } from './engine-host.ts';
import { readRuns, type Recorded } from './journals.ts';
import type { LedgerReport } from './ledger-report.ts';
import type { Adversity, End, Post, StoreUnderChaos } from './store.ts';
import { Users } from './users.ts';
import { ask } from './wire.ts';

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
  readonly posts: readonly Post[];
  /** Of all engines. */
  readonly deeds: Deeds;
  /** Engines that worked with a wrong clock. */
  readonly wrongClocks: number;
  readonly complaints: readonly string[];
  readonly adversity: Adversity;
  readonly ledger: LedgerReport;
  readonly bookings: readonly Booking[];
  readonly runs: ReadonlyMap<string, Recorded>;
  readonly span: { readonly from: number; readonly until: number };
  /** From the last fault to the last end; null: not all has ended. */
  readonly settledMs: number | null;
}

/** Users work while engines are killed and the store is struck; then all must end. */
export async function storm({ store, seed, seconds, boundMs, directory }: StormParts): Promise<Aftermath> {
  const from = Date.now();
  const chance = new Chance(seed);
  const heardOfCallback = (said: object) => {
    const { callback, run } = said as { callback: string; run: string };
    users.complete(callback, run);
  };
  const ledger = startProgram('./ledger.ts', [seed, directory], heardOfCallback, (line) =>
    console.error(line),
  );
  const ledgerPort = (await ledger.port)!;
  const refusals: string[] = [];
  const wasRefused = (message: string) => void refusals.push(message);
  let lives = 0;
  const hosts = store.posts.map(
    (post) =>
      new EngineHost({
        post,
        ledgerPort,
        chance: chance.stream(`kills of ${post.name}`),
        nextLife: () => ++lives,
        nextBody: (life) => ask(ledgerPort, '/next', life),
        told: () => users.told,
        mayRefuse: (code) => adversity.explains(code, Date.now() - store.aftermathMs),
        wasRefused,
        guard: (word, pid) => void ledger.process.stdin!.write(`${word} ${pid}\n`),
      }),
  );
  const fronts = hosts.filter(({ post }) => post.isFront);
  let calls = 0;
  const driver = new Driver({
    port: () => fronts[calls++ % fronts.length]!.port,
    mayRefuse: (code, since, read) =>
      (read === undefined || adversity.refusesReads) && adversity.explains(code, since),
    leavesOpen: (message) => adversity.leavesOpen(message),
    wasRefused,
  });
  const users = new Users(driver, chance.stream('users'), (run) => ask(ledgerPort, '/mend', run));
  const adversity = store.adversity(chance.stream('adversity'), {
    lives: () => lives,
    refusedCalls: () => driver.refused,
    refusals: () => refusals,
    readsWhileStruck: () => users.readsWhileStruck,
    acknowledged: () => users.acknowledged.map(({ id }) => id),
    told: () => users.told,
    lateCommitsRefused: () => sumOf(hosts, 'lateCommitsRefused'),
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
  const hasEndedInAllWays = () => {
    const ways = new Set<End>(hosts.flatMap((host) => [...host.ways]));
    return store.posts.every(({ ends }) => ends.every((end) => ways.has(end)));
  };
  /** Chance may be against one kind of death, but not for ever. */
  const hasKilledInAllWays = async () =>
    Date.now() > until + PATIENCE_MS ||
    (sumOf(hosts, 'killsInStartup') > 0 && (await reportOf()).livesCutOff > 0);
  const isEnough = async () => isStruck && hasEndedInAllWays() && (await hasKilledInAllWays());
  await Promise.all(hosts.map((host) => host.torment(isEnough)));
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
  await Promise.all(hosts.map((host) => host.kill()));
  const report = await reportOf();
  const runs = await readRuns(await store.finalAddress());
  const bookings = await store.bookings();
  await store.close();
  ledger.process.stdin!.end();
  await ledger.ended;
  return {
    users,
    driver,
    posts: store.posts,
    deeds: allDeeds(hosts),
    wrongClocks: hosts
      .filter(({ post }) => post.clockOffMs !== 0)
      .flatMap((host) => host.lives.filter((life) => report.lives.includes(life))).length,
    complaints: hosts.flatMap((host) => host.complaints),
    adversity,
    ledger: report,
    bookings,
    runs,
    span: { from, until: Date.now() },
    settledMs,
  };
}

const sumOf = (hosts: readonly EngineHost[], deed: keyof Deeds) =>
  hosts.reduce((sum, host) => sum + host.deeds[deed], 0);

function allDeeds(hosts: readonly EngineHost[]): Deeds {
  const deeds = { ...hosts[0]!.deeds };
  for (const deed of Object.keys(deeds) as (keyof Deeds)[]) deeds[deed] = sumOf(hosts, deed);
  return deeds;
}
