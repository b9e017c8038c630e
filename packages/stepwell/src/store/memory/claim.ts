import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../contract.ts';
import { fits } from '../fit.ts';
import {
  change,
  commitsOf,
  factsOf,
  isForced,
  isUnowned,
  type MemoryRun,
  type MemoryState,
} from './state.ts';

export function claim(state: MemoryState, request: ClaimRequest): ClaimAnswer {
  if (!state.workers.has(request.worker)) return { runs: [], nextReadyAt: null };
  const runs: ClaimedRun[] = [];
  let nextReadyAt: number | null = null;
  for (const { run, readyAt, forced } of inOrder(state, request)) {
    if (readyAt > request.now) nextReadyAt = Math.min(nextReadyAt ?? readyAt, readyAt);
    else if (runs.length < request.limit && (forced || state.hasSlot(run)))
      runs.push(give(state, run, request));
  }
  return { runs, nextReadyAt };
}

interface Candidate {
  readonly run: MemoryRun;
  readonly readyAt: number;
  readonly forced: boolean;
}

function inOrder(state: MemoryState, request: ClaimRequest): Candidate[] {
  const candidates: Candidate[] = [];
  for (const run of state.active) {
    const { readyAt } = run.record;
    if (readyAt === null || !isUnowned(run)) continue;
    const forced = isForced(run);
    if (forced || fits(request, run.record)) candidates.push({ run, readyAt, forced });
  }
  return candidates.toSorted(
    (a, b) =>
      b.run.record.priority - a.run.record.priority ||
      a.readyAt - b.readyAt ||
      a.run.record.key - b.run.record.key,
  );
}

function give(state: MemoryState, run: MemoryRun, { worker, now }: ClaimRequest): ClaimedRun {
  const parked = run.parkedBy === worker;
  change(run, {
    status: 'running',
    owner: worker,
    readyAt: null,
    waitingFor: [],
    error: undefined,
    startedAt: run.record.startedAt ?? now,
  });
  run.begun = true;
  run.parkedBy = null;
  return {
    run: state.view(run),
    journal: parked ? null : commitsOf(run, 0, Number.POSITIVE_INFINITY),
    facts: factsOf(run, 0),
  };
}
