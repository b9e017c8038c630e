import type { Attempt, Host } from '../engine/runtime.ts';
import type { LogLevel } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { StepArtifacts } from './artifact-context.ts';
import type { Log, StepIO } from './context.ts';

/** The execution that a body belongs to. */
interface BodyOwner {
  readonly host: Host;
  readonly artifacts: StepArtifacts;
}

/** What the body of a step is given. */
export class BodyIO implements StepIO {
  readonly #host: Host;
  readonly #execution: BodyOwner;
  readonly #op: OperationId;
  readonly #attempt: Attempt;

  constructor(execution: BodyOwner, op: OperationId, attempt: Attempt) {
    this.#host = execution.host;
    this.#execution = execution;
    this.#op = op;
    this.#attempt = attempt;
  }

  get attempt(): number {
    return this.#attempt.number;
  }

  get idempotencyKey(): string {
    return this.#attempt.idempotencyKey;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  get lastHeartbeat(): unknown {
    return this.#attempt.details;
  }

  get traceparent(): string | undefined {
    return this.#host.traceparentOf(this.#op);
  }

  get artifacts(): StepArtifacts {
    return this.#execution.artifacts;
  }

  get log(): Log {
    return logTo((level, message, data) => this.#host.log(this.#op, level, message, data));
  }

  /** Bound, since bodies take it out of their argument. */
  get heartbeat(): (details?: unknown) => void {
    return (details) => this.#host.heartbeat(this.#op, this.#attempt, details as Json | undefined);
  }
}

/** A log whose lines go to one function. */
export function logTo(write: (level: LogLevel, message: string, data: Json | undefined) => void): Log {
  const at = (level: LogLevel) => (message: string, data?: unknown) =>
    write(level, message, data as Json | undefined);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
