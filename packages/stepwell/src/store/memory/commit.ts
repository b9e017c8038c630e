import { sortedTags } from '../../model/tags.ts';
import type { CommitAnswer, CommitRequest, RunChange } from '../commit.ts';
import { afterEnd, wakes } from '../inbox.ts';
import type { Newsroom } from '../newsroom.ts';
import { deliver, put } from './delivery.ts';
import { change, factsOf, type MemoryRun } from './run.ts';
import type { MemoryState } from './state.ts';

export function commit(state: MemoryState, news: Newsroom, request: CommitRequest): CommitAnswer {
  const run = state.runs.get(request.run);
  if (run === undefined || run.journal.has(request.position) || closesWhatIsClosed(state, run, request)) {
    return 'refused';
  }
  const { position, at, count, events } = request;
  const stored = { position, at, count, events };
  run.journal.set(position, stored);
  state.feed.add(run, stored);
  run.inbox = run.inbox.filter(({ number }) => number > request.taken);
  for (const { callback, op } of request.open) state.callbacks.set(callback, { run, op });
  for (const callback of request.close) state.callbacks.delete(callback);
  for (const { run: child, refusal } of request.starts) {
    if (state.insert(child).created) news.ready(child.readyAt);
    else put(state, news, run, refusal, at);
  }
  for (const { run: to, fact } of request.deliver) deliver(state, news, { to, now: at, fact });
  if (request.change !== null) apply(state, news, run, request.change, at);
  news.journal(run.record.key, structuredClone(request.change?.end));
  return 'stored';
}

function closesWhatIsClosed(state: MemoryState, run: MemoryRun, { open, close }: CommitRequest): boolean {
  return close.some(
    (callback) =>
      state.callbacks.get(callback)?.run !== run && !open.some((one) => one.callback === callback),
  );
}

function apply(state: MemoryState, news: Newsroom, run: MemoryRun, wanted: RunChange, at: number): void {
  if (wanted.progress !== undefined) change(run, { progress: wanted.progress });
  if (wanted.statusText !== undefined) change(run, { statusText: wanted.statusText });
  if (wanted.tags !== undefined) change(run, { tags: sortedTags([...run.record.tags, ...wanted.tags]) });
  if (wanted.release !== undefined) release(state, news, run, wanted.release, at);
  if (wanted.end !== undefined) end(state, news, run, wanted.end, at);
}

function release(
  state: MemoryState,
  news: Newsroom,
  run: MemoryRun,
  wanted: NonNullable<RunChange['release']>,
  at: number,
): void {
  const { status, waitingFor, seen, parkedBy, error } = wanted;
  const woken = factsOf(run, seen).some(({ fact }) => wakes(status, true, fact));
  const readyAt = woken ? Math.min(wanted.readyAt ?? at, at) : wanted.readyAt;
  change(run, { status, readyAt, waitingFor, error, owner: null });
  run.parkedBy = parkedBy;
  run.turn = null;
  if (readyAt !== null) news.ready(readyAt);
  if (state.queueOf(run.record) !== undefined) news.ready(at);
}

function end(
  state: MemoryState,
  news: Newsroom,
  run: MemoryRun,
  { status, output, error, continuedBy, endedAt }: NonNullable<RunChange['end']>,
  at: number,
): void {
  change(run, { status, output, error, continuedBy, endedAt, readyAt: null, owner: null, waitingFor: [] });
  const left = factsOf(run, 0);
  run.inbox = run.inbox.filter((_, n) => afterEnd(status, left[n]!.fact) === 'kept');
  for (const { fact } of left) {
    if (continuedBy === null || afterEnd(status, fact) !== 'passed on') continue;
    deliver(state, news, { to: { namespace: run.record.namespace, id: continuedBy }, now: at, fact });
  }
  run.parkedBy = null;
  run.turn = null;
  state.active.delete(run);
  state.closeCallbacksOf(run);
  freeSlot(state, run);
  if (run.record.concurrencyKey !== null || state.queueOf(run.record) !== undefined) news.ready(at);
}

function freeSlot(state: MemoryState, run: MemoryRun): void {
  run.slot = null;
  if (run.record.concurrencyKey === null) return;
  for (const child of state.active)
    if (child.slot === 'shared' && child.record.parent?.key === run.record.key)
      child.slot = child.record.startedAt === null ? null : 'own';
}
