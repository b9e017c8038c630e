import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { timed } from '../alternate.ts';
import { openEngine } from '../engine.ts';
import type { Measurement, Setup } from '../measurement.ts';
import { longRun, runId, type Lived } from './long-run.ts';

/** Generous, because the lengths cannot be measured side by side; what is not linear misses it by far. */
const limit = { atMost: 2 };

/**
 * Runs of ever more steps: what a step costs, and how long a replay takes after a crash. They are compared with the
 * shortest: the ratio of a step's cost, or of a replay's time for each step, stays about 1 if the cost is linear.
 */
export async function* long({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const shortest = { steps: 1_000, step: null as number | null, replay: null as number | null };
  for (const steps of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000]) {
    const store = backend.address(`steps_${steps}`);
    const lived = await liveAndCrash(store, steps);
    yield {
      workload: `long ${steps}`,
      unit: 'ms a step',
      value: lived.p50,
      p50: lived.p50,
      p99: lived.p99,
      floor: shortest.step,
      limit,
    };
    const replay = await replayAndEnd(store);
    const expected = shortest.replay === null ? null : shortest.replay * (steps / shortest.steps);
    yield {
      workload: `long ${steps} replay`,
      unit: 'ms',
      value: replay,
      p50: null,
      p99: null,
      floor: expected,
      limit,
    };
    shortest.step ??= lived.p50;
    shortest.replay ??= replay;
  }
}

/** Another process lives the run up to its last wait, and is killed there. */
async function liveAndCrash(store: string, steps: number): Promise<Lived> {
  const file = join(import.meta.dirname, 'long-run.ts');
  const victim: ChildProcess = fork(file, [store, String(steps)]);
  const died = once(victim, 'exit');
  const told = once(victim, 'message') as Promise<[Lived]>;
  const failed = died.then((): never => {
    throw new Error(`the process that lives the run of ${steps} steps ended before the run waited`);
  });
  const [lived] = await Promise.race([told, failed]);
  victim.kill('SIGKILL');
  await died;
  return lived;
}

/** From the event that the run waits for to its end: its journal is read, the function replayed, the end committed. */
async function replayAndEnd(store: string): Promise<number> {
  const well = await openEngine(store, [longRun]);
  const time = await timed(async () => {
    await well.raiseEvent(runId, 'go');
    await well.result(runId);
  });
  await well.close();
  return time;
}
