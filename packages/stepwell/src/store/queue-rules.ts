import { durationText } from '../model/duration.ts';
import type { QueueLimits, QueuePause } from '../model/queue.ts';
import { present } from '../model/fields.ts';
import { pauseReason, type RunKey, type RunRecord, type WaitReason } from '../model/run.ts';

/*
 * What a claim gives of a queue that has settings (one namespace, one name). All of it holds at every moment, over all
 * workers, whatever the order in which claims come; runs that are given out of turn (see `Store.claim`) are not held.
 *
 * Line. A claim with a limit above 0 first gives a turn to every run of a queue that it serves and that is not paused,
 * if the run is unowned, due, fits the worker, and has no turn; in the order of `readyAt`, then age. A run that has begun
 * before gets turn 0. Any other gets turn max(queue, key) + 1, where `queue` is the highest turn that was given to a worker
 * of this queue, and `key` the last turn that a run with its concurrency key was given in it (runs without a key are one
 * key); both are 0 at first. So keys take turns: a key that comes late is at most two runs of each other key behind.
 * A run loses its turn when it is given to a worker, moved by a debounced start, or marked as stuck.
 *
 * Order. Within the queue: priority, then turn, then `readyAt`, then age. Between queues (all those without settings, and
 * what is given out of turn, count as one, in which the order is priority, `readyAt`, age): {@link nextOf}.
 *
 * Places. `concurrency`: a run is given only while fewer runs of the queue are owned; those that were given out of
 * turn count. `rate`: a run that has not begun is given only while fewer than `limit` runs of the queue have begun after
 * now - `period`; what is given out of turn does not begin. When a run begins, those that began at or before
 * now - `period` are forgotten. `perKey`: the limit of concurrency keys for runs with no
 * limit of their own, 1 without it. A run without a slot is passed over.
 *
 * Settings. When a queue gets its first or loses its last setting, its runs have no turns, its keys and itself turn 0, and
 * nothing has begun. When it loses its rate, nothing has begun. A start takes `startDeadline` as it is then:
 * `beginBy` = `readyAt` + `startDeadline`, unless the run brings a `beginBy` of its own, which may be null.
 */

/** A run that a claim may give. */
export interface Candidate {
  readonly key: RunKey;
  readonly priority: number;
  readonly readyAt: number;
}

/** Runs of one queue with settings, or of all others, in their order. */
export interface Line<C extends Candidate> {
  /** The first one that its queue lets go now; null: none. */
  first(): C | null;
  /** Takes the first one out. */
  shift(): void;
}

/**
 * Merges lines: the next is the most urgent of their first ones, by priority, then `readyAt`, then age. The caller shifts a
 * line by taking from it, gives the run or passes it over, and asks for the next.
 */
export function nextOf<C extends Candidate>(lines: readonly Line<C>[]): C | null {
  let best: C | null = null;
  let from: Line<C> | null = null;
  for (const line of lines) {
    const first = line.first();
    if (first === null || (best !== null && byUrgency(first, best) > 0)) continue;
    best = first;
    from = line;
  }
  from?.shift();
  return best;
}

export function byUrgency(a: Candidate, b: Candidate): number {
  return b.priority - a.priority || a.readyAt - b.readyAt || a.key - b.key;
}

/** A queue with settings, as it stands. */
export interface QueueState {
  readonly name: string;
  readonly limits: QueueLimits;
  readonly paused: QueuePause | null;
  /** Runs of it that are owned. */
  readonly active: number;
  /** Times at which runs began, oldest first; at least those within the period of its rate. */
  readonly begun: readonly number[];
}

/** How many runs a claim may give: in all, and of those that have not begun. */
export function allowance(
  { limits: { concurrency, rate }, paused, active, begun }: QueueState,
  now: number,
): { places: number; beginnings: number } {
  if (paused !== null) return { places: 0, beginnings: 0 };
  const places = Math.max(0, (concurrency ?? Number.POSITIVE_INFINITY) - active);
  if (rate === undefined) return { places, beginnings: places };
  const within = begun.filter((at) => at > now - rate.period).length;
  return { places, beginnings: Math.max(0, rate.limit - within) };
}

/** From when on the rate lets the next run begin, as far as is known; null: it holds nothing. */
export function nextBeginning({
  limits: { rate },
  begun,
}: Pick<QueueState, 'limits' | 'begun'>): number | null {
  const last = rate === undefined ? undefined : begun.at(-rate.limit);
  return last === undefined ? null : last + rate!.period;
}

/**
 * What of a queue's settings holds runs back. That of a rate is there as long as its beginnings are kept: one whose
 * `until` has passed holds nothing any more.
 */
export function holdsOf(state: QueueState): WaitReason[] {
  const { name, limits, paused, active } = state;
  const holds: WaitReason[] = [];
  if (paused !== null) {
    holds.push(pauseReason('queue paused', `the queue "${name}"`, paused));
  }
  if (limits.concurrency !== undefined && active >= limits.concurrency) {
    holds.push({
      kind: 'queue limit',
      detail: `the queue "${name}" runs at most ${limits.concurrency} at once`,
    });
  }
  const until = nextBeginning(state);
  if (until !== null) {
    const { limit, period } = limits.rate!;
    const detail = `of the queue "${name}" at most ${limit} begin in ${durationText(period)}`;
    holds.push(present({ kind: 'rate', detail, until } as const));
  }
  return holds;
}

/** A run with the reasons why it is not given to a worker. */
export function withHolds(run: RunRecord, holds: readonly WaitReason[], lacksSlot: boolean): RunRecord {
  if (run.status === 'queued') {
    const ofQueue = run.startedAt === null ? holds : holds.filter(({ kind }) => kind !== 'rate');
    const ofKey: WaitReason[] = lacksSlot ? [{ kind: 'concurrency', detail: run.concurrencyKey! }] : [];
    const reasons = [...ofQueue, ...ofKey];
    return reasons.length === 0 ? run : { ...run, waitingFor: reasons };
  }
  if (run.status !== 'waiting' || run.readyAt === null) return run;
  const added = holds.filter(({ kind }) => kind !== 'rate');
  return added.length === 0 ? run : { ...run, waitingFor: [...run.waitingFor, ...added] };
}
