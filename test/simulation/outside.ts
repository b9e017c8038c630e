import { isStepwellError, type Stepwell } from '../../packages/stepwell/src/index.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import { Asking, isTransient, type OutsideWorld } from './asking.ts';
import { EXAMPLES } from './examples.ts';
import { describeError } from './errors.ts';
import { Meddling } from './meddling.ts';
import { foretellRun, type Outcome, type Told } from './outcome.ts';
import { awaitedEvents, type CallbackAction, type RaisedEvent } from './program.ts';
import type { PlannedRun } from './scenario.ts';

/** People and programs that use the engine through its clients: what is not acknowledged they try again. */
export class Outside {
  readonly outcomes: Outcome[] = [];
  /** How many events of a run were shown to somebody who followed it to its end. */
  readonly followed = new Map<string, number>();
  /** Ids of the events that were acknowledged, by the run. */
  readonly acknowledged = new Map<string, Set<string>>();
  readonly asking: Asking;
  readonly #world: OutsideWorld;
  readonly #meddling: Meddling;
  readonly #completed = new Set<string>();
  readonly #reopenings = new Map<string, PromiseWithResolvers<boolean>>();

  constructor(world: OutsideWorld) {
    this.#world = world;
    this.asking = new Asking(world);
    this.#meddling = new Meddling(world, this.asking, {
      raiseAll: (plan, id) => this.#raiseAll(plan, id),
      result: (id) => this.#result(id),
      end: (outcome) => void this.outcomes.push(outcome),
      live: (plan) => this.live(plan),
    });
  }

  /** Lives through all that is planned for a run. */
  async live(plan: PlannedRun): Promise<void> {
    const { id } = plan;
    await this.asking.wait(plan.startAt);
    await this.#start(plan);
    const ended = this.#end(plan);
    const meddled = this.#meddling.all(plan);
    const others = [
      ended,
      meddled,
      this.#raiseAll(plan, id),
      ...(plan.followed === true ? [this.#follow(plan)] : []),
      ...(plan.cancelAt === undefined ? [] : [this.#cancel(plan, plan.cancelAt - plan.startAt)]),
      ...(plan.pauseAt === undefined ? [] : [this.#pause(plan, plan.pauseAt - plan.startAt)]),
    ];
    await Promise.all([...others, this.#meddling.purge(plan, ended, others)]);
  }

  async #start({ id, workflow, program, example, ...terms }: PlannedRun): Promise<void> {
    const input = example === undefined ? { program } : EXAMPLES[example]!.input;
    const { version, queue, priority, delay, timeout, concurrencyKey } = terms;
    const created = await this.asking.askTwice(`start ${id}`, async (well) => {
      const run = await well.start(workflow, input, {
        id,
        ...(version === undefined ? {} : { version }),
        ...(queue === undefined ? {} : { queue }),
        ...(priority === undefined ? {} : { priority }),
        ...(delay === undefined ? {} : { delay }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(concurrencyKey === undefined ? {} : { concurrencyKey }),
      });
      return String(run.created);
    });
    if (created.filter((answer) => answer === 'true').length > 1)
      this.#world.violations.report(`the run "${id}" was created twice`);
  }

  async #raiseAll(plan: PlannedRun, id: string): Promise<void> {
    await Promise.all(awaitedEvents(plan.program).map((event) => this.#raise(plan, id, event)));
  }

  /** @param id of the run, or of its fork */
  async #raise(plan: PlannedRun, id: string, { name, id: event, value }: RaisedEvent): Promise<void> {
    await this.asking.wait(this.asking.chance.between(0, 1_500));
    const raise = async (well: Stepwell) => {
      await well.raiseEvent(id, name, value, event === undefined ? {} : { id: event });
      if (event !== undefined) this.#acknowledge(id, event);
    };
    const refusals = tooLate(plan);
    const answers = await this.asking.askTwice(`raise ${value} to ${id}`, raise, refusals);
    if (answers.includes('done') || id !== plan.id) return;
    // It came too late, unless the run is opened again. What was acknowledged is never raised again: it must not be lost.
    if (await this.#reopened(id).promise)
      await this.asking.ask(`raise ${value} to ${id} again`, raise, refusals);
  }

  #acknowledge(id: string, event: string): void {
    this.acknowledged.set(id, (this.acknowledged.get(id) ?? new Set()).add(event));
  }

  /** Reads the run's events as they come, and goes on behind the last one when a connection is lost. */
  async #follow({ id, purged }: PlannedRun): Promise<void> {
    let next = 0;
    const follow = async (well: Stepwell) => {
      for await (const { position } of well.events(id, { from: next })) {
        if (position !== next)
          this.#world.violations.report(
            `of run "${id}" event ${position} was shown, where ${next} is the next`,
          );
        next++;
      }
    };
    const refusals = purged === true ? ['RUN_PURGED', 'RUN_NOT_FOUND'] : [];
    if ((await this.asking.ask(`events of ${id}`, follow, refusals)) !== 'done') return;
    this.#world.deeds.did('a stream was read to the end');
    if (purged !== true) this.followed.set(id, next);
  }

  /** Somebody was given a callback's id, perhaps for the second time. */
  async complete(callback: string, action: CallbackAction): Promise<void> {
    if (action.answer === 'never') return;
    await this.#keepAlive(callback, action);
    const complete = (well: Stepwell) =>
      action.answer === 'succeed'
        ? well.callbacks.succeed(callback, action.value ?? `${action.name} answered`)
        : well.callbacks.fail(callback, { name: 'SimulatedError', message: `${action.name} refused` });
    const answers = await this.asking.askTwice(`${action.answer} ${callback}`, complete, NOT_OPEN);
    for (const answer of answers) {
      this.#demandPurged(callback, answer);
      if (answer !== 'done') continue;
      if (this.#completed.has(callback))
        this.#world.violations.report(`callback ${callback} was completed twice`);
      this.#completed.add(callback);
    }
  }

  /** Waits until it is to be answered; meanwhile, if he is such a one, he shows that he is alive. */
  async #keepAlive(callback: string, { after, beats }: CallbackAction): Promise<void> {
    if (beats === undefined) return this.asking.wait(after);
    for (let passed = beats; passed < after; passed += beats) {
      await this.asking.wait(beats);
      const beat = (well: Stepwell) => well.callbacks.heartbeat(callback);
      const answer = await this.asking.ask(`heartbeat of ${callback}`, beat, NOT_OPEN);
      this.#demandPurged(callback, String(answer));
      if (answer !== 'done') return;
    }
    await this.asking.wait(after % beats);
  }

  /** A callback that was given away is known as long as its run is. */
  #demandPurged(callback: string, answer: string): void {
    const key = Number.parseInt(callback.split('_')[1]!, 36);
    if (answer === 'CALLBACK_NOT_FOUND' && !this.#world.rules.purged.has(key))
      this.#world.violations.report(`callback ${callback} is not known`);
  }

  async #cancel(plan: PlannedRun, after: number): Promise<void> {
    const { id, cancelBy } = plan;
    const { deeds } = this.#world;
    await this.asking.wait(after);
    const force = cancelBy === 'force';
    const cancel = (well: Stepwell) => well.cancel(id, force ? { force, reason: 'enough' } : {});
    const answer = await this.asking.ask(`cancel ${id}`, cancel, tooLate(plan));
    if (answer === 'done') deeds.did(force ? 'a forced cancel' : 'a cancel');
    if (cancelBy !== 'twice') return;
    await this.asking.wait(this.asking.chance.between(0, 100));
    await this.asking.ask(`cancel ${id} again`, cancel, tooLate(plan));
  }

  async #pause(plan: PlannedRun, after: number): Promise<void> {
    const { id, pausedFor = 0 } = plan;
    await this.asking.wait(after);
    await this.#meddling.pause(id, pausedFor, tooLate(plan), 'a pause');
  }

  async #end(plan: PlannedRun): Promise<void> {
    const { id, retried, purged } = plan;
    let told = await this.#result(id);
    const error = 'error' in told ? told.error : null;
    const isRetried = retried === true && error !== null;
    if (isRetried) {
      await this.asking.askTwice(`retry ${id}`, (well) => well.retry(id), ['RUN_NOT_FAILED']);
      if (error === 'RUN_CANCELLED') this.#world.deeds.did('a run that was cancelled was retried');
    }
    this.#reopened(id).resolve(isRetried);
    if (isRetried) told = await this.#result(id);
    const foretold = foretellRun(plan, this.#world.scenario);
    this.outcomes.push({ plan, told, foretold, isFinal: retried !== true && purged !== true });
  }

  /** Whether a run is opened again after its end, as soon as that is known. */
  #reopened(id: string): PromiseWithResolvers<boolean> {
    const known = this.#reopenings.get(id) ?? Promise.withResolvers<boolean>();
    this.#reopenings.set(id, known);
    return known;
  }

  async #result(id: string): Promise<Told> {
    const told = await this.asking.ask(`result of ${id}`, async (well): Promise<Told> => {
      try {
        return { value: await well.result<Json>(id) };
      } catch (error) {
        if (isTransient(error) || isStepwellError(error, 'RUN_NOT_FOUND')) throw error;
        return { error: describeError(error) };
      }
    });
    this.#world.trace.write('outside', `is told of ${id}: ${JSON.stringify(told)}`);
    return told as Told;
  }
}

const NOT_OPEN = ['CALLBACK_COMPLETED', 'CALLBACK_CLOSED', 'CALLBACK_NOT_FOUND'];

/** How a run answers to what comes after its end. */
function tooLate({ purged }: PlannedRun): readonly string[] {
  return purged === true ? ['RUN_ENDED', 'RUN_NOT_FOUND'] : ['RUN_ENDED'];
}
