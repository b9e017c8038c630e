import type { Failure } from '../../model/failure.ts';
import { kindOf } from '../fit.ts';
import type { WorkerRecord } from '../records.ts';
import { fits } from '../fit.ts';
import type { Newsroom } from '../newsroom.ts';
import { change, isForced, isInLine, isUnowned } from './run.ts';
import type { MemoryState } from './state.ts';

export function register(state: MemoryState, news: Newsroom, worker: WorkerRecord): void {
  const before = state.workers.get(worker.id);
  state.workers.set(worker.id, structuredClone(worker));
  for (const run of state.active) {
    if (run.record.status !== 'stuck' || !fits(worker, run.record)) continue;
    if (before !== undefined && fits(before, run.record)) continue;
    const readyAt = Math.min(run.record.readyAt ?? worker.heartbeatAt, worker.heartbeatAt);
    change(run, { status: 'queued', readyAt, waitingFor: [], error: undefined });
    news.ready(readyAt);
  }
}

export function heartbeat(state: MemoryState, id: string, heartbeatAt: number, expiresAt: number): boolean {
  const worker = state.workers.get(id);
  if (worker !== undefined) state.workers.set(id, { ...worker, heartbeatAt, expiresAt });
  return worker !== undefined;
}

export function retire(state: MemoryState, news: Newsroom, worker: string, now: number): void {
  state.workers.delete(worker);
  for (const run of state.active) {
    if (run.record.owner !== worker) continue;
    change(run, { owner: null, status: 'queued', readyAt: now });
    news.ready(now);
  }
}

export function expire(state: MemoryState, news: Newsroom, now: number): string[] {
  const left = [...state.workers.values()].filter(({ expiresAt }) => expiresAt <= now).map(({ id }) => id);
  for (const worker of left) retire(state, news, worker, now);
  return left.toSorted();
}

export function strand(state: MemoryState, now: number, error: Failure): number {
  const workers = [...state.workers.values()];
  let stranded = 0;
  for (const run of state.active) {
    const { readyAt, workflow, version } = run.record;
    if (readyAt === null || readyAt > now || !isUnowned(run) || isForced(run)) continue;
    if (workers.some((worker) => fits(worker, run.record))) continue;
    const waitingFor = [{ kind: 'no worker', detail: kindOf(workflow, version), error }] as const;
    change(run, { status: 'stuck', readyAt: null, error, waitingFor });
    if (isInLine(run)) run.turn = null;
    stranded++;
  }
  return stranded;
}
