import type { Codec } from '../model/codec.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunKey, type RunStatus } from '../model/run.ts';
import { isTime } from '../model/time.ts';
import type { RunCriteria, Store } from '../store/contract.ts';
import type { RunFilter } from './bulk.ts';
import { infosOf } from './info.ts';
import type { ListOptions, RunList } from './types.ts';

const DEFAULT_LIMIT = 50;
const MOST = 1_000;
const STATUSES: readonly string[] = [...ACTIVE_STATUSES, ...FINAL_STATUSES];

/** One page of the runs that match. */
export async function listRuns(
  store: Store,
  namespace: string,
  options: ListOptions,
  parent: RunKey | undefined,
  codec: Codec | null,
  now: number,
): Promise<RunList> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The limit of a list must be a whole number from 1 to ${MOST}, not ${String(limit)}.`,
    );
  }
  const below = options.cursor === undefined ? undefined : keyOf(options.cursor);
  // One more than asked for shows whether there is a next page.
  const bounds = present({ below, limit: limit + 1 });
  const runs = await store.query({ ...criteriaOf(namespace, options, parent), ...bounds });
  const page = runs.slice(0, limit);
  return {
    runs: await infosOf(store, page, codec, now),
    cursor: runs.length > limit ? cursorOf(page.at(-1)!.key) : undefined,
  };
}

/** What the store is asked for. @throws StepwellError `OPTION_INVALID` */
export function criteriaOf(namespace: string, options: RunFilter, parent: RunKey | undefined): RunCriteria {
  return present({
    namespace,
    workflow: options.workflow,
    version: options.version,
    statuses: statusesOf(options.status),
    queue: options.queue,
    parent,
    tag: options.tag,
    idContains: idPartOf(options.idContains),
    createdFrom: timeOf(options.createdFrom, 'createdFrom'),
    createdBefore: timeOf(options.createdBefore, 'createdBefore'),
  });
}

function statusesOf(status: ListOptions['status']): readonly RunStatus[] | undefined {
  if (status === undefined) return undefined;
  const statuses = typeof status === 'string' ? [status] : status;
  const wrong = statuses.find((one) => !STATUSES.includes(one));
  if (wrong !== undefined) {
    throw new StepwellError(
      'OPTION_INVALID',
      `"${wrong}" is not a status. There are: ${STATUSES.join(', ')}.`,
    );
  }
  return statuses;
}

function idPartOf(text: string | undefined): string | undefined {
  if (text === undefined || (typeof text === 'string' && text !== '')) return text;
  throw new StepwellError('OPTION_INVALID', 'The idContains of a list must be a text that is not empty.');
}

function timeOf(time: Date | number | undefined, option: string): number | undefined {
  if (time === undefined) return undefined;
  const ms = Number(time);
  if (isTime(ms)) return ms;
  throw new StepwellError('OPTION_INVALID', `The ${option} of a list is not a time.`);
}

function cursorOf(key: RunKey): string {
  return `after-${key.toString(36)}`;
}

function keyOf(cursor: string): RunKey {
  const key = Number.parseInt(/^after-([0-9a-z]{1,11})$/.exec(cursor)?.[1] ?? '', 36);
  if (Number.isSafeInteger(key)) return key;
  throw new StepwellError(
    'CURSOR_INVALID',
    `The cursor ${JSON.stringify(cursor)} was not made by this engine. Begin with the first page.`,
  );
}
