import type { CommitAnswer, CommitRequest } from '../../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../../packages/stepwell/src/store/contract.ts';
import { PassThroughStore } from '../pass-through-store.ts';
import type { SimProcess } from '../sim-process.ts';

/** How long what was acknowledged is only in the memory of the process that asked (ms): a crash loses it. */
export const BUFFERED = 40;

/** Appends a commit whose position is taken, instead of refusing it. */
export class NoPositionCheck extends PassThroughStore {
  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits);
    for (const [index, request] of commits.entries()) {
      if (answers[index] === 'stored') continue;
      const position = await endOf(this.inner, request.run);
      answers[index] = (await this.inner.commit([{ ...request, position }]))[0]!;
    }
    return answers;
  }
}

/** The position behind the last event of a journal. */
export async function endOf(store: Store, run: number): Promise<number> {
  const last = (await store.journal(run, 0, Number.MAX_SAFE_INTEGER)).at(-1);
  return last === undefined ? 0 : last.position + last.events.length;
}

/** Answers that commits are kept, and keeps them a little later. */
export class AcknowledgeBeforeCommit extends PassThroughStore {
  readonly #process: SimProcess;

  constructor(inner: Store, process: SimProcess) {
    super(inner);
    this.#process = process;
  }

  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    this.#process.schedule(BUFFERED, () => void this.inner.commit(commits).catch(() => {}));
    return commits.map(() => 'stored');
  }
}

/** Starts the children of a commit when the commit is kept, and not with it. */
export class ChildrenApart extends PassThroughStore {
  readonly #process: SimProcess;

  constructor(inner: Store, process: SimProcess) {
    super(inner);
    this.#process = process;
  }

  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits.map((request) => ({ ...request, starts: [] })));
    const children = commits.flatMap(({ starts }, index) =>
      answers[index] === 'stored' ? starts.map(({ run }) => run) : [],
    );
    if (children.length > 0)
      this.#process.schedule(BUFFERED, () => void this.inner.start(children).catch(() => {}));
    return answers;
  }
}

/** Each commit has the time that the clock of its worker shows. */
export class ClocksAsTheyAre extends PassThroughStore {
  readonly #process: SimProcess;

  constructor(inner: Store, process: SimProcess) {
    super(inner);
    this.#process = process;
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(commits.map((request) => ({ ...request, at: this.#process.now() })));
  }
}

type Release = NonNullable<NonNullable<CommitRequest['change']>['release']>;

/** Changes what a run is released with. */
class SpoiledRelease extends PassThroughStore {
  readonly #spoil: Partial<Release>;

  constructor(inner: Store, spoil: Partial<Release>) {
    super(inner);
    this.#spoil = spoil;
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(
      commits.map((request) => {
        const release = request.change?.release;
        if (release === undefined) return request;
        return { ...request, change: { ...request.change, release: { ...release, ...this.#spoil } } };
      }),
    );
  }
}

/** Lets a run go to sleep without a look at what has come for it meanwhile. */
export function lostWakeUp(store: Store): Store {
  return new SpoiledRelease(store, { seen: Number.MAX_SAFE_INTEGER });
}

/** Lets a run go to sleep and forgets to wake it. */
export function lostTimer(store: Store): Store {
  return new SpoiledRelease(store, { readyAt: null });
}
