import { z } from 'zod';
import { optional } from '../shape.ts';
import { Duration, Moment } from './options.ts';
import { Timestamp } from './run.ts';

const Overlap = z.enum(['skip', 'queue', 'cancel', 'allow']);
const CatchUp = z.enum(['none', 'latest', 'all']);
const ScheduledRun = z.object({ run: z.string(), at: Timestamp });

export const Schedule = z
  .object({
    name: z.string(),
    workflow: z.string(),
    version: optional(z.string()),
    input: optional(z.unknown()),
    queue: optional(z.string()),
    priority: optional(z.number()),
    timing: z.union([
      z.object({ cron: z.string(), timeZone: z.string() }),
      z.object({ every: z.number(), from: Timestamp }),
    ]),
    overlap: Overlap,
    catchUp: CatchUp,
    paused: optional(z.object({ at: Timestamp, reason: optional(z.string()) })),
    nextAt: Timestamp.nullable().meta({ description: 'null: it has no further times' }),
    last: optional(ScheduledRun),
    starting: z.array(ScheduledRun),
    problem: optional(z.object({ at: Timestamp, code: z.string(), message: z.string() })),
  })
  .meta({ id: 'Schedule' });

const settings = {
  workflow: z.union(
    [z.string(), z.strictObject({ name: z.string(), version: z.string() })],
    'is neither a name nor { name, version }',
  ),
  input: optional(z.unknown()),
  queue: optional(z.string()),
  priority: optional(z.number()),
  overlap: optional(Overlap),
  catchUp: optional(CatchUp),
};

/** Either `cron` or `every`. */
export const ScheduleBody = z.union(
  [
    z.strictObject({ ...settings, cron: z.string(), timeZone: optional(z.string()) }),
    z.strictObject({ ...settings, every: Duration, from: optional(Moment) }),
  ],
  'needs a workflow, and either cron (and timeZone) or every (and from); queue, priority, input, overlap and catchUp may be left out',
);
