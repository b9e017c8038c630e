import { z } from 'zod';
import { optional } from '../shape.ts';
import { Timestamp, WaitReason } from './run.ts';

export const Queue = z
  .object({
    name: z.string(),
    settings: z.object({
      concurrency: optional(z.number()),
      rate: optional(z.object({ limit: z.number(), period: z.number() })),
      perKey: optional(z.number()),
      startDeadline: optional(z.number()),
    }),
    paused: optional(z.object({ at: Timestamp, reason: optional(z.string()), by: optional(z.string()) })),
    counts: z.object({ queued: z.number(), active: z.number(), waiting: z.number(), failed: z.number() }),
    queuedSince: optional(Timestamp),
    heldBy: z.array(WaitReason),
  })
  .meta({ id: 'Queue' });

export const Worker = z
  .object({
    id: z.string(),
    name: z.string(),
    kinds: z.array(z.string()).meta({ description: 'workflow@version' }),
    queues: z.array(z.string()).nullable().meta({ description: 'null: all' }),
    startedAt: Timestamp,
    heartbeatAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: 'Worker' });
