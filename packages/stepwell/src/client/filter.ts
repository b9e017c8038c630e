import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { isPrintable } from '../model/identifier.ts';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunRecord, type RunStatus } from '../model/run.ts';
import { isTime } from '../model/time.ts';
import type { RunCriteria } from '../store/query.ts';
import type { ListOptions } from './types.ts';

const STATUSES: readonly string[] = [...ACTIVE_STATUSES, ...FINAL_STATUSES];

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

export interface FilterParts {
  readonly namespace: string;
  /** @throws StepwellError `RUN_NOT_FOUND`, `ENGINE_CLOSED` */
  readonly record: (id: string) => Promise<RunRecord>;
}

/** What the store is asked for. @throws StepwellError `OPTION_INVALID`, `RUN_NOT_FOUND` (of the parent) */
export async function criteriaOf(
  { namespace, record }: FilterParts,
  filter: RunFilter,
): Promise<RunCriteria> {
  return present({
    namespace,
    workflow: textOf(filter.workflow, 'workflow'),
    version: textOf(filter.version, 'version'),
    statuses: statusesOf(filter.status),
    queue: textOf(filter.queue, 'queue'),
    parent: filter.parent === undefined ? undefined : (await record(filter.parent)).key,
    tag: textOf(filter.tag, 'tag'),
    idContains: textOf(filter.idContains, 'idContains'),
    createdFrom: timeOf(filter.createdFrom, 'createdFrom'),
    createdBefore: timeOf(filter.createdBefore, 'createdBefore'),
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

/** What no name or id can contain is refused: not every store could be asked for it. */
function textOf(text: string | undefined, option: string): string | undefined {
  if (text === undefined || (typeof text === 'string' && text !== '' && isPrintable(text))) return text;
  throw new StepwellError(
    'OPTION_INVALID',
    `The ${option} of a list must be a text that is not empty, of printable characters.`,
  );
}

function timeOf(time: Date | number | undefined, option: string): number | undefined {
  if (time === undefined) return undefined;
  const ms = Number(time);
  if (isTime(ms)) return ms;
  throw new StepwellError('OPTION_INVALID', `The ${option} of a list is not a time.`);
}
