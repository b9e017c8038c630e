import {
  isStepwellError,
  workflow,
  type AnyDefinition,
  type Ctx,
  type Definition,
  type StepIO,
} from '../../packages/stepwell/src/index.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import type { Action, Program, StepAction } from './program.ts';

/** What the bodies of steps can do: all of it happens in the process that runs them. */
export interface Hands {
  /** Begins a body; the answer is how many of its idempotency key have begun. May be the last thing a process does. */
  begin(io: StepIO): number;
  /** Ends a body; as `begin`. */
  end(io: StepIO): void;
  sleep(ms: number): Promise<void>;
  effect(key: string): void;
  hasEffect(key: string): boolean;
  /** Gives a callback's id to whoever is to complete it. */
  submit(callback: string, action: Extract<Action, { do: 'callback' }>): void;
}

/** Longer than any body takes (ms). */
const HANGS_FOR = 600;

interface ProgramInput {
  readonly program: Program;
}

/** Errors of programs: `name: message` tells them apart. */
class SimulatedError extends Error {
  override readonly name = 'SimulatedError';
}

/** The workflows of the simulated world, with the hands of one process. */
export function workflowsOf(hands: Hands): AnyDefinition[] {
  const options = { errors: [SimulatedError] };
  const run = (ctx: Ctx, { program }: ProgramInput): Promise<Json[]> =>
    new Performance(hands, plain).perform(ctx, program);
  const plain: Definition<ProgramInput, Json[]> = workflow('plain', options, run);
  const definitions: Definition<ProgramInput, Json[]>[] = [
    plain,
    workflow('retrying', { ...options, retry: { attempts: 4, delay: '50ms' } }, run),
    workflow('limited', { ...options, timeout: '3s' }, run),
    workflow('one by one', { ...options, concurrency: { key: () => 'all' } }, run),
  ];
  return definitions;
}

export function describeError(error: unknown): string {
  if (isStepwellError(error)) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

class Performance {
  readonly #hands: Hands;
  readonly #child: Definition<ProgramInput, Json[]>;

  constructor(hands: Hands, child: Definition<ProgramInput, Json[]>) {
    this.#hands = hands;
    this.#child = child;
  }

  async perform(ctx: Ctx, program: Program): Promise<Json[]> {
    const results: Json[] = [];
    for (const action of program) results.push(await this.#do(ctx, action));
    return results;
  }

  async #do(ctx: Ctx, action: Action): Promise<Json> {
    switch (action.do) {
      case 'step':
        return this.#step(ctx, action);
      case 'once':
        return this.#once(ctx, action);
      case 'sleep':
        await ctx.sleep(action.ms);
        return 'slept';
      case 'event':
        return ctx.waitForEvent<string>(action.name, action.missing === true ? { timeout: '300ms' } : {});
      case 'callback':
        return this.#callback(ctx, action);
      case 'condition':
        return ctx.waitForCondition(
          action.name,
          (io) => this.#hands.begin(io) >= action.checks && `${action.name} holds`,
          { every: 40, factor: 2, maxDelay: '1s' },
        );
      case 'child':
        return ctx.run(this.#child, { program: action.program });
      case 'detached':
        await ctx.start(this.#child, { program: action.program });
        return 'started';
      case 'group':
        return ctx.group(action.name, (inner) => this.perform(inner, action.program));
      case 'parallel':
        return ctx.parallel(
          action.name,
          action.branches.map((branch) => (inner: Ctx) => this.perform(inner, branch)),
        );
      case 'map':
        return this.#map(ctx, action);
      case 'race':
        return Promise.race(action.branches.map((branch) => this.perform(ctx, branch)));
      case 'all':
        return Promise.all(action.branches.map((branch) => this.perform(ctx, branch)));
      case 'tell':
        ctx.progress({ percent: 50 });
        ctx.setStatus('half way');
        ctx.log.info('half way');
        return 'told';
      case 'recall':
        return this.#recall(ctx, action.name);
      case 'throw':
        throw new SimulatedError(action.message);
      case 'try':
        return this.#try(ctx, action.program);
      case 'continue':
        return ctx.continueAs({ program: action.program });
    }
  }

  #step(ctx: Ctx, action: StepAction): Promise<Json> {
    const { name, takes, failures, attempts, jitter, hangs, undo, heartbeat } = action;
    const body = async (io: StepIO) => {
      const begun = this.#hands.begin(io);
      if (hangs === true && begun === 1) await new Promise(() => {});
      if (heartbeat === true) io.heartbeat({ begun });
      await this.#hands.sleep(takes);
      this.#hands.end(io);
      if (failures === 'always' || begun <= failures) throw new SimulatedError(`${name} failed`);
      return `${name} done`;
    };
    return ctx.step(
      name,
      {
        ...(attempts === undefined
          ? {}
          : { retry: { attempts, delay: 30, maxDelay: 200, jitter: jitter === true ? 'full' : 'none' } }),
        ...(hangs === true ? { timeout: HANGS_FOR } : {}),
        ...(undo === true ? { undo: (_: string, io: StepIO) => void this.#hands.begin(io) } : {}),
      },
      body,
    );
  }

  async #once(ctx: Ctx, { name, takes, reconcile }: Extract<Action, { do: 'once' }>): Promise<Json> {
    const done = `${name} done`;
    const body = async (io: StepIO) => {
      this.#hands.begin(io);
      await this.#hands.sleep(takes);
      this.#hands.effect(io.idempotencyKey);
      this.#hands.end(io);
      return done;
    };
    const find = (io: StepIO) =>
      this.#hands.hasEffect(io.idempotencyKey)
        ? { done: true as const, value: done }
        : { done: false as const };
    try {
      return await ctx.step(name, { atMostOnce: true, ...(reconcile ? { reconcile: find } : {}) }, body);
    } catch (error) {
      if (isStepwellError(error, 'STEP_UNCERTAIN')) return 'uncertain';
      throw error;
    }
  }

  async #callback(ctx: Ctx, action: Extract<Action, { do: 'callback' }>): Promise<Json> {
    const { name, timeout, heartbeat } = action;
    const submit = (id: string, io: StepIO) => {
      this.#hands.begin(io);
      this.#hands.submit(id, action);
    };
    return ctx.waitForCallback<string>(name, submit, {
      retry: 3,
      ...(timeout === undefined ? {} : { timeout }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    });
  }

  async #map(ctx: Ctx, action: Extract<Action, { do: 'map' }>): Promise<Json> {
    const { name, items, failing, tolerate, concurrency, program } = action;
    const { outcomes } = await ctx.map(
      name,
      Array.from({ length: items }, (_, index) => index),
      async (inner, index) => {
        const results = await this.perform(inner, program);
        if (failing.includes(index)) throw new SimulatedError(`item ${index} failed`);
        return results;
      },
      { concurrency, tolerate: { count: tolerate } },
    );
    return outcomes.map((outcome) => (outcome.status === 'succeeded' ? outcome.value : outcome.status));
  }

  async #recall(ctx: Ctx, name: string): Promise<Json> {
    const seen = { drawn: `${ctx.uuid()} ${ctx.random()} ${ctx.patched(name)}`, now: ctx.now() };
    const kept = await ctx.step(name, (io) => {
      this.#hands.begin(io);
      return seen;
    });
    if (kept.drawn !== seen.drawn || kept.now > seen.now) return 'different';
    return kept.now === seen.now ? 'same' : 'later';
  }

  /** A run that is being cancelled comes to its end, whatever it would catch otherwise. */
  async #try(ctx: Ctx, program: Program): Promise<Json> {
    try {
      return await this.perform(ctx, program);
    } catch (error) {
      if (ctx.signal.aborted) throw error;
      return `caught ${describeError(error)}`;
    }
  }
}
