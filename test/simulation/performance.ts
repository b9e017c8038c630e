import {
  isStepwellError,
  type ChildOptions,
  type Ctx,
  type Definition,
  type ItemOutcome,
  type StepIO,
} from '../../packages/stepwell/src/index.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import { describeError, FatalError, SimulatedError } from './errors.ts';
import type { Hands, ProgramInput } from './interpret.ts';
import {
  GIFTS,
  type Action,
  type CallbackAction,
  type ChildTerms,
  type EventAction,
  type Program,
  type StepAction,
} from './program.ts';

/** Longer than any body takes (ms). */
const HANGS_FOR = 600;

/** One performance of a program: it asks of `ctx` what the program says. */
export class Performance {
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
    this.#hands.did(`action: ${action.do}`);
    switch (action.do) {
      case 'step':
        return this.#step(ctx, action);
      case 'once':
        return this.#once(ctx, action);
      case 'sleep':
        await (action.until === true ? ctx.sleepUntil('until', ctx.now() + action.ms) : ctx.sleep(action.ms));
        return 'slept';
      case 'event':
        return this.#event(ctx, action);
      case 'callback':
        return this.#callback(ctx, action);
      case 'condition':
        return ctx.waitForCondition(
          action.name,
          (io) => this.#hands.begun(io) >= Number(action.checks) && `${action.name} holds`,
          {
            every: 40,
            factor: 2,
            maxDelay: '1s',
            ...(action.timeout === undefined ? {} : { timeout: action.timeout }),
          },
        );
      case 'child': {
        const { program, version } = action;
        const child = version === undefined ? ctx.run(this.#child, { program }, termsOf(ctx, action)) : null;
        return child ?? ctx.run<Json>('versioned', { program }, termsOf(ctx, action));
      }
      case 'detached': {
        const { program, version } = action;
        await ctx.start(version === undefined ? 'plain' : 'versioned', { program }, termsOf(ctx, action));
        return 'started';
      }
      case 'group':
        return ctx.group(action.name, (inner) => this.perform(inner, action.program));
      case 'parallel':
        return this.#parallel(ctx, action);
      case 'quorum':
        return this.#quorum(ctx, action);
      case 'map':
        return this.#map(ctx, action);
      case 'race':
        return Promise.race(action.branches.map((branch) => this.perform(ctx, branch)));
      case 'all':
        return Promise.all(action.branches.map((branch) => this.perform(ctx, branch)));
      case 'tell':
        ctx.progress({ percent: 50, stage: 'half way' });
        ctx.setStatus('half way');
        ctx.tag('told', `of ${ctx.workflow}`);
        for (const level of ['debug', 'info', 'warn', 'error'] as const)
          ctx.log[level]('half way', { level });
        return 'told';
      case 'recall':
        return this.#recall(ctx, action.name);
      case 'patch':
        return this.#patch(ctx, action);
      case 'throw':
        throw new SimulatedError(action.message);
      case 'try':
        return this.#try(ctx, action.program);
      case 'continue':
        return ctx.continueAs({ program: action.program });
    }
  }

  async #step(ctx: Ctx, action: StepAction): Promise<Json> {
    const { name, takes, failures, attempts, jitter, hangs, undo, heartbeat, gives } = action;
    const body = async (io: StepIO): Promise<Json | undefined> => {
      const begun = this.#hands.begun(io);
      if (hangs === true && begun === 1) await new Promise(() => {});
      if (heartbeat === true) beat(io, begun);
      await this.#hands.sleep(takes);
      if (failures === 'fatal') throw new FatalError(`${name} failed`);
      if (failures === 'always' || begun <= failures) throw new SimulatedError(`${name} failed`);
      return gives === undefined ? `${name} done` : GIFTS[gives];
    };
    const failToUndo = () => {
      throw new SimulatedError(`${name} cannot be undone`);
    };
    const jittered = jitter === true ? ('full' as const) : ('none' as const);
    const retry = { delay: 30, maxDelay: 200, jitter: jittered, nonRetryable: [FatalError] };
    const given = await ctx.step(
      name,
      {
        ...(attempts === undefined ? {} : { retry: { ...retry, attempts } }),
        ...(hangs === true ? { timeout: HANGS_FOR } : {}),
        ...(undo === undefined ? {} : { undo: undo === 'fails' ? failToUndo : () => {} }),
      },
      body,
    );
    return given === undefined ? 'nothing' : given;
  }

  async #once(ctx: Ctx, { name, takes, reconcile }: Extract<Action, { do: 'once' }>): Promise<Json> {
    const done = `${name} done`;
    const body = async (io: StepIO) => {
      await this.#hands.sleep(takes);
      this.#hands.effect(io.idempotencyKey);
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

  async #event(ctx: Ctx, { name, missing, times, timeout }: EventAction): Promise<Json> {
    const limit = missing === true ? 300 : timeout;
    const next = () => ctx.waitForEvent<string>(name, limit === undefined ? {} : { timeout: limit });
    if (times === undefined) return next();
    const taken: string[] = [];
    while (taken.length < times) taken.push(await next());
    return taken.toSorted();
  }

  async #callback(ctx: Ctx, action: CallbackAction): Promise<Json> {
    const { name, timeout, heartbeat, beats, meanwhile } = action;
    const terms = {
      ...(timeout === undefined ? {} : { timeout }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    };
    const submit = (id: string) => this.#hands.submit(id, action);
    if (meanwhile === undefined) {
      const answer = await ctx.waitForCallback<Json>(name, submit, { retry: 3, ...terms });
      if (beats !== undefined) this.#hands.did('a callback was kept alive');
      return answer;
    }
    const { id, result } = ctx.createCallback<Json>(name, terms);
    await ctx.step(`${name} told`, () => submit(id));
    await this.perform(ctx, meanwhile);
    return result;
  }

  async #parallel(ctx: Ctx, action: Extract<Action, { do: 'parallel' }>): Promise<Json> {
    const { name, named, timeout } = action;
    const branches = action.branches.map((branch) => (inner: Ctx) => this.perform(inner, branch));
    if (named === true) {
      const byName = Object.fromEntries(branches.map((branch, index) => [`way ${index}`, branch]));
      return Object.values(await ctx.parallel(name, byName));
    }
    if (timeout === undefined) return ctx.parallel(name, branches);
    return valuesOf(await ctx.parallel(name, branches, { timeout, tolerate: { count: 0 } }));
  }

  async #quorum(ctx: Ctx, { name, need, branches }: Extract<Action, { do: 'quorum' }>): Promise<Json> {
    const values = valuesOf(
      await ctx.parallel(
        name,
        branches.map((branch) => (inner: Ctx) => this.perform(inner, branch)),
        { minSuccess: need },
      ),
    );
    if (values.includes('cancelled')) this.#hands.did('an item was given up for another');
    return values;
  }

  async #map(ctx: Ctx, action: Extract<Action, { do: 'map' }>): Promise<Json> {
    const { name, failing, concurrency, program, itemTimeout, batch } = action;
    const items = Array.from({ length: action.items }, (_, index) => index);
    if (batch !== undefined) {
      const ofBatch = async (inner: Ctx, some: readonly number[]) => {
        const results = await this.perform(inner, program);
        return some.map(() => results);
      };
      return valuesOf((await ctx.map(name, items, ofBatch, { concurrency, batch })).outcomes);
    }
    const { outcomes } = await ctx.map(
      name,
      items,
      async (inner, index) => {
        const results = await this.perform(inner, program);
        if (failing.includes(index)) throw new SimulatedError(`item ${index} failed`);
        return results;
      },
      {
        concurrency,
        tolerate: action.tolerate === action.items ? { percent: 100 } : { count: action.tolerate },
        ...(itemTimeout === undefined ? {} : { itemTimeout }),
      },
    );
    return valuesOf(outcomes);
  }

  async #recall(ctx: Ctx, name: string): Promise<Json> {
    const seen = { drawn: `${ctx.uuid()} ${ctx.random()} ${ctx.patched(name)}`, now: ctx.now() };
    const kept = await ctx.step(name, () => seen);
    if (kept.drawn !== seen.drawn || kept.now > seen.now) return 'different';
    return kept.now === seen.now ? 'same' : 'later';
  }

  /** Old code knows nothing of the patch; new code asks whether it is in force. */
  async #patch(ctx: Ctx, { name, before, after }: Extract<Action, { do: 'patch' }>): Promise<Json> {
    const isInForce = this.#hands.isNewCode && ctx.patched(name);
    if (this.#hands.isNewCode && !isInForce) this.#hands.did('the old path under new code');
    return this.perform(ctx, isInForce ? after : before);
  }

  /** A run that is being cancelled comes to its end, whatever it would catch otherwise. */
  async #try(ctx: Ctx, program: Program): Promise<Json> {
    try {
      return await this.perform(ctx, program);
    } catch (error) {
      if (ctx.signal.aborted) throw error;
      if (isStepwellError(error, 'RUN_ID_TAKEN')) this.#hands.did('a child id was taken');
      return `caught ${describeError(error)}`;
    }
  }
}

function termsOf(ctx: Ctx, terms: ChildTerms): ChildOptions {
  const { id, queue, priority, delay, timeout, version } = terms;
  return {
    ...(id === undefined ? {} : { id: `${ctx.runId}:${id}` }),
    ...(queue === undefined ? {} : { queue }),
    ...(priority === undefined ? {} : { priority }),
    ...(delay === undefined ? {} : { delay }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(version === undefined ? {} : { version }),
  };
}

function valuesOf(outcomes: readonly ItemOutcome<Json>[]): Json[] {
  return outcomes.map((outcome) => (outcome.status === 'succeeded' ? outcome.value : outcome.status));
}

/** Tells how many have begun; what was told before can only be of one that began before. */
function beat(io: StepIO, begun: number): void {
  const last = io.lastHeartbeat as { readonly begun: number } | undefined;
  if (last !== undefined && last.begun >= begun)
    throw new SimulatedError(`the heartbeat of body ${last.begun} came before body ${begun} had begun`);
  io.heartbeat({ begun });
}
