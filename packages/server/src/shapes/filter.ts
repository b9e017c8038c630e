import { ACTIVE_STATUSES, FINAL_STATUSES, type RunFilter, type RunStatus } from 'stepwell';
import { z } from 'zod';
import { listOf, Text, Time } from '../parameters.ts';
import { optional } from '../shape.ts';
import { Moment } from './options.ts';
import { Status } from './run.ts';

/** The parameters that say which runs are meant. */
export const filterParameters = {
  workflow: optional(Text),
  version: optional(Text),
  status: optional(listOf(Status)),
  queue: optional(Text),
  tag: optional(Text),
  parent: optional(Text).meta({ description: 'Id of the run that started them' }),
  id_contains: optional(Text).meta({ description: 'A text somewhere in the id' }),
  created_from: optional(Time),
  created_before: optional(Time),
};

export const FilterQuery = z.strictObject(filterParameters);

/** The same filter as the engine has it. */
export function filterOf(query: z.output<typeof FilterQuery>): RunFilter {
  const {
    id_contains: idContains,
    created_from: createdFrom,
    created_before: createdBefore,
    ...same
  } = query;
  return {
    ...same,
    ...(idContains !== undefined && { idContains }),
    ...(createdFrom !== undefined && { createdFrom }),
    ...(createdBefore !== undefined && { createdBefore }),
  };
}

/** The same in a body, for runs that have one of some statuses. */
function filterBody<const S extends RunStatus>(statuses: readonly S[]) {
  const status = z.enum(statuses);
  return z.strictObject({
    workflow: optional(z.string()),
    version: optional(z.string()),
    status: optional(
      z.union([status, z.array(status)], `is not one of ${statuses.join(', ')}, or a list of them`),
    ),
    queue: optional(z.string()),
    tag: optional(z.string()),
    parent: optional(z.string()),
    idContains: optional(z.string()),
    createdFrom: optional(Moment),
    createdBefore: optional(Moment),
  });
}

export const ActiveFilter = filterBody(ACTIVE_STATUSES);
export const FinalFilter = filterBody(FINAL_STATUSES);
export const RetryableFilter = filterBody(['failed', 'timed_out', 'cancelled']);
