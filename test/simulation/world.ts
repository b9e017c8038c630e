import type { RunRecord } from '../../packages/stepwell/src/model/run.ts';
import { isFinal } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { Chance } from './chance.ts';
import { Faults, MOST_SLOWNESS, type Fault } from './faults.ts';
import { JournalWatch } from './journal-watch.ts';
import { Ledger } from './ledger.ts';
import { Machine, type Surroundings } from './machine.ts';
import { Outside, type Told } from './outside.ts';
import type { Plant } from './planted.ts';
import { matches } from './reference.ts';
import { foretellRun, type PlannedRun, type Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
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
  /** Whether the scenario's one planned crash has happened. */
  readonly crashed: boolean;
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
  readonly #store: WatchedStore;
  readonly #ledger: Ledger;
  readonly #outside: Outside;
  readonly #workers: readonly Machine[];
  readonly #clients: readonly Machine[];

  constructor(scenario: Scenario, store: Store, plant: Plant | null) {
    this.#scenario = scenario;
    const chance = new Chance(scenario.seed);
    this.#scheduler = new Scheduler(chance.stream('order'), BEGINNING);
    this.#trace = new Trace(() => this.#scheduler.now - BEGINNING);
    this.#faults = new Faults(scenario.faults, scenario.crashPoint, chance.stream('faults'));
    this.#store = new WatchedStore(plant?.shared?.(store) ?? store, this.#violations);
    this.#ledger = new Ledger(this.#store, this.#violations);
    const world: Surroundings = {
      scheduler: this.#scheduler,
      chance,
      trace: this.#trace,
      faults: this.#faults,
      ledger: this.#ledger,
      concurrency: scenario.concurrency,
      storeFor: (process) => plant?.remote?.(this.#store, process) ?? this.#store,
      submit: (callback, action) => void this.#outside.complete(callback, action).catch(() => {}),
    };
    this.#clients = machines(scenario.clients, 'client', world);
    this.#workers = machines(scenario.workers, 'worker', world);
    const engines = [...this.#clients, ...this.#workers];
    const quietAt = BEGINNING + scenario.faultsEnd + (scenario.faultsEnd > 0 ? MOST_SLOWNESS : 0);
    this.#outside = new Outside({ ...world, violations: this.#violations, engines, quietAt });
  }

  async run(): Promise<Report> {
    try {
      await this.#live();
      await this.#judge();
    } catch (error) {
      if (!(error instanceof Violation)) this.#violations.found.push(new Violation(String(error)));
    }
    return {
      violations: this.#violations.found,
      trace: this.#trace,
      faults: this.#faults.tally,
      crashed: this.#faults.crashed,
      commits: this.#faults.commits,
      refused: this.#store.refused,
      bodies: this.#ledger.begun,
      zombies: this.#ledger.zombies,
      aftermath: this.#scheduler.now - BEGINNING - this.#scenario.faultsEnd,
    };
  }

  async #live(): Promise<void> {
    const { runs, faultsEnd, patience } = this.#scenario;
    const outside: { done: boolean; failed: unknown } = { done: false, failed: null };
    Promise.all(runs.map((run) => this.#outside.live(run))).then(
      () => (outside.done = true),
      (error: unknown) => (outside.failed = error),
    );
    this.#scheduler.after(faultsEnd, () => this.#settleDown());
    this.#scheduler.after(ROUND, () => this.#disturb());
    const deadline = this.#scheduler.now + faultsEnd + patience;
    while (!outside.done || !(await this.#allEnded())) {
      if (outside.failed !== null) throw outside.failed as Error;
      if (this.#scheduler.now > deadline || !(await this.#scheduler.step())) await this.#reportHanging();
      if (this.#violations.found.length > 0) throw this.#violations.found[0]!;
    }
  }

  #disturb(): void {
    for (const machine of this.#workers) machine.disturb();
    this.#scheduler.after(ROUND, () => this.#disturb());
  }

  #settleDown(): void {
    this.#trace.write('world', 'settles down');
    this.#faults.stop();
    for (const machine of [...this.#workers, ...this.#clients]) machine.settleDown();
  }

  async #allEnded(): Promise<boolean> {
    const counts = await this.#store.count('default');
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
    const open = [...this.#outside.open].map((what) => `  not answered: ${what}`);
    return this.#violations.report(`not all has ended:\n${[...hanging, ...open].join('\n')}`);
  }

  /** What can be said only when all has ended. */
  async #judge(): Promise<void> {
    for (const run of await this.#runs()) await this.#judgeRun(run);
    for (const plan of this.#scenario.runs) await this.#judgeOutcome(plan);
  }

  async #judgeRun(run: RunRecord): Promise<void> {
    if (run.owner !== null || run.readyAt !== null)
      this.#violations.report(
        `run "${run.id}" is ${run.status}, but owned by ${run.owner}, ready at ${run.readyAt}`,
      );
    const watch = new JournalWatch(run.id, this.#violations);
    for (const { position, at, events } of await this.#store.journal(run.key, 0, Number.MAX_SAFE_INTEGER))
      watch.take(position, at, events);
    const followed = this.#outside.followed.get(run.id);
    if (followed !== undefined && followed !== watch.length)
      this.#violations.report(`of the ${watch.length} events of run "${run.id}" only ${followed} were shown`);
    if (watch.ended?.type !== `run.${run.status}`)
      this.#violations.report(`run "${run.id}" is ${run.status}, its journal ends with ${watch.ended?.type}`);
  }

  async #judgeOutcome(plan: PlannedRun): Promise<void> {
    const { id } = plan;
    const told = this.#outside.told.get(id)!;
    const foretold = foretellRun(plan);
    const allowed =
      'value' in told
        ? foretold.value !== null && matches(told.value, foretold.value)
        : foretold.throws.includes(told.error);
    if (!allowed)
      this.#violations.report(
        `run "${id}" ended with ${JSON.stringify(told)}, where ${JSON.stringify(foretold)} was to be expected of ${JSON.stringify(plan)}`,
      );
    const recorded = await this.#recordedOutcome(id);
    // A retry that nobody waited for any more may have reopened the run once more.
    if (plan.retried !== true && JSON.stringify(recorded) !== JSON.stringify(told))
      this.#violations.report(
        `of run "${id}" the client was told ${JSON.stringify(told)}, recorded is ${JSON.stringify(recorded)}`,
      );
  }

  async #recordedOutcome(id: string): Promise<Told> {
    let run = await this.#store.get('default', id);
    while (run !== null && run.continuedBy !== null) run = await this.#store.get('default', run.continuedBy);
    if (run === null)
      return this.#violations.report(`the run "${id}", which was acknowledged, does not exist`);
    if (run.status === 'succeeded') return { value: run.output! };
    const { name, message, code } = run.error!;
    return { error: name === 'StepwellError' ? code! : `${name}: ${message}` };
  }
}

function machines(count: number, role: 'worker' | 'client', world: Surroundings): Machine[] {
  return Array.from({ length: count }, (_, n) => new Machine(`${role}-${n + 1}`, role, world));
}

/** @param open the store at the centre of the world */
export async function simulate(
  scenario: Scenario,
  { plant = null, open = openMemoryStore }: { plant?: Plant | null; open?: () => Store } = {},
): Promise<Report> {
  const store = open();
  try {
    return await new World(scenario, store, plant).run();
  } finally {
    await store.close();
  }
}
