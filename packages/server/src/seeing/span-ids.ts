import { createHash, randomBytes } from 'node:crypto';
import type { OperationId, RunRecord } from 'stepwell/engine';

/** What makes a run the same run for tracing: an id may be used again after a purge. */
export type Traced = Pick<RunRecord, 'namespace' | 'id' | 'createdAt' | 'traceparent'>;

/** `00-<trace>-<span>-<flags>`, see https://www.w3.org/TR/trace-context/#traceparent-header */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Recorded, if nobody who called has decided. */
const SAMPLED = 1;

/** What a run was started with; null: nothing. */
export function callerOf({ traceparent }: Traced): TraceParent | null {
  if (traceparent === null) return null;
  const [, traceId, spanId, flags] = traceparent.split('-');
  return { traceId: traceId!, spanId: spanId!, flags: Number.parseInt(flags!, 16) };
}

/**
 * Ids of spans follow from the run and the operation: whichever processes execute a run over the weeks, they speak of the
 * same trace, and a step can hand its span's id on before anybody has recorded the span.
 * @param reopenedAt when the present life of the run began; null: with its creation
 */
export function runSpan(run: Traced, reopenedAt: number | null): TraceParent {
  return spanOf(run, `run\n${reopenedAt ?? ''}`);
}

/** @param beginnings how often the function had begun anew: what it does then is done again */
export function operationSpan(run: Traced, op: OperationId, beginnings: number): TraceParent {
  return spanOf(run, `operation\n${beginnings}\n${op}`);
}

function spanOf(run: Traced, what: string): TraceParent {
  const caller = callerOf(run);
  const whose = `${run.namespace}\n${run.id}\n${run.createdAt}`;
  return {
    traceId: caller?.traceId ?? hash(whose).slice(0, 32),
    spanId: hash(`${whose}\n${what}`).slice(0, 16),
    flags: caller?.flags ?? SAMPLED,
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function traceparentText({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** To be given to a tracer provider as its `idGenerator`: the ids of the engine's spans are known beforehand, all others are random. */
export class SpanIds {
  #next: TraceParent | null = null;

  /** Makes a span that has these ids. */
  with<T>(ids: TraceParent, make: () => T): T {
    this.#next = ids;
    try {
      return make();
    } finally {
      this.#next = null;
    }
  }

  generateTraceId(): string {
    return this.#next?.traceId ?? randomBytes(16).toString('hex');
  }

  generateSpanId(): string {
    return this.#next?.spanId ?? randomBytes(8).toString('hex');
  }
}
