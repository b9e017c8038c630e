import type { NewRun } from '../../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../../packages/stepwell/src/store/commit.ts';
import type { StartAnswer } from '../../../packages/stepwell/src/store/contract.ts';
import { PassThroughStore } from '../pass-through-store.ts';

/** Starts another run when an id comes again. */
export class IdsAreNotUnique extends PassThroughStore {
  #again = 0;

  override async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    const answers = await this.inner.start(runs, owner);
    for (const [index, answer] of answers.entries()) {
      if (answer.created) continue;
      const { id, ...run } = runs[index]!;
      answers[index] = (await this.inner.start([{ ...run, id: `${id} again ${++this.#again}` }]))[0]!;
    }
    return answers;
  }
}

/** Gives out runs of a concurrency key however many have begun. */
export class KeysWithoutLimit extends PassThroughStore {
  readonly #limits = new Map<string, NewRun['concurrencyLimit']>();

  override start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    return this.inner.start(
      runs.map((run) => this.#free(run)),
      owner,
    );
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(
      commits.map((request) => ({
        ...request,
        starts: request.starts.map(({ run, refusal }) => ({ run: this.#free(run), refusal })),
      })),
    );
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    const runs = answer.runs.map((claimed) => {
      const concurrencyLimit = this.#limits.get(claimed.run.id);
      return concurrencyLimit === undefined
        ? claimed
        : { ...claimed, run: { ...claimed.run, concurrencyLimit } };
    });
    return { ...answer, runs };
  }

  #free(run: NewRun): NewRun {
    if (!this.#limits.has(run.id)) this.#limits.set(run.id, run.concurrencyLimit);
    return { ...run, concurrencyLimit: Number.MAX_SAFE_INTEGER };
  }
}
