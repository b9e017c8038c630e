import type {
  CommitAnswer,
  CommitRequest,
  DeliverAnswer,
  Delivery,
  Store,
} from '../../packages/stepwell/src/store/contract.ts';
import { PassThroughStore } from './pass-through-store.ts';
import type { SimProcess } from './sim-process.ts';

/** A bug that is put in on purpose: a simulation that does not find it proves nothing. */
export interface Plant {
  /** In the store that all processes share. */
  readonly shared?: (store: Store) => Store;
  /** Between the store and one process. */
  readonly remote?: (store: Store, process: SimProcess) => Store;
}

/** Appends a commit whose position is taken, instead of refusing it. */
class NoPositionCheck extends PassThroughStore {
  override async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits);
    for (const [index, request] of commits.entries()) {
      if (answers[index] === 'stored') continue;
      const journal = await this.inner.journal(request.run, 0, Number.MAX_SAFE_INTEGER);
      const last = journal.at(-1);
      const position = last === undefined ? 0 : last.position + last.events.length;
      answers[index] = (await this.inner.commit([{ ...request, position }]))[0]!;
    }
    return answers;
  }
}

/** How long what was acknowledged is only in the memory of the process that asked (ms): a crash loses it. */
const BUFFERED = 40;

/** Answers that commits are kept, and keeps them a little later. */
class AcknowledgeBeforeCommit extends PassThroughStore {
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

/** The same with facts. */
class AcknowledgeBeforeDelivery extends PassThroughStore {
  readonly #process: SimProcess;

  constructor(inner: Store, process: SimProcess) {
    super(inner);
    this.#process = process;
  }

  override async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    this.#process.schedule(BUFFERED, () => void this.inner.deliver(deliveries).catch(() => {}));
    return deliveries.map(() => ({ delivered: true, run: 0 }));
  }
}

/** Lets a run go to sleep without a look at what has come for it meanwhile. */
class LostWakeUp extends PassThroughStore {
  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(
      commits.map((request) => {
        const release = request.change?.release;
        if (release === undefined) return request;
        return {
          ...request,
          change: { ...request.change, release: { ...release, seen: Number.MAX_SAFE_INTEGER } },
        };
      }),
    );
  }
}

export const PLANTS: Readonly<Record<string, Plant>> = {
  'no position check': { shared: (store) => new NoPositionCheck(store) },
  'acknowledge before commit': { remote: (store, process) => new AcknowledgeBeforeCommit(store, process) },
  'acknowledge before delivery': {
    remote: (store, process) => new AcknowledgeBeforeDelivery(store, process),
  },
  'lost wake-up': { shared: (store) => new LostWakeUp(store) },
};
