import { StepwellError } from '../model/errors.ts';
import type { Fact } from '../model/fact.ts';
import { ACTIVE_STATUSES, type NewRun, type RunStatus } from '../model/run.ts';
import type { RunQuery, StartAnswer } from '../store/contract.ts';
import { queryOf } from './list.ts';
import type { QueueParts } from './queues.ts';
import type { ListOptions } from './types.ts';

/** Which runs; left out: all in the namespace. */
export type RunFilter = Pick<
  ListOptions,
  'workflow' | 'version' | 'status' | 'queue' | 'createdFrom' | 'createdBefore'
>;

/** Runs that are put in with one call of the store: a transaction. */
const STARTS_AT_ONCE = 10_000;

/** Runs that are told with one call of the store. */
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
export async function retryAll(parts: QueueParts, filter: RunFilter): Promise<number> {
  const query = queryOf(parts.namespace, { status: ['failed', 'timed_out'], ...filter });
  demand(query, RETRYABLE, 'Only runs that failed, timed out or were cancelled can be retried');
  return tellAll(parts, query, { type: 'reopen' });
}

/** Asks the runs that match to end, by default all that have not ended; the answer is how many. */
export async function cancelAll(
  parts: QueueParts,
  filter: RunFilter,
  reason: string | undefined,
): Promise<number> {
  const query = queryOf(parts.namespace, { status: ACTIVE_STATUSES, ...filter });
  demand(query, ACTIVE_STATUSES, 'Only runs that have not ended can be cancelled');
  const because = reason === undefined ? {} : { reason };
  return tellAll(parts, query, { type: 'cancel', cause: 'request', ...because });
}

function demand(
  { statuses = [] }: Omit<RunQuery, 'limit'>,
  allowed: readonly RunStatus[],
  rule: string,
): void {
  const wrong = statuses.find((status) => !allowed.includes(status));
  if (wrong !== undefined) throw new StepwellError('OPTION_INVALID', `${rule}, not those that are ${wrong}.`);
}

/** Newest first, each run once: one that fails again meanwhile, or is started meanwhile, is not told. */
async function tellAll(
  { store, system }: QueueParts,
  query: Omit<RunQuery, 'limit'>,
  fact: Fact,
): Promise<number> {
  let told = 0;
  let below = query.below ?? Number.MAX_SAFE_INTEGER;
  for (;;) {
    const runs = await store.query({ ...query, below, limit: FACTS_AT_ONCE });
    const now = system.now();
    const answers = await store.deliver(runs.map(({ key }) => ({ to: { key }, now, fact })));
    told += answers.filter(({ delivered }) => delivered).length;
    if (runs.length < FACTS_AT_ONCE) return told;
    below = runs.at(-1)!.key;
  }
}
