import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../claim.ts';
import type { Newsroom } from '../newsroom.ts';
import { type Line, nextBeginning, nextOf } from '../queue-rules.ts';
import { type Head, Heads } from './heads.ts';
import type { Inboxes } from './inboxes.ts';
import type { Journals } from './journal.ts';
import type { Lane, Lanes } from './lanes.ts';
import { OpenLine, QueueLine } from './lines.ts';
import { OutOfTurn } from './out-of-turn.ts';
import type { Queue, Queues } from './queues.ts';
import { RUN_ROW, type RunRow, runOf } from './rows.ts';
import type { ConcurrencySlots } from './slots.ts';
import { Turns } from './turns.ts';

/** A claim that meets very many runs without a slot stops there, and tells workers to claim again. */
const BLOCKED_PER_CLAIM = 1_000;

/** So does one that meets very many runs that have no turn yet. */
const ARRIVALS_PER_CLAIM = 1_000;

interface ClaimParts {
  readonly lanes: Lanes;
  readonly queues: Queues;
  readonly journals: Journals;
  readonly inboxes: Inboxes;
  readonly slots: ConcurrencySlots;
  readonly news: Newsroom;
}

/** The lanes of a worker: those of queues without settings, and those of each queue that has some and is not paused. */
interface Served {
  readonly open: readonly Lane[];
  readonly limited: ReadonlyMap<Queue, readonly Lane[]>;
  /** Also those of paused queues. */
  readonly all: readonly Lane[];
}

/** Gives ready runs to workers: the heads of the lanes that the worker fits, merged by urgency. */
export class Claims {
  readonly #parts: ClaimParts;
  readonly #heads: Heads;
  readonly #turns: Turns;
  readonly #outOfTurn: OutOfTurn;
  readonly #worker: StatementSync;
  readonly #row: StatementSync;
  readonly #give: StatementSync;

  constructor(database: DatabaseSync, parts: ClaimParts) {
    this.#parts = parts;
    this.#heads = new Heads(database);
    this.#turns = new Turns(database);
    this.#outOfTurn = new OutOfTurn(database);
    this.#worker = database.prepare('select 1 from worker where id = ?');
    this.#row = database.prepare(`select ${RUN_ROW} from run where key = ?`);
    this.#give = database.prepare(`
      update run set status = 'running', owner = ?2, started_at = ?3, slot = ?4, ready_at = null, parked_by = null,
        blocked_at = null, turn = null, debounce_key = null, waiting_for = '[]', error = null
      where key = ?1`);
  }

  claim(request: ClaimRequest): ClaimAnswer {
    if (this.#worker.get(request.worker) === undefined) return { runs: [], nextReadyAt: null };
    const served = this.#served(request);
    const runs = request.limit > 0 ? this.#giveSome(served, request) : [];
    return { runs, nextReadyAt: this.#nextReadyAt(served, request) };
  }

  #served(request: ClaimRequest): Served {
    const { lanes, queues } = this.#parts;
    const all = lanes.fitting(request);
    if (!queues.areUsed) return { open: all, limited: new Map(), all };
    const open: Lane[] = [];
    const limited = new Map<Queue, Lane[]>();
    for (const lane of all) {
      const queue = queues.of(lane);
      if (queue === undefined) open.push(lane);
      else if (queue.paused === null) limited.set(queue, [...(limited.get(queue) ?? []), lane]);
    }
    return { open, limited, all };
  }

  #giveSome(served: Served, request: ClaimRequest): ClaimedRun[] {
    const { slots, news } = this.#parts;
    const { now, limit } = request;
    const lines = this.#lines(served, request);
    const runs: ClaimedRun[] = [];
    let blocked = 0;
    while (runs.length < limit) {
      if (blocked >= BLOCKED_PER_CLAIM) {
        news.ready(now);
        break;
      }
      const next = nextOf<Head>([lines.open, ...lines.limited.values()]);
      if (next === null) break;
      const row = this.#row.get(next.key) as unknown as RunRow;
      const outOfTurn = row.forced !== null || row.turn === -1 || hasNotBegunBy(row, now);
      if (outOfTurn || slots.has(row)) runs.push(this.#giveTo(request, row, outOfTurn, lines.limited));
      else {
        slots.block(next.key);
        blocked++;
      }
    }
    return runs;
  }

  #lines(
    { open, limited, all }: Served,
    { now, limit }: ClaimRequest,
  ): { open: Line<Head>; limited: Map<Queue, QueueLine> } {
    const first = this.#outOfTurn.at(now);
    const outOfTurn = new Set(first.map(({ key }) => key));
    const lines = new Map<Queue, QueueLine>();
    for (const [queue, lanes] of limited) {
      this.#lineUp(queue, lanes, outOfTurn, now);
      const state = this.#parts.queues.stateOf(queue);
      lines.set(queue, new QueueLine(this.#heads, lanes, { state, now, limit, outOfTurn }));
    }
    return { open: new OpenLine(this.#heads, open, all, { first, now, limit }), limited: lines };
  }

  #lineUp(queue: Queue, lanes: readonly Lane[], outOfTurn: ReadonlySet<number>, now: number): void {
    const arrivals = this.#heads.arrivals(lanes, now, ARRIVALS_PER_CLAIM);
    if (arrivals.length === ARRIVALS_PER_CLAIM) this.#parts.news.ready(now);
    const own = arrivals.filter(({ key }) => !outOfTurn.has(key));
    if (own.length > 0) this.#turns.lineUp(queue, own);
  }

  #nextReadyAt({ open, limited }: Served, { now, queues: served }: ClaimRequest): number | null {
    const { queues } = this.#parts;
    const times = [
      this.#outOfTurn.next(now),
      this.#heads.next([...open, ...[...limited.values()].flat()], now),
    ];
    for (const queue of queues.all()) {
      if (queue.limits.rate === undefined || queue.paused !== null) continue;
      if (served === null || served.includes(queue.name)) times.push(nextBeginning(queues.stateOf(queue)));
    }
    const next = Math.min(...times.filter((at) => at !== null && at > now).map(Number));
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #giveTo(
    { worker, now }: ClaimRequest,
    row: RunRow,
    outOfTurn: boolean,
    lines: ReadonlyMap<Queue, QueueLine>,
  ): ClaimedRun {
    const { lanes, queues, journals, inboxes } = this.#parts;
    const lane = lanes.get(row.lane);
    const queue = queues.of(lane);
    const begins = row.started_at === null && !outOfTurn;
    if (queue !== undefined) {
      lines.get(queue)?.gave(begins);
      if (begins) this.#turns.begin(queue, row.turn!, now);
    }
    const startedAt = row.started_at ?? (hasNotBegunBy(row, now) ? null : now);
    const slot = row.concurrency_key === null ? null : (row.slot ?? 1);
    this.#give.run(row.key, worker, startedAt, slot);
    return {
      run: {
        ...runOf(row, lane),
        status: 'running',
        owner: worker,
        startedAt,
        readyAt: null,
        waitingFor: [],
        error: undefined,
      },
      journal: row.parked_by === worker ? null : journals.all(row.key),
      facts: row.delivered === 0 ? [] : inboxes.after(row.key, 0),
    };
  }
}

function hasNotBegunBy({ started_at, begin_by }: RunRow, now: number): boolean {
  return started_at === null && begin_by !== null && begin_by <= now;
}
