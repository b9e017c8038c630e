import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/** Those of the process, and of Node: one for all who want them, since each would look at the garbage collector anew. */
export function processMetrics(): Registry {
  if (registry === null) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
