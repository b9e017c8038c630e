import { Stepwell, type AnyDefinition, type WorkerOptions } from '../../packages/stepwell/src/index.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { Chance } from './chance.ts';
import { bodiesOf } from './bodies.ts';
import type { Deeds } from './deeds.ts';
import { EXAMPLES } from './examples.ts';
import { LEASE, type Faults } from './faults.ts';
import { workflowsOf, type Hands } from './interpret.ts';
import { NEWEST, type Kit } from './kit.ts';
import type { Ledger } from './ledger.ts';
import { RemoteStore } from './remote-store.ts';
import type { Scheduler } from './scheduler.ts';
import { SimProcess } from './sim-process.ts';
import type { Trace } from './trace.ts';
import type { WatchedStore } from './watched-store.ts';

export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly deeds: Deeds;
  readonly concurrency: readonly number[];
  readonly roundsEvery: number;
  readonly store: WatchedStore;
  readonly examples: ReadonlyMap<string, string>;
  /** What a worker process that is started now is deployed with. */
  readonly kitFor: (chance: Chance) => Kit;
  /** The shared store, as it is to be seen by one process. */
  storeFor(process: SimProcess): Store;
  /** A workflow as it is to be seen by the engines. */
  readonly spoil: (workflow: AnyDefinition) => AnyDefinition;
  readonly submit: Hands['submit'];
}

const EXAMPLE_WORKFLOWS = [...new Set(Object.values(EXAMPLES).map(({ workflow }) => workflow))];

/** A place where a process runs with an engine in it; when it dies, another one is started. */
export class Machine {
  readonly #name: string;
  readonly #role: 'worker' | 'client';
  readonly #world: Surroundings;
  readonly #chance: Chance;
  readonly #whenOpen: ((well: Stepwell) => void)[] = [];
  #generation = 0;
  #kit = NEWEST;
  #process: SimProcess;
  #well: Stepwell | null = null;

  constructor(name: string, role: 'worker' | 'client', world: Surroundings) {
    this.#name = name;
    this.#role = role;
    this.#world = world;
    this.#chance = world.chance.stream(`machine ${name}`);
    this.#process = this.#start();
  }

  get process(): SimProcess {
    return this.#process;
  }

  /** The engine, as soon as there is one. */
  well(): Promise<Stepwell> {
    if (this.#well !== null) return Promise.resolve(this.#well);
    return new Promise((resolve) => this.#whenOpen.push(resolve));
  }

  #start(): SimProcess {
    const { scheduler, trace, kitFor } = this.#world;
    if (this.#role === 'worker') this.#kit = kitFor(this.#chance);
    const process = new SimProcess(`${this.#name}.${++this.#generation}`, this.#role, this.#world);
    process.skew = this.#chance.between(-200, 200);
    process.died.catch(() => {
      this.#well = null;
      scheduler.after(this.#chance.between(10, LEASE), () => (this.#process = this.#start()));
    });
    const hands = this.#handsOf(process);
    Stepwell.openWith(
      {
        store: new RemoteStore(process, this.#world.storeFor(process), this.#world),
        system: process,
        workflows: [...workflowsOf(hands), ...EXAMPLE_WORKFLOWS].map(this.#world.spoil),
        worker: this.#role === 'client' ? false : this.#workerOptions(process.name),
        onError: (error) => trace.write(process.name, `reports ${String(error)}`),
      },
      bodiesOf(process, hands, this.#world),
    ).then(
      (well) => this.#opened(process, well),
      (error: unknown) => process.crash(`cannot open: ${String(error)}`),
    );
    return process;
  }

  #workerOptions(name: string): WorkerOptions {
    const concurrency = this.#chance.oneOf(this.#world.concurrency);
    const lease = Math.max(LEASE, 3 * this.#world.roundsEvery);
    const { queues } = this.#kit;
    const parked = this.#chance.oneOf([0, 1, 10]);
    return { name, concurrency, parked, lease, ...(queues === null ? {} : { queues }) };
  }

  #opened(process: SimProcess, well: Stepwell): void {
    if (!process.alive) return;
    this.#world.trace.write(process.name, 'is open');
    this.#well = well;
    for (const resolve of this.#whenOpen.splice(0)) resolve(well);
  }

  #handsOf(process: SimProcess): Hands {
    const { ledger, submit, deeds } = this.#world;
    const { isNewCode, versions } = this.#kit;
    return {
      isNewCode,
      versions,
      did: (deed) => deeds.did(deed),
      begun: ({ idempotencyKey }) => ledger.begunOf(idempotencyKey),
      sleep: (ms) => process.sleep(ms),
      effect(key) {
        if (process.alive) ledger.effect(key);
      },
      hasEffect: (key) => ledger.hasEffect(key),
      submit(callback, action) {
        if (process.alive) submit(callback, action);
      },
    };
  }

  /** Once in a while: what happens to a process as a whole. */
  disturb(): void {
    const process = this.#process;
    const { faults } = this.#world;
    if (!process.alive || process.paused || this.#well === null) return;
    if (faults.fires('clock jump')) this.#jump();
    if (faults.fires('graceful stop')) this.stop();
  }

  #jump(): void {
    this.#process.skew = this.#chance.happens(0.5)
      ? this.#chance.between(-1_000, 1_000)
      : this.#chance.between(-20_000, 20_000);
    this.#world.trace.write(this.#process.name, `clock is wrong by ${this.#process.skew} ms`);
  }

  /** Asks the process to come to an end by itself; another one is started then. */
  stop(): void {
    const process = this.#process;
    const well = this.#well;
    if (well === null) return;
    this.#world.trace.write(process.name, 'is asked to stop');
    this.#well = null;
    void well.close({ grace: this.#chance.between(0, 1_000) }).then(() => process.crash('stopped'));
  }

  /** Makes room for a process that has all of the newest, unless it is one. */
  deploy(): void {
    if (this.#kit === NEWEST) return;
    if (this.#well !== null && this.#chance.happens(0.5)) this.stop();
    else this.#process.crash('makes room for new code');
  }

  /** Clocks are set right, and nothing stands still. */
  settleDown(): void {
    this.#process.skew = this.#chance.between(-200, 200);
    this.#process.goOn();
  }
}
