import type { ExecutionParts } from '../../packages/stepwell/src/workflow/execution.ts';
import type { RunKey } from '../../packages/stepwell/src/model/run.ts';
import { bodyOfExample } from './examples.ts';
import type { Faults } from './faults.ts';
import type { Hands } from './interpret.ts';
import type { Ledger } from './ledger.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';
import type { Trace } from './trace.ts';
import type { WatchedStore } from './watched-store.ts';

interface World {
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly scheduler: Scheduler;
  readonly store: WatchedStore;
  /** Names of the examples that runs belong to, by the id of the run. */
  readonly examples: ReadonlyMap<string, string>;
}

/** What is around every body that a process runs: the ledger, and two moments that may be the last of the process. */
export function bodiesOf(
  process: SimProcess,
  hands: Hands,
  { ledger, faults, trace, scheduler, store, examples }: World,
): NonNullable<ExecutionParts['bodyOf']> {
  const journalOf = (run: RunKey) => scheduler.hold(store.journal(run, 0, Number.MAX_SAFE_INTEGER));
  return (run, op, own) => {
    const example = examples.get(run.id);
    const body = example === undefined ? own : bodyOfExample(example, run, op, { hands, journalOf });
    return async (io) => {
      const key = io.idempotencyKey;
      // What a dead process still does until it notices never happened.
      if (!process.alive) return forever();
      trace.write(process.name, `body ${key} attempt ${io.attempt}`);
      ledger.begin(process, key, io.attempt);
      if (faults.endsBody(process, 'entry', key)) {
        process.crash(`at the entry of the body of ${key}`);
        return forever();
      }
      try {
        return await body(io);
      } finally {
        if (process.alive && faults.endsBody(process, 'exit', key))
          process.crash(`at the exit of the body of ${key}`);
      }
    };
  };
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
