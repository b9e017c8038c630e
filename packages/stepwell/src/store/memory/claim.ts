import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../claim.ts';
import { fits } from '../fit.ts';
import { allowance, byUrgency, type Candidate, type Line, nextBeginning, nextOf } from '../queue-rules.ts';
import { begin, lineUp, type MemoryQueue, stateOf } from './queue.ts';
import { change, commitsOf, factsOf, isForced, type MemoryRun, PASS } from './run.ts';
import type { MemoryState } from './state.ts';

export function claim(state: MemoryState, request: ClaimRequest): ClaimAnswer {
  if (!state.workers.has(request.worker)) return { runs: [], nextReadyAt: null };
  const waiting = candidates(state, request);
  const due = waiting.filter(({ readyAt }) => readyAt <= request.now);
  const quotas = new Quotas(state, request.now);
  const runs: ClaimedRun[] = [];
  if (request.limit > 0) {
    lineAllUp(due);
    const lines = linesOf(due, quotas);
    while (runs.length < request.limit) {
      const next = nextOf(lines);
      if (next === null) break;
      if (next.outOfTurn || state.hasSlot(next.run)) runs.push(give(state, quotas, next, request));
    }
  }
  return { runs, nextReadyAt: nextReadyAt(state, waiting, request) };
}

interface Waiting extends Candidate {
  readonly run: MemoryRun;
  readonly outOfTurn: boolean;
  /** Null: it has no settings, or does not matter. */
  readonly queue: MemoryQueue | null;
}

/** Runs that the worker could be given, now or at their time, if there is room in their queues. */
function candidates(state: MemoryState, request: ClaimRequest): Waiting[] {
  const found: Waiting[] = [];
  for (const run of state.active) {
    const { key, owner, readyAt, priority } = run.record;
    if (owner !== null) continue;
    const isFitting = readyAt !== null && fits(request, run.record);
    const isExpired = hasNotBegunBy(run, request.now);
    const outOfTurn = isExpired || (readyAt !== null && isForced(run)) || (isFitting && run.turn === PASS);
    const queue = outOfTurn ? undefined : state.queueOf(run.record);
    if (!outOfTurn && (!isFitting || (queue !== undefined && queue.paused !== null))) continue;
    const at = isExpired ? Math.min(readyAt ?? run.record.beginBy!, request.now) : readyAt!;
    found.push({ key, priority, readyAt: at, run, outOfTurn, queue: queue ?? null });
  }
  return found;
}

function hasNotBegunBy({ record: { startedAt, beginBy } }: MemoryRun, now: number): boolean {
  return startedAt === null && beginBy !== null && beginBy <= now;
}

function lineAllUp(due: readonly Waiting[]): void {
  for (const { run, queue } of due.toSorted((a, b) => a.readyAt - b.readyAt || a.key - b.key))
    if (queue !== null && run.turn === null) lineUp(queue, run);
}

function linesOf(due: readonly Waiting[], quotas: Quotas): Line<Waiting>[] {
  return [...Map.groupBy(due, ({ queue }) => queue)].map(([queue, runs]) => {
    if (queue === null) return new SortedLine(runs.toSorted(byUrgency), () => true);
    const inTurn = runs.toSorted(
      (a, b) => b.priority - a.priority || a.run.turn! - b.run.turn! || byUrgency(a, b),
    );
    return new SortedLine(inTurn, ({ run }) => quotas.allow(queue, run));
  });
}

class SortedLine implements Line<Waiting> {
  readonly #runs: readonly Waiting[];
  readonly #isAllowed: (run: Waiting) => boolean;
  #index = 0;

  constructor(runs: readonly Waiting[], isAllowed: (run: Waiting) => boolean) {
    this.#runs = runs;
    this.#isAllowed = isAllowed;
  }

  first(): Waiting | null {
    while (this.#index < this.#runs.length && !this.#isAllowed(this.#runs[this.#index]!)) this.#index++;
    return this.#runs[this.#index] ?? null;
  }

  shift(): void {
    this.#index++;
  }
}

/** What the queues still have to give in one claim. */
class Quotas {
  readonly #state: MemoryState;
  readonly #now: number;
  readonly #left = new Map<MemoryQueue, { places: number; beginnings: number }>();

  constructor(state: MemoryState, now: number) {
    this.#state = state;
    this.#now = now;
  }

  allow(queue: MemoryQueue, run: MemoryRun): boolean {
    const { places, beginnings } = this.#of(queue);
    return places > 0 && (run.record.startedAt !== null || beginnings > 0);
  }

  take(queue: MemoryQueue, begins: boolean): void {
    const left = this.#of(queue);
    left.places--;
    if (begins) left.beginnings--;
  }

  #of(queue: MemoryQueue): { places: number; beginnings: number } {
    const known = this.#left.get(queue);
    if (known !== undefined) return known;
    const left = allowance(stateOf(queue, this.#state.active), this.#now);
    this.#left.set(queue, left);
    return left;
  }
}

function give(
  state: MemoryState,
  quotas: Quotas,
  { run, outOfTurn }: Waiting,
  { worker, now }: ClaimRequest,
): ClaimedRun {
  const parked = run.parkedBy === worker;
  const begins = run.record.startedAt === null && !outOfTurn;
  const queue = state.queueOf(run.record);
  if (queue !== undefined) {
    quotas.take(queue, begins);
    if (begins) begin(queue, run.turn!, now);
  }
  if (run.record.concurrencyKey !== null) run.slot ??= 'own';
  change(run, {
    status: 'running',
    owner: worker,
    readyAt: null,
    waitingFor: [],
    error: undefined,
    startedAt: run.record.startedAt ?? (hasNotBegunBy(run, now) ? null : now),
  });
  run.turn = null;
  run.parkedBy = null;
  state.undebounce(run);
  return {
    run: state.view(run),
    journal: parked ? null : commitsOf(run, 0, Number.POSITIVE_INFINITY),
    facts: factsOf(run, 0),
  };
}

function nextReadyAt(
  state: MemoryState,
  waiting: readonly Waiting[],
  { now, queues }: ClaimRequest,
): number | null {
  const times = waiting.map(({ readyAt }) => readyAt);
  for (const { record } of state.active) {
    const { owner, startedAt, beginBy } = record;
    if (owner === null && startedAt === null && beginBy !== null) times.push(beginBy);
  }
  for (const queue of state.queues.values()) {
    if (queue.paused !== null || (queues !== null && !queues.includes(queue.name))) continue;
    const at = nextBeginning(queue);
    if (at !== null) times.push(at);
  }
  const next = Math.min(...times.filter((at) => at > now));
  return next === Number.POSITIVE_INFINITY ? null : next;
}
