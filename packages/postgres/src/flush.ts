import {
  type CommitAnswer,
  type CommitRequest,
  canBeOwnedAtOnce,
  type DeliverAnswer,
  type Delivery,
  type News,
  type NewRun,
  type RunKey,
} from 'stepwell/engine';
import { bigints, booleans, integers, texts } from './arrays.ts';
import type { Parameter } from './database.ts';
import { Deeds, textOf } from './deeds.ts';
import type { Lanes } from './lanes.ts';
import { Locks } from './locks.ts';

/** A new run that stands on its own, and the worker that has room for it. */
export interface Start {
  readonly run: NewRun;
  readonly owner: string | null;
}

/** `moved`: instead, a run of its debounce key was put off. */
export type Started =
  | { readonly key: RunKey; readonly owned: boolean }
  | { readonly moved: RunKey }
  | 'exists';

/** What `flush` answers. */
export interface FlushRow {
  readonly refused: number[] | null;
  readonly answers: string[];
  readonly targets: RunKey[];
  readonly keys: (RunKey | null)[] | null;
  readonly owned: boolean[] | null;
  readonly moved: (RunKey | null)[] | null;
  readonly told: RunKey[] | null;
  readonly ready_at: number | null;
}

/** Of `flush`, see its sql. */
const PARAMETERS = 6 + 2 + 4 + 5 + 10 + 1 + 23;

/** The call whose parameters are those of {@link Flush.parameters}. */
export function flushCall(schema: string): string {
  const parameters = Array.from({ length: PARAMETERS }, (_, index) => `$${index + 1}`);
  return `select * from ${schema}.flush(${parameters.join()})`;
}

/** All that a process writes at one moment, as the parameters of one call. */
export class Flush {
  readonly starts: Start[] = [];
  readonly commits: CommitRequest[] = [];
  readonly deliveries: Delivery[] = [];
  /** Runs that have a commit here, and callbacks that these name: another commit with one of them has to come later. */
  readonly #runs = new Set<RunKey>();
  readonly #callbacks = new Set<string>();

  get isEmpty(): boolean {
    return this.starts.length + this.commits.length + this.deliveries.length === 0;
  }

  /** False: it does not go together with what is here already. */
  addCommit(request: CommitRequest): boolean {
    const named = [...request.open.map(({ callback }) => callback), ...request.close];
    if (this.#runs.has(request.run) || named.some((callback) => this.#callbacks.has(callback))) return false;
    this.#runs.add(request.run);
    for (const callback of named) this.#callbacks.add(callback);
    this.commits.push(request);
    return true;
  }

  /** Nothing but events: an ordinary step's commit is one insert. */
  get isPlain(): boolean {
    return this.starts.length + this.deliveries.length === 0 && this.commits.every(isPlain);
  }

  /** Of `append`. */
  plainParameters(): Parameter[] {
    return commitColumns(this.commits.toSorted(byRun)).slice(0, 5);
  }

  /** Of `flush`. */
  parameters(lanes: Lanes): Parameter[] {
    const sorted = this.commits.toSorted(byRun);
    const numbers = new Map(sorted.map((request, index) => [request, index + 1]));
    const deeds = new Deeds();
    const locks = new Locks();
    const ends: CommitRequest[] = [];
    const children: NewRun[] = [];
    const addressed = this.#addressed();
    for (const request of this.commits) {
      const isPlain = isPlainEnd(request) && addressed !== 'unknown' && !addressed.has(request.run);
      if (isPlain) ends.push(request);
      locks.ofCommit(request, isPlain);
      deeds.ofCommit(request, numbers.get(request)!, this.starts.length + children.length + 1, !isPlain);
      children.push(...request.starts.map(({ run }) => run));
    }
    for (const [index, delivery] of this.deliveries.entries()) {
      locks.ofDelivery(delivery);
      deeds.ofDelivery(delivery, index + 1);
    }
    return [
      ...commitColumns(sorted),
      ...closingColumns(sorted),
      ...endColumns(ends.toSorted(byRun), numbers),
      ...locks.parameters(),
      ...deeds.parameters(),
      this.starts.length,
      ...runColumns([...this.starts, ...children.map((run) => ({ run, owner: null }))], lanes),
    ];
  }

  /** Runs to which something is sent here; `unknown` if one of them is named by its id. */
  #addressed(): ReadonlySet<RunKey> | 'unknown' {
    const keys = new Set<RunKey>();
    for (const { deliver } of this.commits) {
      for (const { run } of deliver) {
        if (!('key' in run)) return 'unknown';
        keys.add(run.key);
      }
    }
    return keys;
  }

  startAnswers({ keys, owned, moved }: FlushRow): Started[] {
    return this.starts.map((_, index) => {
      const instead = moved?.[index] ?? null;
      if (instead !== null) return { moved: instead };
      const key = keys?.[index] ?? null;
      return key === null ? 'exists' : { key, owned: owned![index]! };
    });
  }

  commitAnswers({ refused }: FlushRow): CommitAnswer[] {
    if (refused === null) return this.commits.map(() => 'stored');
    const sorted = this.commits.toSorted(byRun);
    const lost = new Set(refused.map((number) => sorted[number - 1]));
    return this.commits.map((request) => (lost.has(request) ? 'refused' : 'stored'));
  }

  deliverAnswers({ answers, targets }: FlushRow): DeliverAnswer[] {
    return this.deliveries.map((_, index) => {
      const answer = answers[index]!;
      return answer === 'unknown' || answer === 'ended' || answer === 'active'
        ? { delivered: false, because: answer }
        : { delivered: true, run: targets[index]! };
    });
  }

  news(row: FlushRow, answers: readonly CommitAnswer[]): News[] {
    const news: News[] = [];
    for (const [index, { run, change }] of this.commits.entries()) {
      if (answers[index] === 'refused') continue;
      const end = change?.end;
      news.push(
        end === undefined
          ? { type: 'journal', run, ended: false }
          : { type: 'journal', run, ended: true, end },
      );
    }
    for (const run of new Set(row.told)) news.push({ type: 'fact', run });
    if (row.ready_at !== null) news.push({ type: 'ready', at: row.ready_at });
    return news;
  }
}

function byRun(a: CommitRequest, b: CommitRequest): number {
  return a.run - b.run;
}

function isPlain({ taken, open, close, starts, deliver, change }: CommitRequest): boolean {
  return taken === 0 && change === null && open.length + close.length + starts.length + deliver.length === 0;
}

/** An end after which nothing else is to be done for this commit, so that many of them are one update. */
function isPlainEnd({ at, open, starts, change }: CommitRequest): boolean {
  const end = change?.end;
  return (
    end !== undefined &&
    end.continuedBy === null &&
    end.endedAt === at &&
    open.length === 0 &&
    starts.length === 0 &&
    change?.release === undefined
  );
}

function commitColumns(commits: readonly CommitRequest[]): Parameter[] {
  if (commits.length === 0) return [null, null, null, null, null, null];
  return [
    bigints(commits.map(({ run }) => run)),
    integers(commits.map(({ position }) => position)),
    bigints(commits.map(({ at }) => at)),
    integers(commits.map(({ count }) => count)),
    texts(commits.map(({ events }) => events)),
    commits.some(({ taken }) => taken > 0) ? integers(commits.map(({ taken }) => taken)) : null,
  ];
}

/** Callbacks that have to be open; what a commit opens itself it can close. */
function closingColumns(commits: readonly CommitRequest[]): Parameter[] {
  const numbers: number[] = [];
  const callbacks: string[] = [];
  for (const [index, { open, close }] of commits.entries()) {
    for (const callback of close) {
      if (open.some((one) => one.callback === callback)) continue;
      numbers.push(index + 1);
      callbacks.push(callback);
    }
  }
  return numbers.length === 0 ? [null, null] : [integers(numbers), texts(callbacks)];
}

function endColumns(
  ends: readonly CommitRequest[],
  numbers: ReadonlyMap<CommitRequest, number>,
): Parameter[] {
  if (ends.length === 0) return [null, null, null, null];
  const how = ends.map(({ change }) => change!.end!);
  return [
    integers(ends.map((request) => numbers.get(request)!)),
    texts(how.map(({ status }) => status)),
    texts(how.map(({ output }) => textOf(output))),
    texts(how.map(({ error }) => textOf(error))),
  ];
}

function runColumns(starts: readonly Start[], lanes: Lanes): Parameter[] {
  if (starts.length === 0) return Array.from({ length: 23 }, () => null);
  const runs = starts.map(({ run }) => run);
  const owners = starts.map(({ run, owner }) => (canBeOwnedAtOnce(run) ? owner : null));
  const debounced = runs.some(({ debounce }) => debounce !== undefined);
  const hasJournals = runs.some(({ journal }) => journal !== undefined);
  return [
    integers(runs.map((run) => lanes.idOf(run))),
    texts(runs.map(({ namespace }) => namespace)),
    texts(runs.map(({ id }) => id)),
    bigints(runs.map(({ readyAt }) => readyAt)),
    bigints(runs.map(({ createdAt }) => createdAt)),
    bigints(runs.map(({ timeout }) => timeout)),
    bigints(runs.map(({ hardTimeout }) => hardTimeout ?? null)),
    bigints(runs.map(({ beginBy }) => beginBy ?? null)),
    booleans(runs.map(({ beginBy }) => beginBy === undefined)),
    texts(runs.map(({ concurrencyKey }) => concurrencyKey)),
    bigints(runs.map(({ concurrencyLimit }) => concurrencyLimit)),
    debounced ? texts(runs.map(debounceKeyOf)) : null,
    debounced ? bigints(runs.map(({ debounce }) => debounce?.maxWait ?? null)) : null,
    bigints(runs.map(({ parent }) => parent?.key ?? null)),
    texts(runs.map(({ parent }) => parent?.id ?? null)),
    texts(runs.map(({ parent }) => parent?.op ?? null)),
    texts(runs.map(({ input }) => textOf(input))),
    runs.some(({ tags }) => tags !== undefined) ? texts(runs.map(({ tags }) => tagsText(tags))) : null,
    runs.some(({ traceparent }) => (traceparent ?? null) !== null)
      ? texts(runs.map(({ traceparent }) => traceparent ?? null))
      : null,
    owners.some((owner) => owner !== null) ? texts(owners) : null,
    hasJournals ? bigints(runs.map(({ journal }) => journal?.at ?? null)) : null,
    hasJournals ? integers(runs.map(({ journal }) => journal?.count ?? null)) : null,
    hasJournals ? texts(runs.map(({ journal }) => journal?.events ?? null)) : null,
  ];
}

/** As `run.tags` has them. */
export function tagsText(tags: readonly string[] | undefined): string | null {
  return tags === undefined || tags.length === 0 ? null : JSON.stringify([...new Set(tags)]);
}

/** Names are of printable characters, so the parts cannot run into each other. */
function debounceKeyOf({ workflow, debounce }: NewRun): string | null {
  return debounce === undefined ? null : `${workflow}\n${debounce.key}`;
}
