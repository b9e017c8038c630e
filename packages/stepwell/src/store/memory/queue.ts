import type { QueueLimits, QueuePause } from '../../model/queue.ts';
import type { RunRecord } from '../../model/run.ts';
import type { QueueState } from '../queue-rules.ts';
import type { MemoryRun } from './run.ts';

/** A queue with settings. */
export interface MemoryQueue {
  readonly namespace: string;
  readonly name: string;
  limits: QueueLimits;
  paused: QueuePause | null;
  /** The highest turn of a run that was given to a worker. */
  turn: number;
  /** The last turn of each concurrency key; null: of the runs without one. */
  readonly turns: Map<string | null, number>;
  /** When runs began, oldest first. */
  begun: number[];
}

export function emptyQueue(namespace: string, name: string): MemoryQueue {
  return { namespace, name, limits: {}, paused: null, turn: 0, turns: new Map(), begun: [] };
}

export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return JSON.stringify([namespace, name]);
}

export function isOf(queue: MemoryQueue, run: RunRecord): boolean {
  return run.namespace === queue.namespace && run.queue === queue.name;
}

export function stateOf(queue: MemoryQueue, runs: Iterable<MemoryRun>): QueueState {
  let active = 0;
  for (const { record } of runs) if (record.owner !== null && isOf(queue, record)) active++;
  return { ...queue, active };
}

/** Gives a run that has none its turn. */
export function lineUp(queue: MemoryQueue, run: MemoryRun): void {
  const { startedAt, concurrencyKey } = run.record;
  if (startedAt !== null) {
    run.turn = 0;
    return;
  }
  run.turn = Math.max(queue.turn, queue.turns.get(concurrencyKey) ?? 0) + 1;
  queue.turns.set(concurrencyKey, run.turn);
}

/** A run that was in line begins. */
export function begin(queue: MemoryQueue, turn: number, now: number): void {
  queue.turn = Math.max(queue.turn, turn);
  const { rate } = queue.limits;
  if (rate === undefined) return;
  queue.begun = [...queue.begun.filter((at) => at > now - rate.period), now].toSorted((a, b) => a - b);
}
