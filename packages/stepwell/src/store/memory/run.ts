import type { Payload } from '../../model/codec.ts';
import type { Commit, JournalEvent } from '../../model/event.ts';
import type { Fact, NumberedFact } from '../../model/fact.ts';
import { isFinal, type RunRecord } from '../../model/run.ts';
import type { StoredCommit } from '../records.ts';
import { isForcedCancel } from '../inbox.ts';

/** The turn of a run that was cancelled before it began: it is given out of turn. */
export const PASS = -1;

export interface MemoryRun {
  /** Replaced, never changed. */
  record: RunRecord;
  readonly journal: Map<number, StoredCommit>;
  inbox: StoredFact[];
  /** What it has of its concurrency key: a slot, or that of the run that awaits it. */
  slot: 'own' | 'shared' | null;
  /** Its turn in its queue, or {@link PASS}. */
  turn: number | null;
  debounceKey: string | null;
  parkedBy: string | null;
  readonly outcomes: Map<string, { readonly value: Payload | undefined }>;
}

// Journals and inboxes are kept as text: nobody outside can change what is stored.
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

export function isInLine({ turn }: MemoryRun): boolean {
  return turn !== null && turn !== PASS;
}
