import type { StartedRun, StartOptions, Stepwell } from 'stepwell';
import type { StepwellClient } from 'stepwell/client';

/** What an engine on a store and a client of a server both can do: a command works on either. */
export type Well = Pick<
  Stepwell,
  | 'get'
  | 'list'
  | 'counts'
  | 'events'
  | 'feed'
  | 'raiseEvent'
  | 'cancel'
  | 'pause'
  | 'resume'
  | 'retry'
  | 'fork'
  | 'purge'
  | 'cancelAll'
  | 'retryAll'
  | 'purgeAll'
  | 'callbacks'
  | 'queues'
  | 'setQueue'
  | 'pauseQueue'
  | 'resumeQueue'
> & {
  readonly artifacts: Pick<Stepwell['artifacts'], 'write' | 'read' | 'list'>;
  start(workflow: string, input?: unknown, options?: Omit<StartOptions, 'client'>): Promise<StartedRun>;
};

/** Schedules of a store and of a server. */
export type Schedules = Pick<
  StepwellClient['schedules'],
  'list' | 'get' | 'set' | 'next' | 'pause' | 'resume' | 'runNow' | 'delete'
>;
