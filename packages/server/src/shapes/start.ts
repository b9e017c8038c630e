import { z } from 'zod';
import { optional } from '../shape.ts';
import { Duration, Moment, RunId } from './options.ts';
import { Failure, Links, Status } from './run.ts';

const options = {
  input: optional(z.unknown()).meta({ description: 'Any JSON value' }),
  id: optional(RunId).meta({ description: 'The same id again is the same run' }),
  version: optional(z.string()).meta({ description: 'Of the workflow; default: the newest' }),
  queue: optional(z.string()),
  priority: optional(z.number()),
  delay: optional(Duration),
  at: optional(Moment),
  timeout: optional(Duration),
  concurrencyKey: optional(z.string()),
  startDeadline: optional(Duration),
  debounce: optional(z.strictObject({ key: z.string(), delay: Duration, maxWait: optional(Duration) })),
  tags: optional(z.array(z.string())),
  traceparent: optional(z.string()).meta({ description: 'As W3C has it; default: the header of that name' }),
};

/** How a run is started. Names, ids and lengths of time are checked where they are used. */
export const StartBody = z.strictObject(options).meta({ id: 'Start' });

/** Starts of one call, and so of one transaction. */
const MOST_STARTS = 10_000;

export const BatchBody = z.strictObject({
  items: z
    .array(StartBody, 'is not a list of starts')
    .min(1, 'is empty')
    .max(MOST_STARTS, `has more than ${MOST_STARTS} starts`),
});

export const Started = z
  .object({
    id: z.string(),
    created: z.boolean().meta({ description: 'False: a run of that id was there already' }),
    links: Links,
    status: optional(Status).meta({ description: 'With Prefer: wait, once it has ended' }),
    output: optional(z.unknown()),
    error: optional(Failure),
  })
  .meta({ id: 'Started' });
