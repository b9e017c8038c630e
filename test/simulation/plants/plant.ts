import type { Store } from '../../../packages/stepwell/src/store/contract.ts';
import type { AnyDefinition } from '../../../packages/stepwell/src/workflow/definition.ts';
import type { SimProcess } from '../sim-process.ts';

/**
 * A bug that is put in on purpose: a simulation that does not find it proves nothing. The engine's code knows nothing
 * of it. What the engine is given is spoiled: the store, what one process is told by it, or the workflows.
 */
export interface Plant {
  /** The promise of docs/guarantees.md that it breaks. */
  readonly breaks: string;
  /** What a violation must say to have found this bug, and not just something. */
  readonly shows: RegExp;
  /** In the store that all processes share. */
  readonly shared?: (store: Store) => Store;
  /** Between the store and one process. */
  readonly remote?: (store: Store, process: SimProcess) => Store;
  /** In the workflows of every process. */
  readonly workflows?: (definition: AnyDefinition) => AnyDefinition;
}
