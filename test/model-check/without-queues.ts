import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { StartAnswer, Store } from '../../packages/stepwell/src/store/contract.ts';
import { PassThroughStore } from '../simulation/pass-through-store.ts';

/** Takes out of random calls what the model knows nothing of: settings of queues, deadlines of starts, debounced starts. */
export class WithoutQueues extends PassThroughStore {
  override start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    return this.inner.start(runs.map(plain), owner);
  }

  override commit(commits: readonly CommitRequest[]): ReturnType<Store['commit']> {
    return this.inner.commit(
      commits.map((request) => ({
        ...request,
        starts: request.starts.map(({ run, refusal }) => ({ run: plain(run), refusal })),
      })),
    );
  }

  override async setQueue(): Promise<void> {}
}

function plain({ debounce: _, beginBy: __, ...run }: NewRun): NewRun {
  return run;
}
