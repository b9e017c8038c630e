import { expect } from 'vitest';
import { Stepwell } from '../../src/client/stepwell.ts';
import type { ErrorInfo, JournalEvent, RunInfo, RunStatus } from '../../src/index.ts';
import type { AnyDefinition, Definition } from '../../src/index.ts';
import { sameJson } from '../../src/model/json.ts';
import { isFinal } from '../../src/model/run.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { crashTest, TestClock, type CrashTestOptions } from '../../src/testing/index.ts';

export interface LivesOptions extends Omit<CrashTestOptions, 'isSame' | 'after'> {
  /** False: what comes out differs from life to life (it holds an id, say), and only the bodies are compared. */
  sameOutput?: false;
}

export interface Life {
  readonly status: RunStatus;
  readonly output: RunInfo['output'];
  readonly error: ErrorInfo | undefined;
  /** How often each body was run, by workflow and operation. */
  readonly bodies: Readonly<Record<string, number>>;
  readonly events: readonly JournalEvent[];
  /** Milliseconds from the start to the end, on the run's own clock. */
  readonly took: number;
}

/** What becomes of the function while the run waits. */
type Wait = 'parked' | 'replayed' | 'taken over';

/** The id that `crashTest` gives as well: idempotency keys are then the same in all lives. */
export const RUN = 'crash-test';
const MOST_LOOKS = 1_000;

/**
 * Lives a run in every way: its function kept in memory while it waits; replayed at each wake; taken over by another
 * engine at each wait; and, in as many lives more, crashed at each commit and body. All must come to the same, and a
 * body whose result is on record must not be run again. Gives the first life.
 */
export async function everyLife<I>(
  workflow: Definition<I, unknown>,
  input: I,
  options: LivesOptions = {},
): Promise<Life> {
  const first = await live(workflow, input, options, 'parked');
  for (const wait of ['replayed', 'taken over'] as const) {
    const again = await live(workflow, input, options, wait);
    expect({ wait, ...comparable(again, options) }).toEqual({ wait, ...comparable(first, options) });
  }
  const { sameOutput, ...crashOptions } = options;
  const isSame = (a: { status: RunStatus }, b: { status: RunStatus }) => a.status === b.status;
  const report = await crashTest(
    workflow,
    input,
    sameOutput === false ? { ...crashOptions, isSame } : crashOptions,
  );
  expect(report.problems).toEqual([]);
  expect(report.points).toBeGreaterThan(0);
  return first;
}

function comparable({ status, output, error, bodies, took }: Life, { sameOutput }: LivesOptions): object {
  return sameOutput === false ? { status, bodies } : { status, output, error: plain(error), bodies, took };
}

/** Without stacks, and without the ids that differ from run to run. */
function plain(error: ErrorInfo | undefined): unknown {
  if (error === undefined) return undefined;
  const { stack: _, cause, ...rest } = error;
  return { ...rest, cause: plain(cause) };
}

async function live<I>(
  workflow: Definition<I, unknown>,
  input: I,
  { workflows = [], before, outside }: LivesOptions,
  wait: Wait,
): Promise<Life> {
  await before?.();
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const store = openMemoryStore();
  const bodies: Record<string, number> = {};
  const reports: unknown[] = [];
  const open = () =>
    Stepwell.openWith(
      {
        store,
        workflows: [workflow as AnyDefinition, ...workflows],
        system: clock.system,
        worker: wait === 'replayed' ? { parked: 0 } : {},
        onError: (error) => reports.push(error),
      },
      (run, op, body) => (io) => {
        const key = `${run.workflow} ${op}`;
        bodies[key] = (bodies[key] ?? 0) + 1;
        return body(io);
      },
    );
  let well = await open();
  const { id } = await well.start(workflow as Definition, input, { id: RUN });
  for (let look = 0; look < MOST_LOOKS; look++) {
    await clock.settle();
    const { status, waitingFor, output, error, createdAt, endedAt } = await well.get(id);
    if (isFinal(status)) {
      const events: JournalEvent[] = [];
      for await (const { event } of well.events(id, { follow: false })) events.push(event);
      await well.close({ grace: 0 });
      expect(reports).toEqual([]);
      return { status, output, error, bodies, events, took: endedAt! - createdAt };
    }
    if (status === 'stuck') throw new Error(`The run is stuck: ${waitingFor[0]?.detail}`);
    if (wait === 'taken over' && well.load().active === 0) {
      well.kill();
      for (const worker of await store.workers()) await store.retire(worker.id, clock.now());
      well = await open();
    }
    if (status === 'waiting' && outside !== undefined) {
      for (const reason of waitingFor) await outside(reason, well, id);
      await clock.settle();
      const after = await well.get(id);
      if (after.status !== status || !sameJson(after.waitingFor, waitingFor)) continue;
    }
    await clock.advanceToNext();
  }
  throw new Error(`The run did not end (${wait}).`);
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('It should have been refused.');
}
