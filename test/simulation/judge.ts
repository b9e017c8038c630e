import { isFinal, type RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { Deeds } from './deeds.ts';
import { EXAMPLES } from './examples.ts';
import { JournalWatch } from './journal-watch.ts';
import type { Ledger } from './ledger.ts';
import type { Outcome, Told } from './outcome.ts';
import type { Outside } from './outside.ts';
import { matches } from './reference.ts';
import type { Scenario } from './scenario.ts';
import type { StoreRules } from './store-rules.ts';
import type { Violations } from './violation.ts';

interface Ended {
  readonly run: RunRecord;
  readonly watch: JournalWatch;
}

interface EndedWorld {
  readonly scenario: Scenario;
  readonly store: Store;
  readonly rules: StoreRules;
  readonly ledger: Ledger;
  readonly outside: Outside;
  readonly deeds: Deeds;
  readonly violations: Violations;
}

/** Looks at all that is there when all has ended: what can be said only then. */
export class Judge {
  readonly #world: EndedWorld;
  readonly #ended = new Map<string, Ended>();

  constructor(world: EndedWorld) {
    this.#world = world;
  }

  async judge(): Promise<void> {
    const { store, outside } = this.#world;
    for (const run of await store.query({ namespace: 'default', limit: Number.MAX_SAFE_INTEGER }))
      this.#ended.set(run.id, { run, watch: await this.#watchOf(run) });
    for (const ended of this.#ended.values()) {
      this.#judgeRun(ended);
      this.#judgeChildren(ended);
    }
    for (const outcome of outside.outcomes) this.#judgeOutcome(outcome);
    for (const [id, events] of outside.acknowledged)
      for (const event of events) await this.#judgeAcknowledged(id, event);
  }

  async #watchOf({ id, key }: RunRecord): Promise<JournalWatch> {
    const watch = new JournalWatch(id, this.#world.violations);
    for (const { position, at, events } of await this.#world.store.journal(key, 0, Number.MAX_SAFE_INTEGER))
      watch.take(position, at, events);
    return watch;
  }

  #judgeRun({ run, watch }: Ended): void {
    const { scenario, deeds, outside } = this.#world;
    const { id, status, owner, readyAt, timeout, startedAt } = run;
    if (!isFinal(status) || owner !== null || readyAt !== null)
      this.#violated(`run "${id}" is ${status}, but owned by ${owner}, ready at ${readyAt}`);
    if (watch.ended?.type !== `run.${status}`)
      this.#violated(`run "${id}" is ${status}, its journal ends with ${watch.ended?.type}`);
    const followed = outside.followed.get(id);
    if (followed !== undefined && followed !== watch.length)
      this.#violated(`of the ${watch.length} events of run "${id}" only ${followed} were shown`);
    if (watch.stuck.length > 0 && scenario.deploy === undefined)
      this.#violated(`run "${id}" got stuck, though all have the same code: ${watch.stuck.join(', ')}`);
    if (watch.stuck.includes('JOURNAL_MISMATCH')) deeds.did('stuck with old code, and went on');
    const isPunctual = watch.timedOutAt === null || watch.timedOutAt >= startedAt! + timeout!;
    if (!isPunctual && watch.beginnings === 0)
      this.#violated(`run "${id}" was timed out before its ${timeout} ms had passed`);
    const successor = run.continuedBy === null ? undefined : this.#ended.get(run.continuedBy)?.run;
    if (successor !== undefined && successor.version > run.version)
      deeds.did('a version went on as a newer one');
  }

  /** Guarantee 10: a child is there if and only if its parent's journal says so, as long as nobody purges it. */
  #judgeChildren({ run, watch }: Ended): void {
    const { purgedIds } = this.#world.rules;
    for (const child of watch.children)
      if (!this.#ended.has(child) && !purgedIds.has(child))
        this.#violated(`the journal of "${run.id}" says that "${child}" was started; there is no such run`);
    const parent = run.parent === null ? undefined : this.#ended.get(run.parent.id);
    if (parent === undefined || parent.run.key !== run.parent!.key) return;
    const isNamed = parent.watch.childrenNamed.has(run.id);
    const continues = [...this.#ended.values()].some((other) => other.run.continuedBy === run.id);
    if (!isNamed && !continues)
      this.#violated(
        `the run "${run.id}" is a child of "${parent.run.id}", whose journal knows nothing of it`,
      );
  }

  #judgeOutcome({ plan, told, foretold, isFinal }: Outcome): void {
    const { id, example } = plan;
    const allowed =
      'value' in told
        ? foretold.value !== null && matches(told.value, foretold.value)
        : foretold.throws.includes(told.error);
    if (!allowed)
      this.#violated(
        `run "${id}" ended with ${JSON.stringify(told)}, where ${JSON.stringify(foretold)} was to be expected of ${JSON.stringify(plan)}`,
      );
    if (example !== undefined) this.#judgeEffects(id, EXAMPLES[example]!.effects);
    if (!isFinal) return;
    const recorded = this.#recordedOutcome(id);
    if (JSON.stringify(recorded) !== JSON.stringify(told))
      this.#violated(
        `of run "${id}" the client was told ${JSON.stringify(told)}, recorded is ${JSON.stringify(recorded)}`,
      );
  }

  /** Services count by idempotency key: whatever was asked for twice, this is what was done. */
  #judgeEffects(id: string, expected: readonly string[]): void {
    const seen = [...this.#world.ledger.effects].toSorted().join(', ');
    const foretold = expected
      .map((op) => `${id}/${op}`)
      .toSorted()
      .join(', ');
    if (seen !== foretold)
      this.#violated(`of run "${id}" there took effect: ${seen}; to be expected: ${foretold}`);
  }

  #recordedOutcome(id: string): Told {
    const run = this.#chainOf(id).at(-1)?.run;
    if (run === undefined) return this.#violated(`the run "${id}", which was acknowledged, does not exist`);
    if (run.status === 'succeeded') return { value: run.output! };
    const { name, message, code } = run.error!;
    return { error: name === 'StepwellError' ? code! : `${name}: ${message}` };
  }

  /** The run and those that went on for it. */
  #chainOf(id: string): Ended[] {
    const chain: Ended[] = [];
    for (let next: string | null = id; next !== null; ) {
      const ended = this.#ended.get(next);
      if (ended !== undefined) chain.push(ended);
      next = ended?.run.continuedBy ?? null;
    }
    return chain;
  }

  /** Guarantee 8: what was acknowledged is in the journal, or kept for a retry; only a success lets it go. */
  async #judgeAcknowledged(id: string, event: string): Promise<void> {
    if (this.#world.rules.purgedIds.has(id)) return;
    const chain = this.#chainOf(id);
    if (chain.at(-1)?.run.status === 'succeeded' || chain.some(({ watch }) => watch.received(event))) return;
    for (const { run } of chain) {
      const facts = await this.#world.store.facts(run.key, 0);
      if (facts.some(({ fact }) => fact.type === 'event' && fact.id === event)) return;
    }
    this.#violated(`the event "${event}" was acknowledged, and run "${id}" has lost it`);
  }

  #violated(what: string): never {
    return this.#world.violations.report(what);
  }
}
