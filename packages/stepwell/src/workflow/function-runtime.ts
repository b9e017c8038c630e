import type { Execution, Host, Runtime } from '../engine/runtime.ts';
import type { System } from '../engine/system.ts';
import type { Codec } from '../model/codec.ts';
import type { RunRecord } from '../model/run.ts';
import { FunctionExecution } from './execution.ts';
import type { Registry } from './registry.ts';

/** Executes async functions in this process. */
export class FunctionRuntime implements Runtime {
  readonly #registry: Registry;
  readonly #settled: System['settled'];
  readonly #codec: Codec | null;

  constructor(registry: Registry, settled: System['settled'], codec: Codec | null) {
    this.#registry = registry;
    this.#settled = settled;
    this.#codec = codec;
  }

  kinds(): readonly string[] {
    return this.#registry.kinds;
  }

  execute(run: RunRecord, host: Host): Execution | null {
    const definition = this.#registry.find(run.workflow, run.version);
    if (definition === null) return null;
    const parts = { registry: this.#registry, settled: this.#settled, codec: this.#codec };
    return new FunctionExecution(definition, run, host, parts);
  }
}
