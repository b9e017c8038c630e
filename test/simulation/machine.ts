import { Stepwell, type StepIO } from '../../packages/stepwell/src/index.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { Chance } from './chance.ts';
import { LEASE, type Faults } from './faults.ts';
import { workflowsOf, type Hands } from './interpret.ts';
import type { Ledger } from './ledger.ts';
import { RemoteStore } from './remote-store.ts';
import type { Scheduler } from './scheduler.ts';
import { SimProcess } from './sim-process.ts';
import type { Trace } from './trace.ts';

export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly concurrency: readonly number[];
  /** The shared store, as it is to be seen by one process. */
  storeFor(process: SimProcess): Store;
  readonly submit: Hands['submit'];
}

/** A place where a process runs with an engine in it; when it dies, another one is started. */
export class Machine {
  readonly #name: string;
  readonly #role: 'worker' | 'client';
  readonly #world: Surroundings;
  readonly #chance: Chance;
  readonly #whenOpen: ((well: Stepwell) => void)[] = [];
  #generation = 0;
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
    const { scheduler, trace } = this.#world;
    const process = new SimProcess(`${this.#name}.${++this.#generation}`, this.#role, this.#world);
    process.skew = this.#chance.between(-200, 200);
    process.died.catch(() => {
      this.#well = null;
      scheduler.after(this.#chance.between(10, LEASE), () => (this.#process = this.#start()));
    });
    Stepwell.open({
      store: new RemoteStore(process, this.#world.storeFor(process), this.#world),
      system: process,
      workflows: workflowsOf(this.#handsOf(process)),
      worker: this.#role === 'client' ? false : this.#workerOptions(process.name),
      onError: (error) => trace.write(process.name, `reports ${String(error)}`),
    }).then(
      (well) => this.#opened(process, well),
      (error: unknown) => process.crash(`cannot open: ${String(error)}`),
    );
    return process;
  }

  #workerOptions(name: string): { name: string; concurrency: number; parked: number; lease: number } {
    const concurrency = this.#chance.oneOf(this.#world.concurrency);
    return { name, concurrency, parked: this.#chance.oneOf([0, 1, 10]), lease: LEASE };
  }

  #opened(process: SimProcess, well: Stepwell): void {
    if (!process.alive) return;
    this.#world.trace.write(process.name, 'is open');
    this.#well = well;
    for (const resolve of this.#whenOpen.splice(0)) resolve(well);
  }

  #handsOf(process: SimProcess): Hands {
    const { ledger, faults, trace, submit } = this.#world;
    return {
      begin(io: StepIO): number {
        // What a dead process still does until it notices never happened.
        if (!process.alive) return 1;
        trace.write(process.name, `body ${io.idempotencyKey} attempt ${io.attempt}`);
        const begun = ledger.begin(process, io.idempotencyKey, io.attempt);
        if (faults.fires('crash in a body')) process.crash(`in the body of ${io.idempotencyKey}`);
        return begun;
      },
      end(io: StepIO): void {
        if (faults.fires('crash in a body')) process.crash(`at the end of the body of ${io.idempotencyKey}`);
      },
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
    if (faults.fires('graceful stop')) this.#stop(process, this.#well);
  }

  #jump(): void {
    this.#process.skew = this.#chance.happens(0.5)
      ? this.#chance.between(-1_000, 1_000)
      : this.#chance.between(-20_000, 20_000);
    this.#world.trace.write(this.#process.name, `clock is wrong by ${this.#process.skew} ms`);
  }

  #stop(process: SimProcess, well: Stepwell): void {
    this.#world.trace.write(process.name, 'is asked to stop');
    this.#well = null;
    void well.close({ grace: this.#chance.between(0, 1_000) }).then(() => process.crash('stopped'));
  }

  /** Clocks are set right, and nothing stands still. */
  settleDown(): void {
    this.#process.skew = this.#chance.between(-200, 200);
    this.#process.goOn();
  }
}
