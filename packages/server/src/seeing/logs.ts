import { type DestinationStream, type Level, pino, type Logger, stdTimeFunctions } from 'pino';
import { isStepwellError } from 'stepwell';
import type { EngineFact, RunRecord } from 'stepwell/engine';

export interface LogOptions {
  /** `info`: also the end of each run; default `warn`. */
  level?: Level;
  /** Also the lines that workflows write with `ctx.log`, at their own level. Default false. */
  runs?: boolean;
  /** Where lines of JSON go; default: standard error. */
  to?: DestinationStream;
}

/**
 * Lines of JSON, with the ids of the run and the operation that they are about. Never with inputs, outputs, or the messages
 * of users' errors, which may quote them: those are in the run, for whoever may see it.
 */
export class Logs {
  readonly #log: Logger;
  readonly #runs: boolean;

  constructor({ level = 'warn', runs = false, to }: LogOptions = {}) {
    const options = { level, timestamp: stdTimeFunctions.isoTime };
    this.#log = pino(options, to ?? pino.destination({ fd: 2, sync: true }));
    this.#runs = runs;
  }

  /** Something went wrong of which no caller hears. */
  error(message: string, error: unknown): void {
    this.#log.error({ error: shown(error) }, message);
  }

  tell(fact: EngineFact): void {
    if (fact.type === 'run ended') {
      const { run, status, endedAt, reopenedAt, error } = fact;
      const durationMs = endedAt - (reopenedAt ?? run.createdAt);
      this.#log.info({ ...idsOf(run), status, durationMs, ...failureOf(error) }, 'run ended');
    } else if (fact.type === 'run stuck') {
      const { run, error } = fact;
      this.#log.warn({ ...idsOf(run), ...failureOf(error) }, 'run stuck');
    } else if (fact.type === 'logged' && this.#runs) {
      const { run, op, level, message } = fact;
      this.#log[level]({ ...idsOf(run), ...(op !== undefined && { operation: op }) }, message);
    }
  }
}

function idsOf({ id, namespace, workflow, version }: RunRecord) {
  return { run: id, namespace, workflow, version };
}

function failureOf(error: { readonly name: string; readonly code?: string } | undefined) {
  if (error === undefined) return {};
  const { name, code } = error;
  return { error: { name, ...(code !== undefined && { code }) } };
}

/** Without what the error carries besides: an HTTP client's error may hold a whole request. */
function shown(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    ...(isStepwellError(error) && { code: error.code }),
    stack,
    ...(cause instanceof Error && { cause: `${cause.name}: ${cause.message}` }),
  };
}
