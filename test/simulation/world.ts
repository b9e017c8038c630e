import type { RunRecord } from '../../packages/stepwell/src/model/run.ts';
import { isFinal } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import type { Checks } from '../model-check/checked-store.ts';
import type { Exercised } from '../model-check/exercised.ts';
import { Chance } from './chance.ts';
import { Deeds, type Deed } from './deeds.ts';
import { dependable } from './dependable.ts';
import { Faults, MOST_DELAY, MOST_SLOWNESS, type Fault, type Moment } from './faults.ts';
import { Judge } from './judge.ts';
import { kitBefore, NEWEST } from './kit.ts';
import { Ledger } from './ledger.ts';
import { Machine, type Surroundings } from './machine.ts';
import { Outside } from './outside.ts';
import type { Plant } from './plants/plant.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import { StoreRules } from './store-rules.ts';
import type { OpenStore } from './stores.ts';
import { Trace } from './trace.ts';
import { Violation, Violations } from './violation.ts';
import { WatchedStore } from './watched-store.ts';

const BEGINNING = Date.UTC(2030, 0, 1);
/** How often something may happen to a process as a whole (ms). */
const ROUND = 500;

export interface Report {
  readonly violations: readonly Violation[];
  readonly trace: Trace;
  readonly faults: ReadonlyMap<Fault, number>;
  /** What was lived through that is no fault. */
  readonly deeds: ReadonlyMap<Deed, number>;
  /** Rules of the model by which the store was moved. */
  readonly rules: Exercised;
  /** All at which something can be planned to go wrong, in their order. */
  readonly moments: readonly Moment[];
  /** Commits that workers tried to make. */
  readonly commits: number;
  readonly refused: number;
  readonly bodies: number;
  readonly zombies: number;
  /** Virtual time from the end of the faults until all had ended (ms). */
  readonly aftermath: number;
}

/** Engines, store, workers and clients in one process, under one scheduler. */
class World {
  readonly #scenario: Scenario;
  readonly #violations = new Violations();
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #faults: Faults;
  readonly #deeds = new Deeds();
  readonly #rules: StoreRules;
  readonly #store: WatchedStore;
  readonly #ledger: Ledger;
  readonly #outside: Outside;
  readonly #workers: readonly Machine[];
  readonly #clients: readonly Machine[];

  constructor(scenario: Scenario, store: Store, plant: Plant | null, checks: Checks) {
    this.#scenario = scenario;
    const chance = new Chance(scenario.seed);
    this.#scheduler = new Scheduler(chance.stream('order'), BEGINNING);
    this.#trace = new Trace(() => this.#scheduler.now - BEGINNING);
    this.#faults = new Faults(scenario.faults, scenario.planned ?? [], chance.stream('faults'));
    const centre = dependable(store, this.#violations);
    this.#rules = new StoreRules(plant?.shared?.(centre) ?? centre, this.#violations, this.#deeds);
    this.#store = new WatchedStore(this.#rules, this.#violations, checks);
    this.#ledger = new Ledger(this.#store, this.#violations);
    const world: Surroundings = {
      scheduler: this.#scheduler,
      chance,
      trace: this.#trace,
      faults: this.#faults,
      ledger: this.#ledger,
      deeds: this.#deeds,
      kitFor: (chance) => (this.#isDeployed() ? NEWEST : kitBefore(scenario.deploy!, chance)),
      concurrency: scenario.concurrency,
      roundsEvery: scenario.roundsEvery ?? 0,
      store: this.#store,
      examples: new Map(
        scenario.runs.flatMap(({ id, example }) => (example === undefined ? [] : [[id, example]])),
      ),
      storeFor: (process) => {
        const store = this.#store.of(process.name);
        return plant?.remote?.(store, process) ?? store;
      },
      spoil: plant?.workflows ?? ((definition) => definition),
      submit: (callback, action) => void this.#outside.complete(callback, action).catch(() => {}),
    };
    this.#clients = machines(scenario.clients, 'client', world);
    this.#workers = machines(scenario.workers, 'worker', world);
    const engines = [...this.#clients, ...this.#workers];
    const isCalm = scenario.faultsEnd === 0;
    this.#outside = new Outside({
      ...world,
      scenario,
      violations: this.#violations,
      rules: this.#rules,
      engines,
      quietAt: BEGINNING + (isCalm ? 0 : scenario.faultsEnd + MOST_SLOWNESS),
      callsArriveWithin:
        scenario.faults['slow call'] === undefined ? 2 * MOST_DELAY : MOST_SLOWNESS + MOST_DELAY,
    });
  }

  #isDeployed(): boolean {
    const { deploy } = this.#scenario;
    return deploy === undefined || this.#scheduler.now >= BEGINNING + deploy.until;
  }

  async run(): Promise<Report> {
    try {
      await this.#live();
      await this.#store.compareAll();
      await new Judge({
        scenario: this.#scenario,
        store: this.#store,
        rules: this.#rules,
        ledger: this.#ledger,
        outside: this.#outside,
        deeds: this.#deeds,
        violations: this.#violations,
      }).judge();
    } catch (error) {
      if (!(error instanceof Violation)) this.#violations.found.push(new Violation(String(error)));
    }
    return {
      violations: this.#violations.found,
      trace: this.#trace,
      faults: this.#faults.tally,
      deeds: this.#deeds.tally,
      rules: this.#store.exercised,
      moments: this.#faults.moments,
      commits: this.#faults.moments.filter(({ at, what }) => at === 'call' && what === 'commit').length,
      refused: this.#store.refused,
      bodies: this.#ledger.begun,
      zombies: this.#ledger.zombies,
      aftermath: this.#scheduler.now - BEGINNING - this.#scenario.faultsEnd,
    };
  }

  async #live(): Promise<void> {
    const { runs, faultsEnd, patience, stopAt, deploy } = this.#scenario;
    const outside: { done: boolean; failed: unknown } = { done: false, failed: null };
    Promise.all(runs.map((run) => this.#outside.live(run))).then(
      () => (outside.done = true),
      (error: unknown) => (outside.failed = error),
    );
    this.#scheduler.after(faultsEnd, () => this.#settleDown());
    // Where nothing is to go wrong, a day of such rounds takes longer than all else.
    if (faultsEnd > 0) this.#scheduler.after(ROUND, () => this.#disturb());
    if (stopAt !== undefined)
      this.#scheduler.after(stopAt, () => this.#workers.forEach((worker) => worker.stop()));
    if (deploy !== undefined) this.#scheduler.after(deploy.until, () => this.#deploy());
    const deadline = this.#scheduler.now + faultsEnd + patience;
    while (!outside.done || this.#faults.striking || !(await this.#allEnded())) {
      if (outside.failed !== null) throw outside.failed as Error;
      if (this.#scheduler.now > deadline || !(await this.#scheduler.step())) await this.#reportHanging();
      if (this.#violations.found.length > 0) throw this.#violations.found[0]!;
    }
  }

  #disturb(): void {
    for (const machine of this.#workers) machine.disturb();
    this.#scheduler.after(ROUND, () => this.#disturb());
  }

  #deploy(): void {
    this.#trace.write('world', 'deploys the newest');
    for (const machine of this.#workers) machine.deploy();
  }

  #settleDown(): void {
    this.#trace.write('world', 'settles down');
    this.#faults.stop();
    for (const machine of [...this.#workers, ...this.#clients]) machine.settleDown();
  }

  async #allEnded(): Promise<boolean> {
    const counts = await this.#store.count({ namespace: 'default' });
    return (['queued', 'running', 'waiting', 'paused', 'stuck'] as const).every(
      (status) => (counts[status] ?? 0) === 0,
    );
  }

  #runs(): Promise<RunRecord[]> {
    return this.#store.query({ namespace: 'default', limit: Number.MAX_SAFE_INTEGER });
  }

  async #reportHanging(): Promise<never> {
    const hanging = (await this.#runs())
      .filter(({ status }) => !isFinal(status))
      .map(({ id, status, owner, readyAt, waitingFor, delivered }) => {
        const ready = readyAt === null ? 'never' : `at ${readyAt - BEGINNING}`;
        const reasons = waitingFor.map(({ kind, op, detail }) =>
          [kind, op, detail].filter(Boolean).join(' '),
        );
        return `  run "${id}" is ${status}, owned by ${owner}, ready ${ready}, waits for [${reasons.join('; ')}], was given ${delivered} facts`;
      });
    const open = [...this.#outside.asking.open].map((what) => `  not answered: ${what}`);
    return this.#violations.report(`not all has ended:\n${[...hanging, ...open].join('\n')}`);
  }
}

function machines(count: number, role: 'worker' | 'client', world: Surroundings): Machine[] {
  return Array.from({ length: count }, (_, n) => new Machine(`${role}-${n + 1}`, role, world));
}

/** What a world is made of, beside its scenario. */
interface Ground {
  readonly plant?: Plant | null;
  /** The store at the centre. */
  readonly open?: OpenStore;
  /** What the model of the store is asked: without a word nothing of a spoiled store, which the world itself must find out. */
  readonly checks?: Checks;
}

export async function simulate(
  scenario: Scenario,
  {
    plant = null,
    open = openMemoryStore,
    checks = plant === null ? 'store and engine' : 'nothing',
  }: Ground = {},
): Promise<Report> {
  const store = await open();
  try {
    return await new World(scenario, store, plant, checks).run();
  } finally {
    await store.close();
  }
}
