import type { Commit, JournalEvent } from '../../model/event.ts';
import type { Fact, NumberedFact } from '../../model/fact.ts';
import type { Json } from '../../model/json.ts';
import { isFinal, recordOf, type NewRun, type RunKey, type RunRecord } from '../../model/run.ts';
import type { WorkerRecord } from '../contract.ts';
import { isForcedCancel } from '../inbox.ts';

/** What the memory store holds: the four tables of the design, and the callbacks that are open. */
export class MemoryState {
  readonly runs = new Map<RunKey, MemoryRun>();
  readonly runsById = new Map<string, MemoryRun>();
  /** Runs that have not ended: a long-lived process must not walk over its past at every claim. */
  readonly active = new Set<MemoryRun>();
  readonly callbacks = new Map<string, OpenCallbackOf>();
  readonly workers = new Map<string, WorkerRecord>();
  #lastKey = 0;

  find(namespace: string, id: string): MemoryRun | undefined {
    return this.runsById.get(idKey(namespace, id));
  }

  /** Puts a new run in, or answers the one that has its id. */
  insert(given: NewRun): { run: MemoryRun; created: boolean } {
    const existing = this.find(given.namespace, given.id);
    if (existing !== undefined) return { run: existing, created: false };
    const copy = structuredClone(given);
    const { journal } = copy;
    const run: MemoryRun = {
      record: recordOf(copy, ++this.#lastKey),
      journal: new Map(journal === undefined ? [] : [[0, { position: 0, ...journal }]]),
      inbox: [],
      begun: false,
      parkedBy: null,
    };
    this.runs.set(run.record.key, run);
    this.runsById.set(idKey(given.namespace, given.id), run);
    this.active.add(run);
    return { run, created: true };
  }

  delete(run: MemoryRun): void {
    this.runs.delete(run.record.key);
    this.runsById.delete(idKey(run.record.namespace, run.record.id));
    this.active.delete(run);
  }

  closeCallbacksOf(run: MemoryRun): void {
    for (const [callback, open] of this.callbacks) {
      if (open.run === run) this.callbacks.delete(callback);
    }
  }

  /** Whether the run has a slot of its concurrency key, or needs none, or there is one left. */
  hasSlot({ record, begun }: MemoryRun): boolean {
    if (record.concurrencyKey === null || begun) return true;
    let taken = 0;
    for (const other of this.active) {
      const sameKey =
        other.record.namespace === record.namespace && other.record.concurrencyKey === record.concurrencyKey;
      if (sameKey && other.begun) taken++;
    }
    return taken < record.concurrencyLimit;
  }

  /** A run as the outside sees it: a copy, with the reason why it is not given to a worker. */
  view(run: MemoryRun): RunRecord {
    const record = structuredClone(run.record);
    if (record.status !== 'queued' || record.concurrencyKey === null || this.hasSlot(run)) return record;
    return { ...record, waitingFor: [{ kind: 'concurrency', detail: record.concurrencyKey }] };
  }

  snapshot(): Json {
    const runs = [...this.runs.values()].map(({ record, journal, inbox, begun, parkedBy }) => ({
      record,
      journal: [...journal.values()],
      inbox,
      begun,
      parkedBy,
    }));
    const callbacks = [...this.callbacks].map(([callback, { run, op }]) => ({
      callback,
      run: run.record.key,
      op,
    }));
    return JSON.parse(JSON.stringify({ runs, callbacks, workers: [...this.workers.values()] })) as Json;
  }
}

export interface MemoryRun {
  /** Replaced, never changed. */
  record: RunRecord;
  readonly journal: Map<number, StoredCommit>;
  inbox: StoredFact[];
  /** Holds a slot of its concurrency key. */
  begun: boolean;
  parkedBy: string | null;
}

interface OpenCallbackOf {
  readonly run: MemoryRun;
  readonly op: string;
}

// Journals and inboxes are kept as text: nobody outside can change what is stored.
interface StoredCommit {
  readonly position: number;
  readonly at: number;
  readonly count: number;
  readonly events: string;
}

interface StoredFact {
  readonly number: number;
  readonly text: string;
}

export function change(run: MemoryRun, changes: Partial<RunRecord>): void {
  run.record = { ...run.record, ...structuredClone(changes) };
}

export function isUnowned(run: MemoryRun): boolean {
  return run.record.owner === null && !isFinal(run.record.status);
}

export function isForced(run: MemoryRun): boolean {
  return factsOf(run, 0).some(({ fact }) => isForcedCancel(fact));
}

export function factsOf(run: MemoryRun, after: number): NumberedFact[] {
  return run.inbox
    .filter(({ number }) => number > after)
    .map(({ number, text }) => ({ number, fact: JSON.parse(text) as Fact }));
}

export function commitsOf(run: MemoryRun, from: number, limit: number): Commit[] {
  return [...run.journal.values()]
    .filter(({ position, count }) => position + count > from)
    .toSorted((a, b) => a.position - b.position)
    .slice(0, limit)
    .map(({ position, at, events }) => ({ position, at, events: JSON.parse(events) as JournalEvent[] }));
}

function idKey(namespace: string, id: string): string {
  return JSON.stringify([namespace, id]);
}
