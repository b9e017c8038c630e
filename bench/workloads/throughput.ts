import { alternate, timed } from '../alternate.ts';
import { asWorkflow, inFlight, openEngine, runToEnd } from '../engine.ts';
import type { Step } from '../floor.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const steps = 10;
const runs = 2_000;
const lanes = 100;

const tenSteps = async (step: Step) => {
  for (let n = 0; n < steps; n++) await step('step', async () => ({ n }));
};

export const tenStepsWorkflow = asWorkflow('ten steps', tenSteps);

/** Steps a second: 2,000 runs of 10 steps, 100 in flight, each from its start to its result. */
export async function stepsPerSecond(run: () => Promise<unknown>): Promise<number> {
  const time = await timed(() => inFlight(lanes, runs, run));
  return (runs * steps) / (time / 1_000);
}

export async function* throughput({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const well = await openEngine(backend.address('engine'), [tenStepsWorkflow]);
  const floor = await backend.openFloor();
  const samples = await alternate(
    { warmUp: 8, counted: quick ? 7 : 11 },
    () => stepsPerSecond(() => runToEnd(well, tenStepsWorkflow)),
    () => stepsPerSecond(() => floor.run(tenSteps)),
  );
  yield {
    workload: 'throughput',
    unit: 'steps/s',
    value: median(samples.engine),
    p50: median(samples.engine),
    // The slow end is the low one.
    p99: quantile(samples.engine, 0.01),
    floor: median(samples.floor),
    limit: backend.limits.throughput,
  };
  await well.close();
  await floor.close();
}
