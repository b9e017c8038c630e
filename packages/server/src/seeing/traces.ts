import {
  type Attributes,
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { EngineFact, OperationEnded, OperationId, RunRecord } from 'stepwell/engine';
import { callerOf, operationSpan, runSpan, SpanIds, type TraceParent, traceparentText } from './span-ids.ts';

type Failure = NonNullable<OperationEnded['error']>;

interface Ended {
  readonly name: string;
  readonly ids: TraceParent;
  readonly parent: TraceParent | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  readonly isError: boolean;
  readonly error: Failure | undefined;
}

/**
 * A run is a trace, its operations are spans. A span is made when what it shows has ended and that is durable, with the
 * times of the journal: a run may take weeks, and be executed by many processes.
 */
export class Traces {
  readonly #ids = new SpanIds();
  readonly #tracer: Tracer;

  /** @param provide makes the provider, which must take its ids from the generator that it is given */
  constructor(provide: (idGenerator: SpanIds) => TracerProvider) {
    this.#tracer = provide(this.#ids).getTracer('stepwell');
  }

  traceparentOf(run: RunRecord, op: OperationId, beginnings: number): string {
    return traceparentText(operationSpan(run, op, beginnings));
  }

  tell(fact: EngineFact): void {
    if (fact.type === 'operation ended' && fact.kind !== 'patch') this.#operation(fact);
    else if (fact.type === 'run ended') this.#run(fact);
  }

  #operation(fact: OperationEnded): void {
    const { run, op, kind, outcome, attempts, error, startedAt, endedAt, beginnings, reopenedAt } = fact;
    const group = op.includes('/') ? op.slice(0, op.lastIndexOf('/')) : null;
    this.#span({
      name: op.slice(op.lastIndexOf('/') + 1),
      ids: operationSpan(run, op, beginnings),
      parent: group === null ? runSpan(run, reopenedAt) : operationSpan(run, group, beginnings),
      startedAt,
      endedAt,
      attributes: {
        ...attributesOf(run),
        'stepwell.operation.id': op,
        'stepwell.operation.kind': kind,
        'stepwell.operation.outcome': outcome,
        'stepwell.operation.attempts': attempts,
      },
      isError: outcome === 'failed',
      error,
    });
  }

  #run({ run, status, error, endedAt, reopenedAt }: Extract<EngineFact, { type: 'run ended' }>): void {
    this.#span({
      name: run.workflow,
      ids: runSpan(run, reopenedAt),
      parent: callerOf(run),
      startedAt: reopenedAt ?? run.createdAt,
      endedAt,
      attributes: { ...attributesOf(run), 'stepwell.run.status': status, 'stepwell.queue': run.queue },
      isError: status !== 'succeeded' && status !== 'continued',
      error,
    });
  }

  #span({ name, ids, parent, startedAt, endedAt, attributes, isError, error }: Ended): void {
    const options = { startTime: timeOf(startedAt), attributes };
    const span = this.#ids.with(ids, () => this.#tracer.startSpan(name, options, contextOf(parent)));
    if (isError) {
      const message = error?.message;
      span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
    }
    if (error !== undefined) {
      span.setAttribute('error.type', error.code ?? error.name);
      span.addEvent(
        'exception',
        { 'exception.type': error.name, 'exception.message': error.message },
        timeOf(endedAt),
      );
    }
    span.end(timeOf(endedAt));
  }
}

function attributesOf({ id, namespace, workflow, version }: RunRecord): Attributes {
  return {
    'stepwell.run.id': id,
    'stepwell.namespace': namespace,
    'stepwell.workflow': workflow,
    'stepwell.version': version,
  };
}

function contextOf(parent: TraceParent | null): Context {
  if (parent === null) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
}

/** Milliseconds since 1970 as seconds and nanoseconds: a bare number might be taken for one since the process began. */
function timeOf(at: number): HrTime {
  return [Math.trunc(at / 1_000), Math.round((at % 1_000) * 1_000_000)];
}
