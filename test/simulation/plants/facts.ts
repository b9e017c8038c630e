import type { NumberedFact } from '../../../packages/stepwell/src/model/fact.ts';
import { failureWith } from '../../../packages/stepwell/src/model/failure.ts';
import type { RunKey } from '../../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../../packages/stepwell/src/store/contract.ts';
import type { DeliverAnswer, Delivery } from '../../../packages/stepwell/src/store/delivery.ts';
import { PassThroughStore } from '../pass-through-store.ts';
import type { SimProcess } from '../sim-process.ts';
import { BUFFERED, endOf } from './commits.ts';

/** Answers that facts are kept, and keeps them a little later. */
export class AcknowledgeBeforeDelivery extends PassThroughStore {
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

/** Takes a fact for done as soon as a worker has been told of it. */
export class ToldIsTaken extends PassThroughStore {
  readonly #told = new Map<RunKey, number>();

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    return {
      ...answer,
      runs: answer.runs.map((claimed) => ({ ...claimed, facts: this.#tell(claimed.run.key, claimed.facts) })),
    };
  }

  override async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    return this.#tell(run, await this.inner.facts(run, after));
  }

  /** Or the run would be woken again and again by what nobody is told of any more. */
  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(
      commits.map((request) => seenAtLeast(request, this.#told.get(request.run) ?? 0)),
    );
  }

  #tell(run: RunKey, facts: readonly NumberedFact[]): NumberedFact[] {
    const told = this.#told.get(run) ?? 0;
    this.#told.set(run, Math.max(told, ...facts.map(({ number }) => number)));
    return facts.filter(({ number }) => number > told);
  }
}

function seenAtLeast(request: CommitRequest, seen: number): CommitRequest {
  const release = request.change?.release;
  if (release === undefined) return request;
  const spoiled = { ...release, seen: Math.max(release.seen, seen) };
  return { ...request, change: { ...request.change, release: spoiled } };
}

/** Lets a cancel that comes too late have its way. */
export class LateCancelWins extends PassThroughStore {
  override async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    const answers = await this.inner.deliver(deliveries);
    for (const [index, delivery] of deliveries.entries()) {
      const answer = answers[index]!;
      const isLate = delivery.fact.type === 'cancel' && !answer.delivered && answer.because === 'ended';
      if (isLate) answers[index] = await this.#cancel(delivery);
    }
    return answers;
  }

  async #cancel({ to, now }: Delivery): Promise<DeliverAnswer> {
    if (!('id' in to)) return { delivered: false, because: 'ended' };
    const { key: run } = (await this.inner.get(to.namespace, to.id))!;
    const error = failureWith('RUN_CANCELLED', 'too late');
    await this.inner.commit([
      {
        run,
        position: await endOf(this.inner, run),
        at: now,
        events: JSON.stringify([{ type: 'run.cancelled' }]),
        count: 1,
        taken: 0,
        open: [],
        close: [],
        starts: [],
        deliver: [],
        change: { end: { status: 'cancelled', output: undefined, error, continuedBy: null, endedAt: now } },
      },
    ]);
    return { delivered: true, run };
  }
}

/** Tells nobody's children that they are not waited for any more. */
export class CancelsStopAtTheParent extends PassThroughStore {
  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.inner.commit(
      commits.map((request) => ({
        ...request,
        deliver: request.deliver.filter(({ fact }) => fact.type !== 'cancel'),
      })),
    );
  }
}

/** Thanks for every completion of a callback, the second one too. */
export class CallbacksStayOpen extends PassThroughStore {
  readonly #opened = new Map<string, RunKey>();

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    for (const { run, open } of commits) for (const { callback } of open) this.#opened.set(callback, run);
    return this.inner.commit(commits);
  }

  override async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    const answers = await this.inner.deliver(deliveries);
    return answers.map((answer, index) => {
      const { to } = deliveries[index]!;
      const run = 'callback' in to ? this.#opened.get(to.callback) : undefined;
      return run === undefined ? answer : { delivered: true, run };
    });
  }
}
