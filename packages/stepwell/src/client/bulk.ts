import type { System } from '../engine/system.ts';
import { isStepwellError, StepwellError } from '../model/errors.ts';
import type { Fact } from '../model/fact.ts';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunRecord, type RunStatus } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import type { RunCriteria } from '../store/query.ts';
import { cancelFact } from './cancel.ts';
import { criteriaOf, type FilterParts, type RunFilter } from './filter.ts';
import type { CancelOptions } from './types.ts';

/** Runs that are told with one call of the store, or deleted at once. */
const FACTS_AT_ONCE = 500;

const RETRYABLE: readonly RunStatus[] = ['failed', 'timed_out', 'cancelled'];

export interface BulkParts extends FilterParts {
  readonly store: Store;
  readonly system: System;
}

/** Reopens the runs that match, by default those that failed or timed out; the answer is how many. */
export async function retryAll(parts: BulkParts, filter: RunFilter): Promise<number> {
  const query = await criteriaOf(parts, { status: ['failed', 'timed_out'], ...filter });
  demand(query, RETRYABLE, 'Only runs that failed, timed out or were cancelled can be retried');
  return tellAll(parts, query, { type: 'reopen' });
}

/** Asks the runs that match to end, by default all that have not ended; the answer is how many. */
export async function cancelAll(
  parts: BulkParts,
  filter: RunFilter,
  options: Pick<CancelOptions, 'reason' | 'id'>,
): Promise<number> {
  const query = await criteriaOf(parts, { status: ACTIVE_STATUSES, ...filter });
  demand(query, ACTIVE_STATUSES, 'Only runs that have not ended can be cancelled');
  return tellAll(parts, query, cancelFact(options));
}

/** Deletes the runs that match and have ended; the answer is how many. */
export async function purgeAll(
  parts: BulkParts,
  filter: RunFilter,
  purge: (id: string) => Promise<void>,
): Promise<number> {
  const query = await criteriaOf(parts, { status: FINAL_STATUSES, ...filter });
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

function tellAll(parts: BulkParts, query: RunCriteria, fact: Fact): Promise<number> {
  const { store, system } = parts;
  return withEach(parts, query, async (runs) => {
    const now = system.now();
    const answers = await store.deliver(runs.map(({ key }) => ({ to: { key }, now, fact })));
    return answers.filter(({ delivered }) => delivered).length;
  });
}

/** Newest first, each run once: one that fails again meanwhile, or is started meanwhile, is not touched. */
async function withEach(
  { store }: BulkParts,
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
