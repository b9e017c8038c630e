import { milliseconds, type Duration } from '../model/duration.ts';
import { isStepwellError, StepwellError } from '../model/errors.ts';
import { TIME_LIMIT } from '../model/operation.ts';
import { decideCompletion, type CompletionPolicy } from '../policy/completion.ts';
import type { CompletionOptions, Ctx, ItemOutcome } from './context.ts';
import { blame } from './blame.ts';
import type { FunctionExecution } from './execution.ts';
import { startedOf } from './here.ts';
import { enter } from './place.ts';
import type { Scope } from './scope.ts';

/** One item of a group: how it is named, how many results it stands for, and what it does. */
export interface Item<T> {
  readonly name: string;
  readonly weight: number;
  readonly run: (ctx: Ctx) => Promise<T>;
}

/** The items of one group, side by side until the policy has enough of them; the rest is cancelled then. */
export class ItemRun<T> {
  readonly #execution: FunctionExecution;
  readonly #group: Scope;
  readonly #items: readonly Item<T>[];
  readonly #policy: CompletionPolicy;
  readonly #options: CompletionOptions;
  readonly #outcomes: (ItemOutcome<T> | undefined)[];
  readonly #open = new Map<number, Scope>();
  readonly #ended = Promise.withResolvers<void>();
  #next = 0;
  #succeeded = 0;
  #failed = 0;
  #done = false;

  constructor(
    execution: FunctionExecution,
    group: Scope,
    items: readonly Item<T>[],
    policy: CompletionPolicy,
    options: CompletionOptions,
  ) {
    this.#execution = execution;
    this.#group = group;
    this.#items = items;
    this.#policy = policy;
    this.#options = options;
    this.#outcomes = Array.from({ length: items.length });
  }

  /** One outcome an item. @throws StepwellError `GROUP_TIMED_OUT` */
  async outcomes(): Promise<ItemOutcome<T>[]> {
    const { timeout } = this.#options;
    this.#limit(this.#group, timeout, () => {
      const error = timedOut('GROUP_TIMED_OUT', this.#group, timeout!);
      blame(error, this.#group.id);
      this.#finish(error);
    });
    this.#startMore();
    await this.#ended.promise;
    return this.#outcomes.map((outcome) => outcome ?? { status: 'cancelled' });
  }

  #startMore(): void {
    const most = this.#options.concurrency ?? this.#items.length;
    while (this.#execution.cancelled === null && this.#open.size < most && this.#next < this.#items.length) {
      this.#start(this.#next++);
    }
    if (this.#open.size === 0) this.#finish(null);
  }

  #start(index: number): void {
    const item = this.#items[index]!;
    const scope = this.#execution.open(this.#group.next(item.name), this.#group);
    this.#open.set(index, scope);
    const { itemTimeout } = this.#options;
    // Refused before the item begins: it is the group that cannot be.
    if (itemTimeout !== undefined) milliseconds(itemTimeout, `itemTimeout of "${this.#group.id}"`);
    const isTooLate = () =>
      this.#settle(index, { status: 'failed', error: timedOut('ITEM_TIMED_OUT', scope, itemTimeout!) });
    enter(scope, async () => {
      // In here: with code that does not fit the journal any ask throws, and nobody listens outside.
      this.#limit(scope, itemTimeout, isTooLate);
      return item.run(this.#execution.ctxOf(scope));
    }).then(
      (value) => this.#settle(index, { status: 'succeeded', value }),
      (error: unknown) => this.#settle(index, this.#outcomeOf(error)),
    );
  }

  #settle(index: number, outcome: ItemOutcome<T>): void {
    if (this.#done || this.#outcomes[index] !== undefined) return;
    this.#outcomes[index] = outcome;
    this.#execution.end(this.#open.get(index)!, outcome.status === 'failed' ? outcome.error : undefined);
    this.#open.delete(index);
    if (outcome.status === 'succeeded') this.#succeeded += this.#items[index]!.weight;
    if (outcome.status === 'failed') this.#failed += this.#items[index]!.weight;
    const isOver = decideCompletion(this.#policy, this.#succeeded, this.#failed) !== 'go on';
    if (isOver) this.#finish(null);
    else this.#startMore();
  }

  #finish(error: Error | null): void {
    if (this.#done) return;
    this.#done = true;
    const reason = new StepwellError(
      'OPERATION_CANCELLED',
      `The group "${this.#group.id}" has ended without this item.`,
    );
    for (const scope of this.#open.values()) this.#execution.end(scope, reason);
    if (error === null) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  #outcomeOf(thrown: unknown): ItemOutcome<T> {
    const isCancelled = this.#execution.cancelled !== null && isStepwellError(thrown, 'OPERATION_CANCELLED');
    if (isCancelled) return { status: 'cancelled' };
    const error = thrown instanceof Error ? thrown : new StepwellError('VALUE_THROWN', String(thrown));
    return { status: 'failed', error };
  }

  /** Calls back when a group has been open for too long. */
  #limit(scope: Scope, duration: Duration | undefined, isOver: () => void): void {
    if (duration === undefined) return;
    const { host } = this.#execution;
    const until = host.now() + milliseconds(duration, `timeout of "${scope.id}"`);
    const started = { ...startedOf(scope.next(TIME_LIMIT), 'sleep'), until };
    this.#execution.request(scope, { started }).then(isOver, () => {});
  }
}

function timedOut(
  code: 'ITEM_TIMED_OUT' | 'GROUP_TIMED_OUT',
  scope: Scope,
  duration: Duration,
): StepwellError {
  return new StepwellError(code, `"${scope.id}" took longer than ${String(duration)}.`);
}
