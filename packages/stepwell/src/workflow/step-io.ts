import type { Attempt, Host } from '../engine/runtime.ts';
import type { LogLevel } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { Log, StepIO } from './context.ts';

/** What the body of a step is given. */
export function stepIO(
  host: Host,
  op: OperationId,
  { number, idempotencyKey, details, signal }: Attempt,
): StepIO {
  return {
    attempt: number,
    idempotencyKey,
    lastHeartbeat: details,
    get signal() {
      return signal.get();
    },
    get log() {
      return logTo((level, message, data) => host.log(op, level, message, data));
    },
    heartbeat: (told) => host.heartbeat(op, told as Json | undefined),
  };
}

/** A log whose lines go to one function. */
export function logTo(write: (level: LogLevel, message: string, data: Json | undefined) => void): Log {
  const at = (level: LogLevel) => (message: string, data?: unknown) =>
    write(level, message, data as Json | undefined);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
