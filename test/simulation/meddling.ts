import { isStepwellError, type Stepwell } from '../../packages/stepwell/src/index.ts';
import type { Asking, OutsideWorld } from './asking.ts';
import type { Deed } from './deeds.ts';
import { foretellFork, type Outcome, type Told } from './outcome.ts';
import { actionsOf } from './program.ts';
import { GIVEN } from './reference.ts';
import type { PlannedRun } from './scenario.ts';

/** What whoever meddles leaves to those who live with the run. */
interface Others {
  raiseAll(plan: PlannedRun, id: string): Promise<void>;
  result(id: string): Promise<Told>;
  end(outcome: Outcome): void;
  live(plan: PlannedRun): Promise<void>;
}

/** Operators: they fork runs, purge them, look at them, and lay hands on their children. */
export class Meddling {
  readonly #world: OutsideWorld;
  readonly #asking: Asking;
  readonly #others: Others;

  constructor(world: OutsideWorld, asking: Asking, others: Others) {
    this.#world = world;
    this.#asking = asking;
    this.#others = others;
  }

  async all(plan: PlannedRun): Promise<void> {
    const { startAt, forkAt, meddleAt, lookAt } = plan;
    await Promise.all([
      ...(forkAt === undefined ? [] : [this.#fork(plan, forkAt - startAt)]),
      ...(meddleAt === undefined ? [] : [this.#meddle(plan, meddleAt - startAt)]),
      ...(lookAt === undefined ? [] : [this.#look(plan, lookAt - startAt)]),
    ]);
  }

  /** From an operation that it has by then; the fork is lived through as any other run. */
  async #fork(plan: PlannedRun, after: number): Promise<void> {
    const { deeds, scenario } = this.#world;
    await this.#asking.wait(after);
    const from = await this.#pickOperation(plan);
    if (from === null) return;
    const id = `${plan.id}:fork`;
    const withResult = plan.forkWith === 'result' && isStepOf(plan, from);
    const result = withResult ? { result: GIVEN } : {};
    const fork = async (well: Stepwell) => {
      const wasActive = (await well.get(plan.id)).endedAt === undefined;
      await well.fork(plan.id, { id, from, ...result });
      deeds.did(wasActive ? 'a fork of a run under way' : 'a fork');
    };
    // A purge may come between the two reads of a fork.
    const gone = plan.purged === true ? ['RUN_NOT_FOUND', 'OPERATION_NOT_FOUND'] : [];
    const answers = await this.#asking.askTwice(`fork ${plan.id} from ${from}`, fork, [
      'RUN_ID_TAKEN',
      ...gone,
    ]);
    // Also if the source was purged before it was asked for again: a first call whose answer was lost may have made it.
    const isMade =
      answers.some((answer) => answer === 'done' || answer === 'RUN_ID_TAKEN') || (await this.#isThere(id));
    if (!isMade) return;
    if (withResult) deeds.did('a fork with a result');
    const [told] = await Promise.all([this.#others.result(id), this.#others.raiseAll(plan, id)]);
    const foretold = foretellFork(plan, scenario, withResult ? from : null);
    this.#others.end({ plan: { ...plan, id }, told, foretold, isFinal: true });
  }

  async #isThere(id: string): Promise<boolean> {
    const look = async (well: Stepwell) => void (await well.get(id));
    return (await this.#asking.ask(`look for ${id}`, look, ['RUN_NOT_FOUND'])) === 'done';
  }

  /** One that has a result, and is no part of the engine's own. */
  async #pickOperation({ id, purged }: PlannedRun): Promise<string | null> {
    const look = async (well: Stepwell) => {
      const found: string[] = [];
      for await (const { event } of well.events(id, { follow: false })) {
        if (
          event.type === 'operation.started' &&
          HAS_RESULT.has(event.kind) &&
          event.child?.detached !== true
        )
          found.push(event.op);
      }
      return found;
    };
    const gone = purged === true ? ['RUN_NOT_FOUND', 'RUN_PURGED'] : [];
    const found = await this.#asking.ask(`operations of ${id}`, look, gone);
    return typeof found === 'string' || found.length === 0 ? null : this.#asking.chance.oneOf(found);
  }

  /** One of its children, or of theirs. */
  async #meddle(plan: PlannedRun, after: number): Promise<void> {
    await this.#asking.wait(after);
    const child = await this.#pickChild(plan.id);
    if (child === null) return;
    const deeper = this.#asking.chance.happens(0.3) ? await this.#pickChild(child) : null;
    await this.#layHandsOn(deeper ?? child, plan.meddleBy ?? 'cancel');
  }

  async #pickChild(parent: string): Promise<string | null> {
    for (let look = 0; look < LOOKS_FOR_CHILD; look++) {
      const list = async (well: Stepwell) => (await well.list({ parent })).runs.map(({ id }) => id);
      const found = await this.#asking.ask(`children of ${parent}`, list, ['RUN_NOT_FOUND']);
      if (typeof found === 'string') return null;
      if (found.length > 0) return this.#asking.chance.oneOf(found);
      await this.#asking.wait(100);
    }
    return null;
  }

  async #layHandsOn(child: string, how: NonNullable<PlannedRun['meddleBy']>): Promise<void> {
    const gone = ['RUN_ENDED', 'RUN_NOT_FOUND'];
    if (how === 'pause')
      return this.pause(child, this.#asking.chance.between(0, 1_500), gone, 'a child was paused');
    if (how === 'purge') {
      const refusals = ['RUN_NOT_ENDED', 'RUN_NOT_FOUND'];
      const answer = await this.#asking.ask(`purge ${child}`, (well) => well.purge(child), refusals);
      if (answer === 'done') this.#world.deeds.did('a child was purged');
      return;
    }
    const force = how === 'force';
    const answer = await this.#asking.ask(`cancel ${child}`, (well) => well.cancel(child, { force }), gone);
    if (answer === 'done')
      this.#world.deeds.did(force ? 'a child was cancelled by force' : 'a child was cancelled');
  }

  /** Pauses a run and resumes it. */
  async pause(id: string, duration: number, refusals: readonly string[], deed: Deed): Promise<void> {
    const { quietAt, scheduler, deeds } = this.#world;
    const answers = await this.#asking.askTwice(`pause ${id}`, (well) => well.pause(id), refusals);
    if (answers.includes('done')) deeds.did(deed);
    await this.#asking.wait(duration);
    const resume = (well: Stepwell) => well.resume(id);
    await this.#asking.askTwice(`resume ${id}`, resume, refusals);
    // A call to pause it, of a client that died over it, may come after that.
    await this.#asking.wait(quietAt - scheduler.now);
    await this.#asking.ask(`resume ${id} in the end`, resume, refusals);
  }

  /** Whoever looks at a run that does not move is told why. */
  async #look(plan: PlannedRun, after: number): Promise<void> {
    await this.#asking.wait(after);
    const look = async (well: Stepwell) => {
      const { status, waitingFor, endedAt } = await well.get(plan.id);
      if (waitingFor.length > 0) this.#world.deeds.did('a look at a run that waits');
      const mustSay =
        status === 'waiting' || status === 'paused' || status === 'stuck' || status === 'queued';
      if (mustSay !== waitingFor.length > 0 || (mustSay && endedAt !== undefined))
        this.#world.violations.report(
          `of run "${plan.id}" it was said: ${status}, ${JSON.stringify(waitingFor)}`,
        );
    };
    const gone = plan.purged === true ? ['RUN_NOT_FOUND'] : [];
    for (let n = 0; n < LOOKS; n++) {
      await this.#asking.ask(`look at ${plan.id}`, look, gone);
      await this.#asking.wait(this.#asking.chance.between(0, 500));
    }
  }

  /**
   * Purges a run that has ended, while others may still ask for it; and uses its id again, if that is planned.
   * @param others all else that is done with the run: none of it may reach the new one
   */
  async purge(plan: PlannedRun, ended: Promise<void>, others: readonly Promise<void>[]): Promise<void> {
    if (plan.purged !== true) return;
    const { callsArriveWithin, deeds, rules, violations } = this.#world;
    const { id, again } = plan;
    // A start that was asked for twice must not come after it.
    await Promise.all([ended, this.#asking.wait(callsArriveWithin)]);
    const answers = await this.#asking.askTwice(`purge ${id}`, (well) => well.purge(id), ['RUN_NOT_FOUND']);
    if (answers.length > 0) deeds.did('a purge');
    if (!rules.purgedIds.has(id))
      violations.report(`the run "${id}", whose purge was acknowledged, is there`);
    await this.#demandGone(id);
    await Promise.all(others);
    if (again === undefined) return;
    await this.#asking.wait(callsArriveWithin);
    deeds.did('an id was used again after a purge');
    await this.#others.live({ id, workflow: 'plain', program: again, startAt: 0 });
  }

  async #demandGone(id: string): Promise<void> {
    const calls: Readonly<Record<string, (well: Stepwell) => Promise<unknown>>> = {
      'late event to': (well) => well.raiseEvent(id, 'late'),
      'late cancel of': (well) => well.cancel(id),
      'late retry of': (well) => well.retry(id),
      'late result of': (well) => well.result(id),
      'late events of': (well) => well.events(id).next(),
    };
    for (const [what, call] of Object.entries(calls)) {
      const refused = async (well: Stepwell) => {
        try {
          await call(well);
        } catch (error) {
          if (isStepwellError(error, 'RUN_NOT_FOUND'))
            return this.#world.deeds.did('a late call to a purged run');
          throw error;
        }
        this.#world.violations.report(`${what} "${id}" was taken, though it was purged`);
      };
      await this.#asking.ask(`${what} ${id}`, refused);
    }
  }
}

const HAS_RESULT = new Set(['step', 'sleep', 'event', 'callback', 'condition', 'child']);
/** How often somebody looks whether there is a child by now, and at a run whether it waits. */
const LOOKS_FOR_CHILD = 5;
const LOOKS = 4;

/** Whether a step of the program has that id: nobody says by hand what the engine's own steps give. */
function isStepOf({ program }: PlannedRun, op: string): boolean {
  const name = op.split('/').at(-1);
  return actionsOf(program).some((action) => action.do === 'step' && action.name === name);
}
