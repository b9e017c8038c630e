import { ACTIVE_STATUSES, FINAL_STATUSES } from 'stepwell';
import { z } from 'zod';
import { optional } from '../shape.ts';

export const Status = z.enum([...ACTIVE_STATUSES, ...FINAL_STATUSES]).meta({ id: 'Status' });

/** Milliseconds since 1970. */
export const Timestamp = z.number().meta({ description: 'Milliseconds since 1970' });

const AnyJson = z.unknown().meta({ description: 'Any JSON value' });

/** In JSON as in the library (`isReference`): no value of a user has the key `$stepwell` at its top. */
const Reference = z
  .object({
    $stepwell: z.literal('artifact'),
    key: z.string(),
    size: z.number().meta({ description: 'Bytes' }),
  })
  .meta({
    id: 'Reference',
    description:
      'Not a value: it stands for one that is kept with the artifacts because of its size. GET /v1/runs/{id}, …/result and …/history have the value.',
  });

/** What a run took or gave; in a list perhaps a reference. */
const RunValue = z.union([Reference, AnyJson]);

export const Failure: z.ZodType = z
  .lazy(() =>
    z.object({
      name: z.string(),
      message: z.string(),
      code: optional(z.string()),
      stack: optional(z.string()),
      cause: optional(Failure),
      data: optional(AnyJson),
    }),
  )
  .meta({ id: 'Failure' });

export const WaitReason = z
  .object({
    kind: z.string().meta({ description: 'sleep, event, callback, child, step, retry, paused, stuck, …' }),
    op: optional(z.string()).meta({ description: 'The operation' }),
    detail: optional(z.string()).meta({ description: 'What exactly, for people' }),
    callback: optional(z.string()).meta({ description: 'Id of the callback' }),
    child: optional(z.string()).meta({ description: 'Id of the child run' }),
    until: optional(Timestamp).meta({ description: 'When the wait ends by itself, ms since 1970' }),
    error: optional(Failure),
    by: optional(z.string()).meta({ description: 'Who paused it, if they said so' }),
  })
  .meta({ id: 'WaitReason' });

export const Run = z
  .object({
    id: z.string(),
    namespace: z.string(),
    workflow: z.string(),
    version: z.string(),
    status: Status,
    queue: z.string(),
    priority: z.number(),
    input: optional(RunValue),
    output: optional(RunValue),
    error: optional(Failure),
    progress: optional(z.looseObject({})),
    statusText: optional(z.string()),
    waitingFor: z.array(WaitReason).meta({ description: 'Why it is not moving' }),
    parent: optional(z.object({ id: z.string(), op: z.string().nullable() })),
    continuedBy: optional(z.string()),
    readyAt: optional(Timestamp),
    beginBy: optional(Timestamp),
    tags: z.array(z.string()),
    traceparent: optional(z.string()),
    createdAt: Timestamp,
    startedAt: optional(Timestamp),
    endedAt: optional(Timestamp),
  })
  .meta({ id: 'Run' });

export const RunPage = z
  .object({ runs: z.array(Run), cursor: optional(z.string()).meta({ description: 'Of the next page' }) })
  .meta({ id: 'RunPage' });

export const RunEvent = z
  .object({
    position: z.number().meta({ description: 'In the journal; also its id in a stream' }),
    at: Timestamp,
    event: z.looseObject({ type: z.string() }).meta({
      description:
        'Its value, output or details may be a Reference in the streams of several runs; …/history and the stream of one run have the value',
    }),
  })
  .meta({ id: 'RunEvent' });

export const Links = z.record(z.string(), z.string()).meta({ id: 'Links' });

export const Result = z
  .object({ status: Status, output: optional(AnyJson), error: optional(Failure) })
  .meta({ id: 'Result' });
