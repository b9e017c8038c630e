import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { NewRun, RunKey } from '../../packages/stepwell/src/model/run.ts';
import type {
  ClaimAnswer,
  ClaimRequest,
  CommitAnswer,
  CommitRequest,
  StartAnswer,
  Store,
} from '../../packages/stepwell/src/store/contract.ts';
import { JournalWatch } from './journal-watch.ts';
import { PassThroughStore } from './pass-through-store.ts';
import type { Violations } from './violation.ts';

/** The shared store, watched: what is durable at this moment, by the store's own answers. */
export class WatchedStore extends PassThroughStore {
  readonly #violations: Violations;
  readonly #watches = new Map<RunKey, JournalWatch>();
  readonly #keys = new Map<string, RunKey>();
  readonly #owners = new Map<RunKey, string>();
  /** Commits that came too late: of workers that had lost the run. */
  refused = 0;

  constructor(inner: Store, violations: Violations) {
    super(inner);
    this.#violations = violations;
  }

  override async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    const answers = await this.inner.start(runs, owner);
    for (const [index, answer] of answers.entries()) {
      if (answer.created && answer.owned) this.#own(answer.key, runs[index]!.id, owner!);
    }
    return answers;
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    for (const { run } of answer.runs) this.#own(run.key, run.id, request.worker);
    return answer;
  }

  #own(run: RunKey, id: string, worker: string): void {
    this.#keys.set(id, run);
    this.#owners.set(run, worker);
    if (!this.#watches.has(run)) this.#watches.set(run, new JournalWatch(id, this.#violations));
  }

  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits);
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
    await this.inner.retire(worker, now);
    this.#disown(worker);
  }

  override async expire(now: number): Promise<string[]> {
    const left = await this.inner.expire(now);
    for (const worker of left) this.#disown(worker);
    return left;
  }

  #disown(worker: string): void {
    for (const [run, owner] of this.#owners) if (owner === worker) this.#owners.delete(run);
  }

  journalOf(run: string): JournalWatch | undefined {
    const key = this.#keys.get(run);
    return key === undefined ? undefined : this.#watches.get(key);
  }

  ownerOf(run: string): string | undefined {
    const key = this.#keys.get(run);
    return key === undefined ? undefined : this.#owners.get(key);
  }
}
