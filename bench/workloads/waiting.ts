import { alternate } from '../alternate.ts';
import { openEngine, runToEnd, startWaiters, waiter } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';
import { stepsPerSecond, tenStepsWorkflow } from './throughput.ts';

const mebibyte = 1024 * 1024;

/** What runs that only wait cost: memory, room in the file, and the speed of the others. */
export async function* waiting({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const runs = quick ? 10_000 : 100_000;
  const crowded = await openEngine(backend.address('crowded'), [waiter, tenStepsWorkflow]);
  // So many stay in memory, ready to go on without replay; what the others cost is what counts.
  await startWaiters(crowded, 1_000);
  const before = { ...memory(), file: await backend.size('crowded') };
  await startWaiters(crowded, runs);
  const after = { ...memory(), file: await backend.size('crowded') };
  const bytes = (after.file - before.file) / runs;
  const figure = { p50: null, p99: null, limit: null };
  yield { workload: 'waiting memory', unit: 'MiB', value: after.process, floor: before.process, ...figure };
  yield { workload: 'waiting heap', unit: 'MiB', value: after.heap, floor: before.heap, ...figure };
  yield { workload: 'waiting file', unit: 'bytes a run', value: bytes, floor: null, ...figure };

  const empty = await openEngine(backend.address('empty'), [waiter, tenStepsWorkflow]);
  const samples = await alternate(
    { warmUp: 1, counted: quick ? 5 : 11 },
    () => stepsPerSecond(() => runToEnd(crowded, tenStepsWorkflow)),
    () => stepsPerSecond(() => runToEnd(empty, tenStepsWorkflow)),
  );
  yield {
    workload: 'waiting throughput',
    unit: 'steps/s',
    value: median(samples.engine),
    p50: median(samples.engine),
    p99: quantile(samples.engine, 0.01),
    floor: median(samples.floor),
    limit: { atLeast: 0.8 },
  };
  await crowded.close();
  await empty.close();
}

/**
 * MiB. The process keeps room that garbage once had, as much as V8 sees fit; whether runs are kept in memory shows in
 * the heap.
 */
function memory(): { process: number; heap: number } {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { process: rss / mebibyte, heap: heapUsed / mebibyte };
}
