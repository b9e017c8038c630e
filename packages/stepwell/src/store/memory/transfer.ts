import { isFinal, type RunKey } from '../../model/run.ts';
import type { StoredRun } from '../records.ts';
import { factsOf, type MemoryRun, PASS } from './run.ts';
import { debounceKeyOf, type MemoryState } from './state.ts';

export function dump(state: MemoryState, after: RunKey, limit: number): StoredRun[] {
  return [...state.runs.values()]
    .filter(({ record }) => record.key > after)
    .toSorted((a, b) => a.record.key - b.record.key)
    .slice(0, limit)
    .map((run) => ({
      run: structuredClone(run.record),
      journal: [...run.journal.values()].toSorted((a, b) => a.position - b.position),
      inbox: factsOf(run, 0),
      callbacks: state.callbacksOf(run),
      slot: run.slot,
      debounceKey: run.debounceKey === null ? null : (JSON.parse(run.debounceKey) as string[])[2]!,
      outcomes: [...run.outcomes]
        .map(([key, { value }]) => ({ key, value: structuredClone(value) }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      artifacts: state.artifacts.of({ namespace: run.record.namespace, run: run.record.id }),
    }));
}

/** False: there is a run of its key or id. */
export function load(state: MemoryState, stored: StoredRun): boolean {
  const {
    run: record,
    journal,
    inbox,
    callbacks,
    slot,
    debounceKey,
    outcomes,
    artifacts,
  } = structuredClone(stored);
  if (state.runs.has(record.key) || state.find(record.namespace, record.id) !== undefined) return false;
  const isCancelled = record.startedAt === null && inbox.some(({ fact }) => fact.type === 'cancel');
  const run: MemoryRun = {
    record,
    journal: new Map(journal.map((commit) => [commit.position, commit])),
    inbox: inbox.map(({ number, fact }) => ({ number, text: JSON.stringify(fact) })),
    slot,
    turn: isCancelled && !isFinal(record.status) ? PASS : null,
    debounceKey:
      debounceKey === null
        ? null
        : debounceKeyOf({ ...record, debounce: { key: debounceKey, maxWait: null } }),
    parkedBy: null,
    outcomes: new Map(outcomes.map(({ key, value }) => [key, { value }])),
  };
  state.adopt(run, callbacks);
  state.artifacts.load(artifacts);
  return true;
}
