import { setTimeout } from 'node:timers/promises';
import { timed } from '../alternate.ts';
import { asWorkflow, openEngine, runToEnd } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const warmUp = 50;

/** An idle engine and a run of one step, from `start` to `result`. */
export async function* start({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const definition = asWorkflow('one step', (step) => step('step', async () => ({ done: true })));
  const well = await openEngine(backend.address('engine'), [definition]);
  const samples: number[] = [];
  for (let n = 0; n < warmUp + (quick ? 300 : 2_000); n++) {
    const time = await timed(() => runToEnd(well, definition));
    if (n >= warmUp) samples.push(time);
    // Idle again: nothing of the run before is left to do.
    await setTimeout(2);
  }
  yield {
    workload: 'start',
    unit: 'ms',
    value: median(samples),
    p50: median(samples),
    p99: quantile(samples, 0.99),
    floor: null,
    limit: null,
  };
  await well.close();
}
