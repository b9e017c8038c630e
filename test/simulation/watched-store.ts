import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { NewRun, RunKey } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { StartAnswer, Store } from '../../packages/stepwell/src/store/contract.ts';
import { CheckedStore, type Checks } from '../model-check/checked-store.ts';
import { JournalWatch } from './journal-watch.ts';
import { PassThroughStore } from './pass-through-store.ts';
import type { Violations } from './violation.ts';

/**
 * The shared store, watched: what is durable at this moment, by the store's own answers, each of which the model of the
 * store must allow.
 */
export class WatchedStore extends CheckedStore {
  readonly #violations: Violations;
  readonly #watches = new Map<RunKey, JournalWatch>();
  /** Of all runs that ever had an id, the newest last: after a purge another may have it. */
  readonly #keys = new Map<string, RunKey[]>();
  readonly #owners = new Map<RunKey, string>();
  /** Commits that came too late: of workers that had lost the run. */
  refused = 0;

  /** @param checks what the model is asked of each call */
  constructor(inner: Store, violations: Violations, checks: Checks) {
    super(inner, (what) => violations.report(what), checks);
    this.#violations = violations;
  }

  override async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    const answers = await super.start(runs, owner);
    for (const [index, answer] of answers.entries()) {
      if (!answer.created) continue;
      const { id, journal } = runs[index]!;
      const watch = this.#watch(answer.key, id);
      if (journal !== undefined) watch.take(0, journal.at, JSON.parse(journal.events) as JournalEvent[]);
      if (answer.owned) this.#own(answer.key, id, owner!);
    }
    return answers;
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await super.claim(request);
    for (const { run } of answer.runs) this.#own(run.key, run.id, request.worker);
    return answer;
  }

  #own(run: RunKey, id: string, worker: string): void {
    this.#watch(run, id);
    this.#owners.set(run, worker);
  }

  #watch(run: RunKey, id: string): JournalWatch {
    const known = this.#watches.get(run);
    if (known !== undefined) return known;
    const watch = new JournalWatch(id, this.#violations);
    this.#watches.set(run, watch);
    this.#keys.set(id, [...(this.#keys.get(id) ?? []), run]);
    return watch;
  }

  override async commitBy(process: string, commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await super.commitBy(process, commits);
    for (const [index, { run, position, at, events, change }] of commits.entries()) {
      if (answers[index] === 'refused') {
        this.refused++;
        continue;
      }
      this.#watches.get(run)!.take(position, at, JSON.parse(events) as JournalEvent[]);
      if (change?.release !== undefined || change?.end !== undefined) this.#owners.delete(run);
    }
    return answers;
  }

  override async retire(worker: string, now: number): Promise<void> {
    await super.retire(worker, now);
    this.#disown(worker);
  }

  override async expire(now: number): Promise<string[]> {
    const left = await super.expire(now);
    for (const worker of left) this.#disown(worker);
    return left;
  }

  #disown(worker: string): void {
    for (const [run, owner] of this.#owners) if (owner === worker) this.#owners.delete(run);
  }

  of(process: string): Store {
    return new StoreOfProcess(this, process);
  }

  journalOf(run: string): JournalWatch | undefined {
    const key = this.#keys.get(run)?.at(-1);
    return key === undefined ? undefined : this.#watches.get(key);
  }

  /** How often an attempt is on record: of a run of that id, be it purged or not. */
  recorded(run: string, op: string, attempt: number): number {
    const watches = (this.#keys.get(run) ?? []).map((key) => this.#watches.get(key)!);
    return watches.reduce((sum, watch) => sum + watch.recorded(op, attempt), 0);
  }

  ownerOf(run: string): string | undefined {
    const key = this.#keys.get(run)?.at(-1);
    return key === undefined ? undefined : this.#owners.get(key);
  }
}

/** The shared store as one process has it. */
class StoreOfProcess extends PassThroughStore {
  readonly #store: WatchedStore;
  readonly #process: string;

  constructor(store: WatchedStore, process: string) {
    super(store);
    this.#store = store;
    this.#process = process;
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.#store.commitBy(this.#process, commits);
  }
}
