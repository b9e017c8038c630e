import { hasNoSettings, type QueueChange, type QueueRecord } from '../../model/queue.ts';
import type { RunStatus } from '../../model/run.ts';
import type { Newsroom } from '../newsroom.ts';
import { holdsOf } from '../queue-rules.ts';
import { emptyQueue, isOf, nameOf, stateOf } from './queue.ts';
import { isInLine } from './run.ts';
import type { MemoryState } from './state.ts';

export function setQueue(state: MemoryState, news: Newsroom, change: QueueChange): void {
  const { namespace, queue: name, now } = change;
  const queue = state.queueOf({ namespace, queue: name }) ?? emptyQueue(namespace, name);
  queue.limits = structuredClone(change.limits ?? queue.limits);
  if (change.paused !== undefined) queue.paused = structuredClone(change.paused);
  if (queue.limits.rate === undefined) queue.begun = [];
  if (!hasNoSettings(queue.limits, queue.paused)) state.queues.set(nameOf(queue), queue);
  else if (state.queues.delete(nameOf(queue))) {
    for (const run of state.active) if (isInLine(run) && isOf(queue, run.record)) run.turn = null;
  }
  news.ready(now);
}

export function queues(state: MemoryState, namespace: string): QueueRecord[] {
  const counts = new Map<string, Partial<Record<RunStatus, number>>>();
  const queuedSince = new Map<string, number>();
  for (const { record } of state.runs.values()) {
    if (record.namespace !== namespace) continue;
    const ofQueue = counts.get(record.queue) ?? {};
    counts.set(record.queue, { ...ofQueue, [record.status]: (ofQueue[record.status] ?? 0) + 1 });
    // Runs are kept in the order in which they were put in.
    if (record.status === 'queued' && !queuedSince.has(record.queue))
      queuedSince.set(record.queue, record.createdAt);
  }
  const withSettings = [...state.queues.values()].filter((queue) => queue.namespace === namespace);
  const names = new Set([...counts.keys(), ...withSettings.map(({ name }) => name)]);
  return [...names].toSorted().map((name) => {
    const queue = state.queueOf({ namespace, queue: name });
    return {
      namespace,
      name,
      limits: structuredClone(queue?.limits ?? {}),
      paused: structuredClone(queue?.paused ?? null),
      counts: counts.get(name) ?? {},
      queuedSince: queuedSince.get(name) ?? null,
      holds: queue === undefined ? [] : holdsOf(stateOf(queue, state.active)),
    };
  });
}
