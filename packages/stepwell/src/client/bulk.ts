import { isStepwellError, StepwellError } from '../model/errors.ts';
import type { Fact } from '../model/fact.ts';
import {
  ACTIVE_STATUSES,
  FINAL_STATUSES,
  type NewRun,
  type RunKey,
  type RunRecord,
  type RunStatus,
} from '../model/run.ts';
import type { RunCriteria, StartAnswer } from '../store/contract.ts';
import { criteriaOf } from './list.ts';
import type { QueueParts } from './queues.ts';
import type { ListOptions } from './types.ts';

/** Which runs; left out: all in the namespace. */
export type RunFilter = Pick<
  ListOptions,
  | 'workflow'
  | 'version'
  | 'status'
  | 'queue'
  | 'parent'
  | 'tag'
  | 'idContains'
  | 'createdFrom'
  | 'createdBefore'
>;

/** A filter, and the key of the parent that it names. */
export interface FoundFilter {
  readonly filter: RunFilter;
  readonly parent: RunKey | undefined;
}

/** Runs that are put in with one call of the store: a transaction. */
const STARTS_AT_ONCE = 10_000;

/** Runs that are told with one call of the store, or deleted at once. */
const FACTS_AT_ONCE = 500;

const RETRYABLE: readonly RunStatus[] = ['failed', 'timed_out', 'cancelled'];

/** Puts runs in, in their order. */
export async function startAll({ store }: QueueParts, runs: readonly NewRun[]): Promise<StartAnswer[]> {
  const answers: StartAnswer[] = [];
  for (let index = 0; index < runs.length; index += STARTS_AT_ONCE)
    answers.push(...(await store.start(runs.slice(index, index + STARTS_AT_ONCE))));
  return answers;
}

/** Reopens the runs that match, by default those that failed or timed out; the answer is how many. */
export async function retryAll(parts: QueueParts, { filter, parent }: FoundFilter): Promise<number> {
  const query = criteriaOf(parts.namespace, { status: ['failed', 'timed_out'], ...filter }, parent);
  demand(query, RETRYABLE, 'Only runs that failed, timed out or were cancelled can be retried');
  return tellAll(parts, query, { type: 'reopen' });
}

/** Asks the runs that match to end, by default all that have not ended; the answer is how many. */
export async function cancelAll(
  parts: QueueParts,
  { filter, parent }: FoundFilter,
  reason: string | undefined,
): Promise<number> {
  const query = criteriaOf(parts.namespace, { status: ACTIVE_STATUSES, ...filter }, parent);
  demand(query, ACTIVE_STATUSES, 'Only runs that have not ended can be cancelled');
  const because = reason === undefined ? {} : { reason };
  return tellAll(parts, query, { type: 'cancel', cause: 'request', ...because });
}

/** Deletes the runs that match and have ended; the answer is how many. */
export async function purgeAll(
  parts: QueueParts,
  { filter, parent }: FoundFilter,
  purge: (id: string) => Promise<void>,
): Promise<number> {
  const query = criteriaOf(parts.namespace, { status: FINAL_STATUSES, ...filter }, parent);
  demand(query, FINAL_STATUSES, 'Only runs that have ended can be purged');
  return withEach(parts, query, async (runs) => {
    const answers = await Promise.all(runs.map(({ id }) => isPurged(purge(id))));
    return answers.filter(Boolean).length;
  });
}

/** False: meanwhile it was reopened, or purged by somebody else. */
async function isPurged(purge: Promise<void>): Promise<boolean> {
  try {
    await purge;
    return true;
  } catch (error) {
    if (isStepwellError(error) && (error.code === 'RUN_NOT_ENDED' || error.code === 'RUN_NOT_FOUND'))
      return false;
    throw error;
  }
}

function demand({ statuses = [] }: RunCriteria, allowed: readonly RunStatus[], rule: string): void {
  const wrong = statuses.find((status) => !allowed.includes(status));
  if (wrong !== undefined) throw new StepwellError('OPTION_INVALID', `${rule}, not those that are ${wrong}.`);
}

function tellAll(parts: QueueParts, query: RunCriteria, fact: Fact): Promise<number> {
  const { store, system } = parts;
  return withEach(parts, query, async (runs) => {
    const now = system.now();
    const answers = await store.deliver(runs.map(({ key }) => ({ to: { key }, now, fact })));
    return answers.filter(({ delivered }) => delivered).length;
  });
}

/** Newest first, each run once: one that fails again meanwhile, or is started meanwhile, is not touched. */
async function withEach(
  { store }: QueueParts,
  query: RunCriteria,
  work: (runs: readonly RunRecord[]) => Promise<number>,
): Promise<number> {
  let done = 0;
  let below = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const runs = await store.query({ ...query, below, limit: FACTS_AT_ONCE });
    if (runs.length > 0) done += await work(runs);
    if (runs.length < FACTS_AT_ONCE) return done;
    below = runs.at(-1)!.key;
  }
}
