import type { Json } from '../../model/json.ts';
import { isFinal, recordOf, type NewRun, type RunKey, type RunRecord } from '../../model/run.ts';
import type { OpenCallback, WorkerRecord } from '../records.ts';
import { holdsOf, withHolds } from '../queue-rules.ts';
import { Artifacts } from './artifacts.ts';
import { Feed } from './feed.ts';
import { type MemoryQueue, nameOf, stateOf } from './queue.ts';
import { type MemoryRun, PASS } from './run.ts';

/** What the memory store holds: the four tables of the design, the callbacks that are open, the queues with settings. */
export class MemoryState {
  readonly runs = new Map<RunKey, MemoryRun>();
  readonly runsById = new Map<string, MemoryRun>();
  /** Runs that have not ended: a long-lived process must not walk over its past at every claim. */
  readonly active = new Set<MemoryRun>();
  readonly callbacks = new Map<string, OpenCallbackOf>();
  readonly workers = new Map<string, WorkerRecord>();
  readonly queues = new Map<string, MemoryQueue>();
  /** Runs that a further start with their debounce key puts off. */
  readonly debounced = new Map<string, MemoryRun>();
  readonly feed = new Feed();
  readonly artifacts = new Artifacts();
  #lastKey = 0;

  find(namespace: string, id: string): MemoryRun | undefined {
    return this.runsById.get(idKey(namespace, id));
  }

  /** Puts a new run in, or answers the one that has its id. */
  insert(given: NewRun): { run: MemoryRun; created: boolean } {
    const existing = this.find(given.namespace, given.id);
    if (existing !== undefined) return { run: existing, created: false };
    const copy = structuredClone(given);
    const { journal, debounce } = copy;
    const run: MemoryRun = {
      record: { ...recordOf(copy, ++this.#lastKey), beginBy: this.beginByOf(given) },
      journal: new Map(journal === undefined ? [] : [[0, { position: 0, ...journal }]]),
      inbox: [],
      slot: this.#sharesSlot(copy) ? 'shared' : null,
      turn: null,
      debounceKey: debounce === undefined ? null : debounceKeyOf(given),
      parkedBy: null,
      outcomes: new Map(),
    };
    this.adopt(run, []);
    return { run, created: true };
  }

  adopt(run: MemoryRun, callbacks: readonly OpenCallback[]): void {
    const { key, namespace, id, status } = run.record;
    this.#lastKey = Math.max(this.#lastKey, key);
    if (run.debounceKey !== null) this.debounced.set(run.debounceKey, run);
    this.runs.set(key, run);
    this.runsById.set(idKey(namespace, id), run);
    if (!isFinal(status)) this.active.add(run);
    for (const { callback, op } of callbacks) this.callbacks.set(callback, { run, op });
    for (const commit of run.journal.values()) this.feed.add(run, commit);
  }

  callbacksOf(run: MemoryRun): OpenCallback[] {
    return [...this.callbacks]
      .filter(([, open]) => open.run === run)
      .map(([callback, { op }]) => ({ callback, op }))
      .toSorted((a, b) => (a.callback < b.callback ? -1 : 1));
  }

  delete(run: MemoryRun): void {
    this.runs.delete(run.record.key);
    this.runsById.delete(idKey(run.record.namespace, run.record.id));
    this.active.delete(run);
    this.feed.drop(run);
    this.artifacts.drop({ namespace: run.record.namespace, run: run.record.id });
  }

  closeCallbacksOf(run: MemoryRun): void {
    for (const [callback, open] of this.callbacks) {
      if (open.run === run) this.callbacks.delete(callback);
    }
  }

  queueOf({ namespace, queue }: { namespace: string; queue: string }): MemoryQueue | undefined {
    return this.queues.size === 0 ? undefined : this.queues.get(nameOf({ namespace, name: queue }));
  }

  beginByOf(run: NewRun): number | null {
    if (run.beginBy !== undefined) return run.beginBy;
    const deadline = this.queueOf(run)?.limits.startDeadline;
    return deadline === undefined ? null : run.readyAt + deadline;
  }

  /** A further start of its debounce key does not reach the run any more. */
  undebounce(run: MemoryRun): void {
    if (run.debounceKey !== null) this.debounced.delete(run.debounceKey);
    run.debounceKey = null;
  }

  /** Whether the run has a slot of its concurrency key, or needs none, or there is one left. */
  hasSlot(run: MemoryRun): boolean {
    const { record, slot } = run;
    if (record.concurrencyKey === null || slot !== null) return true;
    let taken = 0;
    for (const other of this.active) {
      const sameKey =
        other.record.namespace === record.namespace && other.record.concurrencyKey === record.concurrencyKey;
      if (sameKey && other.slot === 'own') taken++;
    }
    return taken < (record.concurrencyLimit ?? this.queueOf(record)?.limits.perKey ?? 1);
  }

  /** Whether the run that awaits a new one has a slot of the same key. */
  #sharesSlot({ parent, concurrencyKey }: NewRun): boolean {
    if (parent === null || parent.op === null || concurrencyKey === null) return false;
    const awaiting = this.runs.get(parent.key);
    return (
      awaiting !== undefined && awaiting.slot !== null && awaiting.record.concurrencyKey === concurrencyKey
    );
  }

  /** A run as the outside sees it: a copy, with the reasons why it is not given to a worker. */
  view(run: MemoryRun): RunRecord {
    const record = structuredClone(run.record);
    if (run.turn === PASS) return record;
    const queue = this.queueOf(record);
    const holds = queue === undefined ? [] : holdsOf(stateOf(queue, this.active));
    return withHolds(record, holds, record.status === 'queued' && !this.hasSlot(run));
  }

  snapshot(): Json {
    const runs = [...this.runs.values()].map(({ journal, outcomes, ...run }) => ({
      ...run,
      outcomes: [...outcomes],
      journal: [...journal.values()],
    }));
    const queues = [...this.queues.values()].map(({ turns, ...queue }) => ({ ...queue, turns: [...turns] }));
    const callbacks = [...this.callbacks].map(([callback, { run, op }]) => ({
      callback,
      run: run.record.key,
      op,
    }));
    return JSON.parse(
      JSON.stringify({ runs, callbacks, workers: [...this.workers.values()], queues }),
    ) as Json;
  }
}

interface OpenCallbackOf {
  readonly run: MemoryRun;
  readonly op: string;
}

export function debounceKeyOf({
  namespace,
  workflow,
  debounce,
}: Pick<NewRun, 'namespace' | 'workflow' | 'debounce'>): string {
  return JSON.stringify([namespace, workflow, debounce!.key]);
}

function idKey(namespace: string, id: string): string {
  return JSON.stringify([namespace, id]);
}
