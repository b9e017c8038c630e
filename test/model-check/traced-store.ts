import type { NewRun, RunKey, RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { RunKeyOrId } from '../../packages/stepwell/src/store/delivery.ts';
import { Exercised } from './exercised.ts';
import type { FactKind, ModelStore } from './store-model.ts';
import { deliver, give, hasSlot } from './store-rules.ts';
import { checkRecord, tracedRun, type TracedRun } from './traced-run.ts';
import { Violation } from './violation.ts';

/** What a worker has, and from where it takes runs. */
export interface Serves {
  readonly kinds: readonly string[];
  readonly queues: readonly string[] | null;
}

/** The model of one real store; the steps of a trace (trace-*.ts) move it. */
export class TracedStore implements ModelStore<TracedRun> {
  readonly runs: TracedRun[] = [];
  workers: ModelStore['workers'] = [];
  readonly serves = new Map<string, Serves>();
  readonly exercised = new Exercised();
  /** Runs that the present step has changed, or was not to change. */
  touched = new Set<TracedRun>();
  /** The latest time that any call has named. */
  latest = 0;
  /** The operation of each callback that was ever opened. */
  readonly callbacks = new Map<string, string>();
  readonly #keys = new Map<RunKey, TracedRun>();

  find(namespace: string, id: string): TracedRun | undefined {
    return this.runs.findLast(
      ({ given, status }) => given.id === id && given.namespace === namespace && status !== 'purged',
    );
  }

  byKey(key: RunKey): TracedRun | undefined {
    return this.#keys.get(key);
  }

  resolve(to: RunKeyOrId): TracedRun | undefined {
    if ('id' in to) return this.find(to.namespace, to.id);
    const run = this.byKey(to.key);
    return run?.status === 'purged' ? undefined : run;
  }

  /** An answer has told the key of a run. @throws Violation if it is another's */
  bind(run: TracedRun, key: RunKey): void {
    const isItsOwn = (run.key ?? key) === key && (this.#keys.get(key) ?? run) === run;
    if (!isItsOwn)
      throw new Violation(`run "${run.given.id}" is told to have key ${key}, which is not its own`);
    run.key = key;
    this.#keys.set(key, run);
  }

  insert(given: NewRun): TracedRun {
    if (given.debounce !== undefined) throw notModelled(`the debounced start of "${given.id}"`);
    if ((given.beginBy ?? null) !== null) throw notModelled(`the start deadline of "${given.id}"`);
    const run = tracedRun(given, this.runs.length);
    if (this.#sharesSlot(run)) run.holdsSlot = 'shared';
    this.runs.push(run);
    this.touched.add(run);
    if (given.journal !== undefined) this.exercised.note('start: a journal to begin with');
    return run;
  }

  /** With the run that awaits it. */
  #sharesSlot({ slot, given: { parent } }: TracedRun): boolean {
    if (slot === null || parent === null || parent.op === null) return false;
    const awaiting = this.byKey(parent.key);
    const holdsOne = awaiting !== undefined && awaiting.holdsSlot !== null;
    return holdsOne && awaiting.slot!.key === slot.key;
  }

  give(run: TracedRun, worker: string): void {
    give(run, worker);
    run.givenTo.add(worker);
    run.parkedBy = null;
    run.blocked = false;
  }

  /** Null: the run takes the fact. */
  deliver(run: TracedRun, kind: FactKind, now: number, text: string): ReturnType<typeof deliver> {
    const { readyAt, owner } = run;
    const refusal = deliver(run, kind, now, text);
    if (refusal !== null) return refusal;
    this.touched.add(run);
    if (kind === 'reopen') this.exercised.note('deliver: reopens');
    if (owner !== null) this.exercised.note('deliver: the run is owned');
    else if (run.readyAt === readyAt) this.exercised.note('deliver: wakes nobody');
    else this.exercised.note('deliver: makes the run ready');
    if (run.readyAt !== readyAt) run.blocked = false;
    return null;
  }

  /** The store shows a run. @throws Violation unless it is as the model has it */
  checkRecord(run: TracedRun, record: RunRecord): void {
    this.bind(run, record.key);
    checkRecord(run, record, run.status === 'queued' && !run.passes && !hasSlot(this, run));
  }
}

/** Settings of queues change who is given which run when: whoever lets worlds use them must teach the rules about them. */
export function notModelled(what: string): Violation {
  return new Violation(
    `${what}: the rules in store-rules.ts know nothing of it yet, and would judge wrongly`,
  );
}

export function fits({ kinds, queues }: Serves, { given }: TracedRun): boolean {
  const { workflow, version, queue } = given;
  return kinds.includes(`${workflow}@${version}`) && (queues === null || queues.includes(queue));
}
