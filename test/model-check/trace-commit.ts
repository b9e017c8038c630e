import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import { sortedTags } from '../../packages/stepwell/src/model/tags.ts';
import type { CommitAnswer, CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { ModelCommit } from './store-model.ts';
import { append, inheritSlot, leave, put } from './store-rules.ts';
import { kindOfFact, type TracedRun } from './traced-run.ts';
import type { TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

const FINAL = ['run.succeeded', 'run.failed', 'run.cancelled', 'run.timed_out', 'run.continued'];

/** A commit as the rules take it. @param by the process that made it */
export function commitOf(request: CommitRequest, events: readonly JournalEvent[], by: string): ModelCommit {
  const { position, count, at, taken, open, close, change } = request;
  return {
    by,
    position,
    count,
    at,
    activates: events.slice(0, 2).some(({ type }) => type === 'run.activated'),
    reopens: events[0]?.type === 'run.reopened',
    ends: FINAL.includes(events.at(-1)?.type ?? ''),
    taken,
    open: open.map(({ callback }) => callback),
    close,
    release: change?.release ?? null,
    end: change?.end?.status ?? null,
  };
}

const REFUSED = {
  purged: 'commit: refused, its run was purged',
  'position taken': 'commit: refused, its position is taken',
  'callback closed': 'commit: refused, its callback has been completed',
} as const;

/** The answer is the run as it was before; null: the commit was rightly refused. */
export function traceCommit(
  store: TracedStore,
  request: CommitRequest,
  commit: ModelCommit,
  answer: CommitAnswer,
): TracedRun | null {
  const run = store.byKey(request.run);
  // The rules replace what they change of it.
  const before = { ...run } as TracedRun;
  const outcome = run === undefined ? 'purged' : append(run, commit);
  if (answer !== (outcome === 'stored' ? 'stored' : 'refused')) {
    const whose = run === undefined ? `a run of the unknown key ${request.run}` : `run "${run.given.id}"`;
    throw new Violation(
      `a commit of ${whose} at position ${request.position} is ${answer}, where the model says: ${outcome}`,
    );
  }
  if (outcome !== 'stored' || run === undefined) {
    store.exercised.note(REFUSED[outcome as keyof typeof REFUSED]);
    if (run !== undefined && run.status !== 'purged') store.touched.add(run);
    return null;
  }
  store.exercised.note('commit: stored');
  if (request.taken > 0) store.exercised.note('commit: takes facts');
  run.commits.push(request);
  openCallbacks(store, run, request);
  startChildren(store, run, request);
  send(store, request);
  tag(store, run, request);
  leaveRun(store, run, request, commit);
  return before;
}

function openCallbacks(store: TracedStore, run: TracedRun, { open, close }: CommitRequest): void {
  for (const { callback, op } of open) {
    store.callbacks.set(callback, op);
    for (const other of store.runs) {
      if (other !== run) other.open = other.open.filter((one) => one !== callback);
    }
  }
  if (open.length > 0) store.exercised.note('commit: opens a callback');
  if (close.length > 0) store.exercised.note('commit: closes a callback');
}

function startChildren(store: TracedStore, run: TracedRun, { starts, at }: CommitRequest): void {
  for (const { run: child, refusal } of starts) {
    const isNew = store.find(child.namespace, child.id) === undefined;
    if (isNew) store.insert(child);
    else put(run, kindOfFact(refusal), at, JSON.stringify(refusal));
    store.exercised.note(isNew ? 'commit: starts a child' : 'commit: the child exists');
  }
}

function send(store: TracedStore, { deliver, at }: CommitRequest): void {
  for (const { run: to, fact } of deliver) {
    const target = store.resolve(to);
    const isTaken =
      target !== undefined && store.deliver(target, kindOfFact(fact), at, JSON.stringify(fact)) === null;
    store.exercised.note(isTaken ? 'commit: sends a fact' : 'commit: sends a fact that is not taken');
  }
}

function tag(store: TracedStore, run: TracedRun, { change }: CommitRequest): void {
  if (change?.tags === undefined) return;
  run.tags = sortedTags([...run.tags, ...change.tags]);
  store.touched.add(run);
  store.exercised.note('commit: adds tags');
}

function leaveRun(
  store: TracedStore,
  run: TracedRun,
  { change, at }: CommitRequest,
  commit: ModelCommit,
): void {
  if (commit.release === null && commit.end === null) return;
  store.touched.add(run);
  const { open, holdsSlot, inbox } = run;
  const passedOn = leave(run, commit);
  run.parkedBy = change!.release?.parkedBy ?? null;
  run.blocked = false;
  if (commit.release !== null) noteRelease(store, run, commit.release.readyAt);
  if (commit.end === null) return;
  run.continuedBy = change!.end!.continuedBy;
  if (open.length > 0) store.exercised.note('end: closes callbacks');
  if (holdsSlot !== null) store.exercised.note('end: frees a slot');
  inheritSlot(store.runs.filter(({ given }) => given.parent?.key === run.key));
  if (run.inbox.length > 0) store.exercised.note('end: keeps events');
  if (inbox.length > run.inbox.length + passedOn.length) store.exercised.note('end: drops facts');
  const successor = run.continuedBy === null ? undefined : store.find(run.given.namespace, run.continuedBy);
  if (passedOn.length === 0 || successor === undefined) return;
  store.exercised.note('end: passes facts on');
  for (const { kind, text } of passedOn) store.deliver(successor, kind, at, text!);
}

function noteRelease(
  store: TracedStore,
  { status, readyAt, parkedBy }: TracedRun,
  wanted: number | null,
): void {
  const { exercised } = store;
  if (readyAt !== wanted) exercised.note('release: a fact has come meanwhile');
  else if (status === 'paused' || status === 'stuck') exercised.note(`release: ${status}`);
  else exercised.note(readyAt === null ? 'release: waits for a fact' : 'release: waits for a time');
  if (parkedBy !== null) exercised.note('release: parked');
}
