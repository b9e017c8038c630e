import type { Performed, Reconciled } from '../engine/runtime.ts';
import type { Codec } from '../model/codec.ts';
import { failureOf } from '../model/failure.ts';
import type { StepIO } from './context.ts';
import { startBody } from './place.ts';
import type { Retry } from './retry.ts';

/** The body of a step or condition, as long as it may have to be run. */
export interface BodyOf {
  readonly run: (io: StepIO) => unknown;
  readonly retry: Retry | null;
  /** What the value means: a condition goes on until it holds. */
  readonly isCondition: boolean;
  readonly reconcile: ((io: StepIO) => unknown) | undefined;
}

export function bodyOf(run: BodyOf['run'], retry: Retry | null, reconcile?: BodyOf['reconcile']): BodyOf {
  return { run, retry, isCondition: false, reconcile };
}

/** Runs an attempt of a body. */
export function perform(
  { run, retry, isCondition }: BodyOf,
  io: StepIO,
  codec: Codec | null,
  done: (performed: Performed) => void,
): void {
  const returned = (value: unknown) =>
    done(
      isCondition && (value === false || value === null || value === undefined)
        ? { type: 'not yet' }
        : { type: 'value', value },
    );
  const threw = (error: unknown) =>
    done({ type: 'error', error: failureOf(error, codec), retryable: retry?.isRetryable(error) ?? false });
  startBody(run, io, returned, threw);
}

/** Asks whether an attempt that was cut off took effect. */
export function reconcile(
  ask: (io: StepIO) => unknown,
  io: StepIO,
  codec: Codec | null,
  done: (reconciled: Reconciled) => void,
): void {
  const found = (value: unknown) => {
    const { done: isDone, value: result } = value as { done: boolean; value?: unknown };
    done(isDone ? { type: 'done', value: result } : { type: 'not done' });
  };
  const threw = (error: unknown) => done({ type: 'unknown', error: failureOf(error, codec) });
  startBody(ask, io, found, threw);
}
