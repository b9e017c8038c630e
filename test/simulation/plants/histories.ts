import type { Commit, JournalEvent } from '../../../packages/stepwell/src/model/event.ts';
import type { Fact, NumberedFact } from '../../../packages/stepwell/src/model/fact.ts';
import type { RunKey } from '../../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../../packages/stepwell/src/store/contract.ts';
import { PassThroughStore } from '../pass-through-store.ts';
import type { SimProcess } from '../sim-process.ts';

/** A worker is told another history of a run than that which is kept; and it is told one whenever it takes a run up. */
abstract class SpoiledJournals extends PassThroughStore {
  protected abstract spoil(journal: readonly Commit[]): readonly Commit[];

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(commits.map(neverParked));
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    const runs = answer.runs.map(({ journal, ...rest }) => ({
      ...rest,
      journal: journal === null ? null : this.spoil(journal),
    }));
    return { ...answer, runs };
  }
}

function neverParked(request: CommitRequest): CommitRequest {
  const release = request.change?.release;
  if (release === undefined) return request;
  return { ...request, change: { ...request.change, release: { ...release, parkedBy: null } } };
}

/** The time of a replay is the time at which it happens. */
export class TimeOfReplay extends SpoiledJournals {
  readonly #process: SimProcess;

  constructor(inner: Store, process: SimProcess) {
    super(inner);
    this.#process = process;
  }

  protected spoil(journal: readonly Commit[]): readonly Commit[] {
    const now = this.#process.now();
    return journal.map((commit) => ({ ...commit, at: Math.max(commit.at, now) }));
  }
}

/** Of two results that were under way at the same time, a replay gives the later one first. */
export class OrderOfReplay extends SpoiledJournals {
  protected spoil(journal: readonly Commit[]): readonly Commit[] {
    const events = journal.flatMap((commit) => commit.events);
    const pair = overlappingResults(events);
    if (pair === null) return journal;
    const [first, second] = pair;
    const swapped = events.with(first, events[second]!).with(second, events[first]!);
    let next = 0;
    return journal.map((commit) => ({
      ...commit,
      events: swapped.slice(next, (next += commit.events.length)),
    }));
  }
}

/** The places of two results, one after the other, the second of something that had begun before the first. */
function overlappingResults(events: readonly JournalEvent[]): [number, number] | null {
  const begun = new Map<string, number>();
  let last = -1;
  for (const [at, event] of events.entries()) {
    if (event.type === 'operation.started') begun.set(event.op, at);
    if (event.type !== 'operation.succeeded') continue;
    if (last >= 0 && begun.get(event.op)! < last) return [last, at];
    last = at;
  }
  return null;
}

/** Who takes a run up is not told which of its steps may run at most once. */
export class UnreadAtMostOnce extends SpoiledJournals {
  protected spoil(journal: readonly Commit[]): readonly Commit[] {
    return journal.map((commit) => ({ ...commit, events: commit.events.map(atLeastOnce) }));
  }
}

function atLeastOnce(event: JournalEvent): JournalEvent {
  if (event.type !== 'operation.started') return event;
  const { atMostOnce: _, ...started } = event;
  return started;
}

/** The engine never sees the ids of events; in the journal they stand all the same. */
export class UnreadEventIds extends SpoiledJournals {
  readonly #ids = new Map<string, string>();

  protected spoil(journal: readonly Commit[]): readonly Commit[] {
    return journal.map((commit) => ({
      ...commit,
      events: commit.events.map((event) => (event.type === 'event.received' ? this.#hide(event) : event)),
    }));
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await super.claim(request);
    return {
      ...answer,
      runs: answer.runs.map((claimed) => ({ ...claimed, facts: this.#hideIn(claimed.facts) })),
    };
  }

  override async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    return this.#hideIn(await this.inner.facts(run, after));
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return super.commit(
      commits.map((request) => {
        const events = (JSON.parse(request.events) as JournalEvent[]).map((event) =>
          event.type === 'event.received' ? this.#show(event) : event,
        );
        return {
          ...request,
          events: JSON.stringify(events),
          deliver: request.deliver.map(({ run, fact }) => ({
            run,
            fact: fact.type === 'event' ? this.#show(fact) : fact,
          })),
        };
      }),
    );
  }

  #hideIn(facts: readonly NumberedFact[]): NumberedFact[] {
    return facts.map(({ number, fact }) => ({
      number,
      fact: fact.type === 'event' ? (this.#hide(fact) as Fact) : fact,
    }));
  }

  #hide<T extends { readonly name: string; readonly id?: string }>({ id, ...event }: T): Omit<T, 'id'> {
    if (id !== undefined) this.#ids.set(event.name, id);
    return event;
  }

  #show<T extends { readonly name: string }>(event: T): T {
    const id = this.#ids.get(event.name);
    return id === undefined ? event : { ...event, id };
  }
}
