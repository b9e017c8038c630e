import { isStepwellError, type Stepwell } from '../../packages/stepwell/src/index.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import { describeError } from './interpret.ts';
import type { Machine } from './machine.ts';
import { awaitedEvents, type Action } from './program.ts';
import type { PlannedRun } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { ProcessDied } from './sim-process.ts';
import type { Trace } from './trace.ts';
import type { Violations } from './violation.ts';

/** What a client was told of a run's end. */
export type Told = { readonly value: Json } | { readonly error: string };

interface World {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly violations: Violations;
  readonly chance: Chance;
  /** Engines that can be asked: clients, and workers, which most applications ask themselves. */
  readonly engines: readonly Machine[];
  /** When the last of the calls has come that were made while things went wrong. */
  readonly quietAt: number;
}

/** People and programs that use the engine through its clients: what is not acknowledged they try again. */
export class Outside {
  readonly told = new Map<string, Told>();
  /** How many events of a run were shown to somebody who followed it to its end. */
  readonly followed = new Map<string, number>();
  /** What is not acknowledged yet, for a report of what hangs. */
  readonly open = new Set<string>();
  readonly #world: World;
  readonly #chance: Chance;
  readonly #completed = new Set<string>();
  readonly #reopenings = new Map<string, PromiseWithResolvers<boolean>>();

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance.stream('outside');
  }

  /** Lives through all that is planned for a run. */
  async live(plan: PlannedRun): Promise<void> {
    const { id } = plan;
    await this.#wait(plan.startAt);
    await this.#start(plan);
    await Promise.all([
      this.#end(plan),
      ...(plan.followed === true ? [this.#follow(id)] : []),
      ...awaitedEvents(plan.program).map((name) => this.#raise(id, name)),
      ...(plan.cancelAt === undefined ? [] : [this.#cancel(plan, plan.cancelAt - plan.startAt)]),
      ...(plan.pauseAt === undefined ? [] : [this.#pause(plan, plan.pauseAt - plan.startAt)]),
    ]);
  }

  async #start({ id, workflow, program }: PlannedRun): Promise<void> {
    const created = await this.#askTwice(`start ${id}`, async (well) => {
      const run = await well.start(workflow, { program }, { id });
      return String(run.created);
    });
    if (created.filter((answer) => answer === 'true').length > 1)
      this.#world.violations.report(`the run "${id}" was created twice`);
  }

  async #raise(id: string, name: string): Promise<void> {
    await this.#wait(this.#chance.between(0, 1_500));
    const raise = (well: Stepwell) => well.raiseEvent(id, name, `${name} raised`, { id: name });
    const answers = await this.#askTwice(`raise ${name} to ${id}`, raise, ['RUN_ENDED']);
    if (answers.includes('done')) return;
    // It came too late, unless the run is opened again. What was acknowledged is never raised again: it must not be lost.
    if (await this.#reopened(id).promise)
      await this.#ask(`raise ${name} to ${id} again`, raise, ['RUN_ENDED']);
  }

  /** Reads the run's events as they come, and goes on behind the last one when a connection is lost. */
  async #follow(id: string): Promise<void> {
    let next = 0;
    await this.#ask(`events of ${id}`, async (well) => {
      for await (const { position } of well.events(id, { from: next })) {
        if (position !== next)
          this.#world.violations.report(
            `of run "${id}" event ${position} was shown, where ${next} is the next`,
          );
        next++;
      }
    });
    this.followed.set(id, next);
  }

  /** Somebody was given a callback's id, perhaps for the second time. */
  async complete(callback: string, action: Extract<Action, { do: 'callback' }>): Promise<void> {
    if (action.answer === 'never') return;
    await this.#wait(action.after);
    const answers = await this.#askTwice(
      `${action.answer} ${callback}`,
      (well) =>
        action.answer === 'succeed'
          ? well.callbacks.succeed(callback, `${action.name} answered`)
          : well.callbacks.fail(callback, { name: 'SimulatedError', message: `${action.name} refused` }),
      ['CALLBACK_COMPLETED', 'CALLBACK_CLOSED'],
    );
    for (const answer of answers) {
      if (answer !== 'done') continue;
      if (this.#completed.has(callback))
        this.#world.violations.report(`callback ${callback} was completed twice`);
      this.#completed.add(callback);
    }
  }

  async #cancel({ id, cancelBy }: PlannedRun, after: number): Promise<void> {
    await this.#wait(after);
    const cancel = (well: Stepwell) => well.cancel(id, cancelBy === 'force' ? { force: true } : {});
    await this.#ask(`cancel ${id}`, cancel, ['RUN_ENDED']);
    if (cancelBy !== 'twice') return;
    await this.#wait(this.#chance.between(0, 100));
    await this.#ask(`cancel ${id} again`, cancel, ['RUN_ENDED']);
  }

  async #pause({ id, pausedFor = 0 }: PlannedRun, after: number): Promise<void> {
    await this.#wait(after);
    await this.#askTwice(`pause ${id}`, (well) => well.pause(id), ['RUN_ENDED']);
    await this.#wait(pausedFor);
    const resume = (well: Stepwell) => well.resume(id);
    await this.#askTwice(`resume ${id}`, resume, ['RUN_ENDED']);
    // A call to pause it, of a client that died over it, may come after that.
    await this.#wait(this.#world.quietAt - this.#world.scheduler.now);
    await this.#ask(`resume ${id} in the end`, resume, ['RUN_ENDED']);
  }

  async #end({ id, retried }: PlannedRun): Promise<void> {
    const told = await this.#result(id);
    const isRetried = retried === true && 'error' in told;
    if (isRetried) await this.#askTwice(`retry ${id}`, (well) => well.retry(id), ['RUN_NOT_FAILED']);
    this.#reopened(id).resolve(isRetried);
    if (isRetried) await this.#result(id);
  }

  /** Whether a run is opened again after its end, as soon as that is known. */
  #reopened(id: string): PromiseWithResolvers<boolean> {
    const known = this.#reopenings.get(id) ?? Promise.withResolvers<boolean>();
    this.#reopenings.set(id, known);
    return known;
  }

  async #result(id: string): Promise<Told> {
    const told = await this.#ask(`result of ${id}`, async (well): Promise<Told> => {
      try {
        return { value: await well.result<Json>(id) };
      } catch (error) {
        if (isTransient(error)) throw error;
        return { error: describeError(error) };
      }
    });
    this.#world.trace.write('outside', `is told of ${id}: ${JSON.stringify(told)}`);
    this.told.set(id, told as Told);
    return told as Told;
  }

  /** Asks, and now and then asks the same again, at the same time or later. */
  async #askTwice(
    what: string,
    call: (well: Stepwell) => Promise<string | void>,
    refusals: readonly string[] = [],
  ): Promise<string[]> {
    const first = this.#ask(what, call, refusals);
    if (!this.#world.faults.fires('client call doubled')) return [String(await first)];
    if (this.#chance.happens(0.5)) await first;
    const second = this.#ask(`${what} once more`, call, refusals);
    return (await Promise.all([first, second])).map(String);
  }

  /**
   * Asks one client after the other until one of them answers.
   * @param refusals codes of errors that are answers: what is asked for may have been done already, or be too late
   */
  async #ask<T>(
    what: string,
    call: (well: Stepwell) => Promise<T>,
    refusals: readonly string[] = [],
  ): Promise<T | string> {
    const { trace, violations, engines } = this.#world;
    this.open.add(what);
    for (;;) {
      const machine = this.#chance.oneOf(engines);
      try {
        const well = await machine.well();
        const answer = await Promise.race([call(well), machine.process.died]);
        trace.write('outside', `${what}: done`);
        this.open.delete(what);
        return answer ?? 'done';
      } catch (error) {
        const description = describeError(error);
        trace.write('outside', `${what}: ${description}`);
        if (refusals.includes(description)) {
          this.open.delete(what);
          return description;
        }
        if (!isTransient(error)) violations.report(`${what}: ${description}`);
      }
      await this.#wait(this.#chance.between(5, 300));
    }
  }

  #wait(delay: number): Promise<void> {
    return new Promise((resolve) => void this.#world.scheduler.after(delay, resolve));
  }
}

/** Whether what was asked for may have been done or not, and is asked for again. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof ProcessDied ||
    isStepwellError(error, 'STORE_FAILED') ||
    isStepwellError(error, 'ENGINE_CLOSED')
  );
}
