import type { Ask } from '../engine/runtime.ts';
import type { OperationStarted } from '../model/event.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { checkName } from '../model/identifier.ts';
import type { Json } from '../model/json.ts';
import type { OperationId, OperationKind } from '../model/operation.ts';
import type { BodyOf } from './body.ts';
import type { FunctionExecution } from './execution.ts';
import { validate, type Schema } from './schema.ts';
import type { Scope } from './scope.ts';

/** Where in a workflow operations are asked for: an execution, and the group that is open. */
export class Here {
  readonly execution: FunctionExecution;
  readonly scope: Scope;

  constructor(execution: FunctionExecution, scope: Scope) {
    this.execution = execution;
    this.scope = scope;
  }

  /**
   * The id of an operation that is asked for here and now.
   * @throws StepwellError `NAME_INVALID`, or that of a ctx that is used where it does not belong
   */
  begin(method: string, name: string): OperationId {
    this.execution.guard(this.scope, method);
    checkName(name, `name given to ctx.${method}`, this.execution.limits.nameLength);
    return this.scope.next(name);
  }

  request(ask: Ask, body?: BodyOf, succeeded?: (value: Json | undefined) => void): Promise<Json | undefined> {
    return this.execution.request(this.scope, ask, body, succeeded);
  }

  /** The time at which a timeout that begins now is over. */
  untilOf(timeout: Duration | undefined, op: OperationId): number | undefined {
    const limit = limitOf(timeout, `timeout of "${op}"`);
    return limit === undefined ? undefined : this.execution.host.now() + limit;
  }
}

export function startedOf<K extends OperationKind>(op: OperationId, kind: K): OperationStarted & { kind: K } {
  return { type: 'operation.started', op, kind };
}

/** Milliseconds of an optional limit. */
export function limitOf(duration: Duration | undefined, what: string): number | undefined {
  return duration === undefined ? undefined : milliseconds(duration, what);
}

/** What came from outside, checked. @throws StepwellError `EVENT_INVALID` */
export async function valid<T>(
  schema: Schema | undefined,
  value: Json | undefined,
  what: string,
): Promise<T> {
  return (schema === undefined ? value : await validate(schema, value, 'EVENT_INVALID', what)) as T;
}
