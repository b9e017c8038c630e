import { timed } from '../alternate.ts';
import { openEngine, runMany } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';
import { startWorker, type WorkerProcess } from '../worker-processes.ts';
import { tenStepsWorkflow } from './throughput.ts';

const runs = 2_000;
const steps = 10;
const warmUp = 1;

/** 2,000 runs of 10 steps, started in bulk by a process that executes nothing, done by 1, 2 and 4 others. */
export async function* workers({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const store = backend.address('engine');
  const client = await openEngine(store, [tenStepsWorkflow], false);
  const processes: WorkerProcess[] = [];
  let alone: number | null = null;
  for (const count of [1, 2, 4]) {
    while (processes.length < count) processes.push(await startWorker(store));
    const rates: number[] = [];
    for (let round = 0; round < warmUp + (quick ? 2 : 7); round++) {
      const time = await timed(() => runMany(client, tenStepsWorkflow, runs));
      if (round >= warmUp) rates.push((runs * steps) / (time / 1_000));
    }
    yield {
      workload: `workers ${count}`,
      unit: 'steps/s',
      value: median(rates),
      p50: median(rates),
      p99: quantile(rates, 0.01),
      floor: alone,
      limit: null,
    };
    alone ??= median(rates);
  }
  await Promise.all(processes.map((worker) => worker.kill()));
  await client.close();
}
