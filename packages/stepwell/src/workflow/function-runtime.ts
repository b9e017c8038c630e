import type { Execution, Host, Runtime } from '../engine/runtime.ts';
import type { RunRecord } from '../model/run.ts';
import { FunctionCtx } from './ctx.ts';
import { FunctionExecution, type ExecutionParts } from './execution.ts';

/** Executes async functions in this process. */
export class FunctionRuntime implements Runtime {
  readonly #parts: ExecutionParts;

  constructor(parts: Omit<ExecutionParts, 'ctxOf'>) {
    this.#parts = { ...parts, ctxOf: (execution, scope) => new FunctionCtx(execution, scope) };
  }

  kinds(): readonly string[] {
    return this.#parts.registry.kinds;
  }

  execute(run: RunRecord, host: Host): Execution | null {
    const definition = this.#parts.registry.find(run.workflow, run.version);
    return definition === null ? null : new FunctionExecution(definition, run, host, this.#parts);
  }
}
