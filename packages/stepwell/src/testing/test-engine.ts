import { Stepwell } from '../client/stepwell.ts';
import { realSystem } from '../client/system.ts';
import type { RunInfo, StartArguments, StartedRun, StartOptions, WorkerOptions } from '../client/types.ts';
import type { Codec } from '../model/codec.ts';
import type { Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import type { Limits } from '../model/limits.ts';
import { isFinal, type WaitReason } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { StepIO } from '../workflow/context.ts';
import type { AnyDefinition, Definition } from '../workflow/definition.ts';
import type { ExecutionParts } from '../workflow/execution.ts';
import { TestClock } from './clock.ts';

export interface TestOptions {
  workflows: readonly AnyDefinition[];
  /**
   * What is run in place of the bodies of steps, conditions and submits of callbacks: by workflow name, then by
   * operation id (`charge`) or, for all of that name in any group, by its last part without `#n`.
   */
  steps?: Readonly<Record<string, Readonly<Record<string, (io: StepIO) => unknown>>>>;
  /** Where the clock stands at first; default 2030-01-01T00:00:00Z. */
  start?: Date | number;
  codec?: Codec;
  limits?: Partial<Limits>;
  worker?: WorkerOptions;
  /** Default: a new one in memory. Give the store of another test engine to go on where that one was stopped. */
  store?: Store;
  /** Default: a new one. */
  clock?: TestClock;
}

/** Real milliseconds that `result` gives the bodies of steps before it moves the clock although some still run. */
const PATIENCE = 1_000;
const DEFAULT_START = Date.UTC(2030, 0, 1);

/** An engine in memory whose clock is moved by hand: a sleep of a year takes no time. */
export class TestEngine implements AsyncDisposable {
  readonly well: Stepwell;
  readonly clock: TestClock;
  readonly store: Store;
  readonly #replaced: Replacements;

  private constructor(well: Stepwell, clock: TestClock, store: Store, replaced: Replacements) {
    this.well = well;
    this.clock = clock;
    this.store = store;
    this.#replaced = replaced;
  }

  /** @throws whatever `Stepwell.open` throws */
  static async open(options: TestOptions): Promise<TestEngine> {
    const clock = options.clock ?? new TestClock(options.start ?? DEFAULT_START);
    const store = options.store ?? openMemoryStore();
    const replaced = new Replacements(options.steps ?? {});
    const { workflows, codec, limits, worker } = options;
    const well = await Stepwell.openWith(
      {
        store,
        workflows,
        system: clock.system,
        ...(codec === undefined ? {} : { codec }),
        ...(limits === undefined ? {} : { limits }),
        ...(worker === undefined ? {} : { worker }),
      },
      replaced.bodyOf,
    );
    return new TestEngine(well, clock, store, replaced);
  }

  start<I, O>(workflow: Definition<I, O>, ...rest: StartArguments<I>): Promise<StartedRun<O>> {
    return this.well.start(workflow, ...rest);
  }

  /** Starts a run and gives its output, skipping all time in which it only waits. @throws the run's error */
  async run<I, O>(workflow: Definition<I, O>, input: I, options?: StartOptions): Promise<O> {
    const run = await this.well.start<unknown, O>(workflow as Definition<unknown, O>, input, options);
    return this.result(run);
  }

  /**
   * The output of a run, skipping all time in which nothing but timers can help. Follows `continueAs`.
   * @throws the run's error; StepwellError `WORKFLOW_NEVER_SETTLES` if it waits for something that only the test can give
   */
  async result<O>(run: StartedRun<O>): Promise<O> {
    let info = await this.skipUntil(run.id, ({ status }) => isFinal(status));
    while (info.continuedBy !== undefined)
      info = await this.skipUntil(info.continuedBy, ({ status }) => isFinal(status));
    if (!isFinal(info.status)) throw stranded(info);
    return run.result();
  }

  /** Moves the clock from timer to timer until the run only waits for what no timer gives, or has ended. */
  async skipUntil(id: string, isThere: (info: RunInfo) => boolean): Promise<RunInfo> {
    for (;;) {
      await this.#bodiesEnd();
      const info = await this.well.get(id);
      if (isThere(info) || isFinal(info.status) || !(await this.#skip(id))) return info;
    }
  }

  /** Moves the clock on to when something of the engine's runs is due; false if nothing is. */
  async #skip(id: string): Promise<boolean> {
    const before = await this.well.get(id);
    if (this.well.load().active > 0) {
      await this.clock.advanceToNext();
      return true;
    }
    const { runs } = await this.well.list({ status: ['queued', 'waiting'], limit: 1_000 });
    const now = this.clock.now();
    // What is ready by now and has not been taken waits for something else than time: a slot of its concurrency key, say.
    const times = runs
      .flatMap(({ readyAt, waitingFor }) => [readyAt, waitingFor.find(({ kind }) => kind === 'rate')?.until])
      .filter((at) => at !== undefined)
      .filter((at) => at > now);
    if (times.length === 0 || before.status === 'stuck') return false;
    await this.clock.advance(Math.min(...times) - now);
    return true;
  }

  /** Waits, in real time and with a bound, for bodies of steps that do something real. */
  async #bodiesEnd(): Promise<void> {
    const end = realSystem.now() + PATIENCE;
    await this.clock.settle();
    while (this.well.load().active > 0 && realSystem.now() < end) {
      await new Promise<void>((resolve) => void realSystem.timer(1, resolve));
      await this.clock.settle();
    }
  }

  /** Moves the clock on (see {@link TestClock.advance}). */
  advance(duration: Duration): Promise<void> {
    return this.clock.advance(duration);
  }

  /** What a run waits for now. */
  async waitingFor(id: string): Promise<readonly WaitReason[]> {
    await this.#bodiesEnd();
    return (await this.well.get(id)).waitingFor;
  }

  /** Stops. @throws StepwellError `TEST_STEP_UNUSED` if a replaced step was never run */
  async close(): Promise<void> {
    await this.well.close({ grace: 0 });
    this.#replaced.demandUsed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.well.close({ grace: 0 });
  }
}

/** Opens an engine in memory for a test. */
export function testEngine(options: TestOptions): Promise<TestEngine> {
  return TestEngine.open(options);
}

class Replacements {
  readonly #steps: NonNullable<TestOptions['steps']>;
  readonly #unused = new Set<string>();

  constructor(steps: NonNullable<TestOptions['steps']>) {
    this.#steps = steps;
    for (const [workflow, bodies] of Object.entries(steps)) {
      for (const op of Object.keys(bodies)) this.#unused.add(`${workflow} ${op}`);
    }
  }

  readonly bodyOf: ExecutionParts['bodyOf'] = (run, op, body) => {
    const bodies = this.#steps[run.workflow] ?? {};
    const name = op.slice(op.lastIndexOf('/') + 1).replace(/#\d+$/, '');
    const found = [op, name].find((key) => Object.hasOwn(bodies, key));
    if (found === undefined) return body;
    return (io) => {
      this.#unused.delete(`${run.workflow} ${found}`);
      return bodies[found]!(io);
    };
  };

  demandUsed(): void {
    const [unused] = this.#unused;
    if (unused === undefined) return;
    throw new StepwellError(
      'TEST_STEP_UNUSED',
      `The test replaced a step that was never run: ${unused}. Is its name right?`,
    );
  }
}

function stranded(info: RunInfo): StepwellError {
  const reasons = info.waitingFor
    .map(({ kind, op, detail }) => [kind, op, detail].filter(Boolean).join(' '))
    .join('; ');
  return new StepwellError(
    'WORKFLOW_NEVER_SETTLES',
    `The run "${info.id}" is ${info.status} and no timer will move it. It waits for: ${reasons || 'nothing'}. Raise the event or complete the callback in the test.`,
  );
}
