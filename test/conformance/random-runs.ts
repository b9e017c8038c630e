import type { QueueChange, QueueLimits } from '../../packages/stepwell/src/model/queue.ts';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { RunCriteria, RunQuery } from '../../packages/stepwell/src/store/query.ts';
import { newRun } from './fixtures.ts';
import type { Random } from './random.ts';

/** The key of a run that never was. */
export const NO_RUN = 4711;

export const IDS = Array.from({ length: 12 }, (_, n) => `run ${n}`);
export const KINDS = ['order@1', 'order@2', 'mail@1'];
export const QUEUES = ['default', 'slow'];
export const TAGS = ['t1', 't2', 't3', 't4'];

/** Draws new runs of all sorts: few ids, kinds and keys, so that they meet. */
export function randomRun({ pick, chance, below, some }: Random, now: number): NewRun {
  const [workflow = '', version = ''] = pick(KINDS).split('@');
  const readyAt = now + (chance(0.3) ? below(400) : 0);
  return newRun(pick(IDS), {
    workflow,
    version,
    queue: pick(QUEUES),
    priority: chance(0.3) ? below(3) : 0,
    readyAt,
    input: below(100),
    timeout: chance(0.1) ? 1000 : null,
    hardTimeout: chance(0.1) ? 2000 : null,
    ...(chance(0.2) ? { beginBy: chance(0.8) ? readyAt + below(500) : null } : {}),
    concurrencyKey: chance(0.5) ? pick(['k1', 'k2']) : null,
    concurrencyLimit: chance(0.3) ? null : 1 + below(3),
    createdAt: now,
    ...(chance(0.3) ? { tags: some(TAGS) } : {}),
    ...(chance(0.2) ? { traceparent: `trace ${below(9)}` } : {}),
    ...(chance(0.2)
      ? { debounce: { key: pick(['d1', 'd2']), maxWait: chance(0.5) ? below(600) : null } }
      : {}),
  });
}

/** Draws a change of a queue's settings; often there are none after it. */
export function randomQueueChange({ pick, chance, below }: Random, now: number): QueueChange {
  const limits: QueueLimits = {
    ...(chance(0.4) ? { concurrency: 1 + below(3) } : {}),
    ...(chance(0.5) ? { rate: { limit: 1 + below(2), period: 300 + below(900) } } : {}),
    ...(chance(0.3) ? { perKey: 1 + below(3) } : {}),
    ...(chance(0.2) ? { startDeadline: below(800) } : {}),
  };
  const pause = chance(0.7) ? null : { at: now, ...(chance(0.5) ? { reason: 'work on the line' } : {}) };
  return {
    namespace: 'default',
    queue: pick(QUEUES),
    now,
    ...(chance(0.8) ? { limits: chance(0.2) ? {} : limits } : {}),
    ...(chance(0.5) ? { paused: pause } : {}),
  };
}

export function randomQuery(random: Random, now: number): RunQuery {
  return { ...randomCriteria(random, now), limit: random.below(9) };
}

export function randomCriteria({ pick, chance, below, some }: Random, now: number): RunCriteria {
  const [workflow = '', version = ''] = pick(KINDS).split('@');
  return {
    namespace: 'default',
    ...(chance(0.3) ? { tag: pick(TAGS) } : {}),
    ...(chance(0.2) ? { idContains: pick(['run 1', '1', 'n ', '%']) } : {}),
    ...(chance(0.4) ? { workflow } : {}),
    ...(chance(0.2) ? { version } : {}),
    ...(chance(0.2) ? { queue: pick(QUEUES) } : {}),
    ...(chance(0.4) ? { statuses: some(['queued', 'running', 'waiting', 'stuck', 'failed']) } : {}),
    ...(chance(0.1) ? { parent: NO_RUN } : {}),
    ...(chance(0.2) ? { createdFrom: now - below(2000) } : {}),
    ...(chance(0.2) ? { createdBefore: now - below(1000) } : {}),
  };
}

export function randomFact({ weighted, below }: Random): Fact {
  return weighted<Fact>([
    [6, { type: 'event', name: 'e', value: below(100) }],
    [1, { type: 'pause' }],
    [1, { type: 'resume' }],
    [1, { type: 'cancel', cause: 'request' }],
    [1, { type: 'cancel', cause: 'request', force: true }],
    [2, { type: 'reopen' }],
  ]);
}
