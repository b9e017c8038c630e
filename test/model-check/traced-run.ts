import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { NewRun, RunKey, RunRecord } from '../../packages/stepwell/src/model/run.ts';
import { sortedTags } from '../../packages/stepwell/src/model/tags.ts';
import { isFinal } from './fact-rules.ts';
import type { FactKind, ModelRun } from './store-model.ts';
import { Violation } from './violation.ts';

/** A run of a trace: what the rules know of it, and what else the store is to answer. */
export interface TracedRun extends ModelRun {
  readonly given: NewRun;
  /** The store's name for it, as soon as an answer has told it. */
  key: RunKey | null;
  /** Of runs that are equally urgent the older one is given first. */
  readonly age: number;
  readonly commits: TracedCommit[];
  /** Workers that it was ever given to. */
  readonly givenTo: Set<string>;
  parkedBy: string | null;
  continuedBy: string | null;
  tags: readonly string[];
  /** A claim has met it when there was no slot: the store may pass it over until one comes free. */
  blocked: boolean;
}

interface TracedCommit {
  readonly position: number;
  readonly count: number;
  readonly at: number;
  readonly events: string;
}

export function tracedRun(given: NewRun, age: number): TracedRun {
  const { readyAt, concurrencyKey, concurrencyLimit, namespace, journal } = given;
  return {
    given,
    key: null,
    age,
    commits: journal === undefined ? [] : [{ position: 0, ...journal }],
    givenTo: new Set(),
    parkedBy: null,
    continuedBy: null,
    tags: sortedTags(given.tags ?? []),
    blocked: false,
    status: 'queued',
    owner: null,
    readyAt,
    begun: false,
    open: [],
    delivered: 0,
    inbox: [],
    seen: 0,
    journal: { length: journal?.count ?? 0, by: null, ended: false },
    slot:
      concurrencyKey === null
        ? null
        : { key: `${namespace} ${concurrencyKey}`, limit: concurrencyLimit ?? 1 },
    holdsSlot: null,
    passes: false,
  };
}

/** A new run needs no claim if nothing but a worker is missing for it to begin. */
export function canBeOwnedAtOnce({ readyAt, createdAt, concurrencyKey }: NewRun): boolean {
  return readyAt <= createdAt && concurrencyKey === null;
}

export function kindOfFact(fact: Pick<Fact, 'type'> & { readonly force?: true }): FactKind {
  return fact.type === 'cancel' && fact.force === true ? 'forced cancel' : fact.type;
}

/** The most urgent first. */
export function byUrgency(a: TracedRun, b: TracedRun): number {
  return b.given.priority - a.given.priority || a.readyAt! - b.readyAt! || a.age - b.age;
}

/** How the store shows a run must be how the model has it. @throws Violation */
export function checkRecord(run: TracedRun, record: RunRecord, isBlocked: boolean): void {
  const { given, status, owner, readyAt, delivered, begun, continuedBy, tags } = run;
  const expected = {
    id: given.id,
    key: run.key,
    workflow: given.workflow,
    status,
    owner,
    readyAt,
    delivered,
    begun,
    ended: isFinal(status),
    continuedBy,
    tags: tags.join(),
    traceparent: given.traceparent ?? null,
    waitsForSlot: isBlocked,
  };
  const shown = {
    id: record.id,
    key: record.key,
    workflow: record.workflow,
    status: record.status,
    owner: record.owner,
    readyAt: record.readyAt,
    delivered: record.delivered,
    begun: record.startedAt !== null,
    ended: record.endedAt !== null,
    continuedBy: record.continuedBy,
    tags: record.tags.join(),
    traceparent: record.traceparent,
    waitsForSlot: record.waitingFor[0]?.kind === 'concurrency',
  };
  for (const key of Object.keys(expected) as (keyof typeof expected)[]) {
    if (expected[key] === shown[key]) continue;
    throw new Violation(
      `run "${given.id}" is shown with ${key} ${shown[key]}, where it is ${expected[key]} (${status}, ready at ${readyAt}, owned by ${owner})`,
    );
  }
}
