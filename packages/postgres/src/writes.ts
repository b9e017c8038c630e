import type { CommitAnswer, CommitRequest, DeliverAnswer, Delivery, News, NewRun } from 'stepwell/engine';
import type { Database } from './database.ts';
import { isOfContent, isPassing } from './errors.ts';
import { Flush, flushCall, type FlushRow, type Start, type Started } from './flush.ts';
import type { Lanes } from './lanes.ts';

/** So much goes in one flush at most; what is left goes in the next. */
const MOST_ITEMS = 10_000;
const MOST_CHARACTERS = 32 * 1024 * 1024;
/** How often a flush is tried again that met another transaction in its way, and the longest pause before it (ms). */
const MOST_TRIES = 10;
const LONGEST_PAUSE = 50;

type Item =
  | { readonly kind: 'start'; readonly what: Start; readonly answer: Answer<Started> }
  | { readonly kind: 'commit'; readonly what: CommitRequest; readonly answer: Answer<CommitAnswer> }
  | { readonly kind: 'delivery'; readonly what: Delivery; readonly answer: Answer<DeliverAnswer> };

interface Answer<T> {
  given(answer: T): void;
  failed(error: Error): void;
}

interface WriteParts {
  readonly database: Database;
  readonly lanes: Lanes;
  /** Calls back once the work at hand is done. */
  readonly soon: (callback: () => void) => void;
  readonly publish: (news: readonly News[]) => void;
  readonly report: (error: unknown) => void;
}

/**
 * Brings the starts, commits and deliveries of one moment together in one flush: one call, one round trip, one
 * transaction. One flush is under way at a time; what comes meanwhile goes with the next one, together with what the
 * answers of this one set free.
 *
 *     idle ──call──▶ gathering ──soon──▶ flushing ──answered, nothing waits──▶ idle
 *                        ▲──────answered, something waits──────┘
 */
export class Writes {
  readonly #parts: WriteParts;
  readonly #flush: string;
  readonly #append: string;
  #waiting: Item[] = [];
  #state: 'idle' | 'gathering' | 'flushing' = 'idle';
  #idle: (() => void) | null = null;

  constructor(parts: WriteParts) {
    this.#parts = parts;
    const { schema } = parts.database;
    this.#flush = flushCall(schema);
    this.#append = `select ${schema}.append($1, $2, $3, $4, $5, null, false) as refused`;
  }

  async start(runs: readonly NewRun[], owner: string | null): Promise<Started[]> {
    if (!this.#parts.lanes.know(runs)) await this.#parts.lanes.learn(runs);
    return this.#enter(runs, (run, answer) => ({ kind: 'start', what: { run, owner }, answer }));
  }

  async commit(requests: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const children = requests.flatMap(({ starts }) => starts.map(({ run }) => run));
    if (!this.#parts.lanes.know(children)) await this.#parts.lanes.learn(children);
    return this.#enter(requests, (what, answer) => ({ kind: 'commit', what, answer }));
  }

  deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    return this.#enter(deliveries, (what, answer) => ({ kind: 'delivery', what, answer }));
  }

  /** Resolves when all that was asked for is answered. */
  async settled(): Promise<void> {
    if (this.#state !== 'idle') await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** The answers of one call, when all its items have theirs. */
  #enter<W, A>(things: readonly W[], itemOf: (what: W, answer: Answer<A>) => Item): Promise<A[]> {
    if (things.length === 0) return Promise.resolve([]);
    const { promise, resolve, reject } = Promise.withResolvers<A[]>();
    const answers: A[] = Array.from({ length: things.length });
    let missing = things.length;
    let error: Error | null = null;
    const settle = () => {
      if (--missing > 0) return;
      if (error === null) resolve(answers);
      else reject(error);
    };
    for (const [index, what] of things.entries()) {
      const answer = {
        given(value: A) {
          answers[index] = value;
          settle();
        },
        failed(thrown: Error) {
          error ??= thrown;
          settle();
        },
      };
      this.#waiting.push(itemOf(what, answer));
    }
    this.#gather();
    return promise;
  }

  #gather(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'gathering';
    this.#parts.soon(() => void this.#flushWaiting());
  }

  async #flushWaiting(): Promise<void> {
    this.#state = 'flushing';
    await this.#write(this.#take());
    this.#state = 'idle';
    if (this.#waiting.length === 0) this.#idle?.();
    // Whoever was answered has as long as this to ask for more.
    else this.#parts.soon(() => this.#gather());
  }

  /** What goes together, up to the first that does not. */
  #take(): Batch {
    const batch: Batch = { flush: new Flush(), items: [] };
    let characters = 0;
    for (const item of this.#waiting) {
      const isFull = batch.items.length >= MOST_ITEMS || characters > MOST_CHARACTERS;
      if (isFull || !put(item, batch)) break;
      characters += sizeOf(item);
    }
    this.#waiting = this.#waiting.slice(batch.items.length);
    return batch;
  }

  async #write({ flush, items }: Batch): Promise<void> {
    let row: FlushRow;
    try {
      row = await this.#tried(flush);
    } catch (thrown) {
      if (items.length > 1 && isOfContent(thrown)) await this.#writeEach(items);
      else this.#refuse(items, thrown);
      return;
    }
    const commits = flush.commitAnswers(row);
    give(items, { starts: flush.startAnswers(row), commits, deliveries: flush.deliverAnswers(row) });
    this.#parts.publish(flush.news(row, commits));
  }

  #refuse(items: readonly Item[], thrown: unknown): void {
    const error = this.#parts.database.explain(thrown);
    const [only] = items;
    // A commit that cannot be stored must cost its own run only: it is taken up again, with growing pauses.
    if (items.length === 1 && only!.kind === 'commit' && isOfContent(thrown)) {
      this.#parts.report(error);
      only!.answer.given('refused');
    } else for (const { answer } of items) answer.failed(error);
  }

  /** Something in a flush is at fault: the others must not suffer from it. */
  async #writeEach(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      const batch: Batch = { flush: new Flush(), items: [] };
      put(item, batch);
      await this.#write(batch);
    }
  }

  async #tried(flush: Flush): Promise<FlushRow> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#call(flush);
      } catch (thrown) {
        if (!isPassing(thrown) || tries === MOST_TRIES) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE));
      }
    }
  }

  async #call(flush: Flush): Promise<FlushRow> {
    const { database, lanes } = this.#parts;
    if (flush.isPlain) {
      const [row] = await database.tryWrite<{ refused: number[] | null }>(
        'append',
        this.#append,
        flush.plainParameters(),
      );
      return { ...NOTHING, ...row! };
    }
    const [row] = await database.tryWrite<FlushRow>('flush', this.#flush, flush.parameters(lanes));
    return row!;
  }
}

const NOTHING: FlushRow = {
  refused: null,
  answers: [],
  targets: [],
  keys: null,
  owned: null,
  moved: null,
  told: null,
  ready_at: null,
};

interface Batch {
  readonly flush: Flush;
  readonly items: Item[];
}

function put(item: Item, { flush, items }: Batch): boolean {
  if (item.kind === 'start') flush.starts.push(item.what);
  else if (item.kind === 'delivery') flush.deliveries.push(item.what);
  else if (!flush.addCommit(item.what)) return false;
  items.push(item);
  return true;
}

function give(
  items: readonly Item[],
  answers: { starts: Started[]; commits: CommitAnswer[]; deliveries: DeliverAnswer[] },
): void {
  let [start, commit, delivery] = [0, 0, 0];
  for (const item of items) {
    if (item.kind === 'start') item.answer.given(answers.starts[start++]!);
    else if (item.kind === 'commit') item.answer.given(answers.commits[commit++]!);
    else item.answer.given(answers.deliveries[delivery++]!);
  }
}

/** About; values that are not counted are small. */
function sizeOf(item: Item): number {
  return item.kind === 'commit' ? item.what.events.length : 100;
}
