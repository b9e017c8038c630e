import { alternate, timed } from '../alternate.ts';
import { asWorkflow, openEngine, runToEnd } from '../engine.ts';
import type { Step } from '../floor.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const width = 1_000;

const fan = async (step: Step) => {
  const items = Array.from({ length: width }, (_, n) => step('item', async () => ({ n })));
  const results = await Promise.all(items);
  return results.length;
};

/** One run with 1,000 parallel steps, from its start to its result. */
export async function* fanout({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const definition = asWorkflow('fan', fan);
  const well = await openEngine(backend.address('engine'), [definition]);
  const floor = await backend.openFloor();
  const samples = await alternate(
    { warmUp: 10, counted: quick ? 40 : 200 },
    () => timed(() => runToEnd(well, definition)),
    () => timed(() => floor.run(fan)),
  );
  yield {
    workload: 'fanout',
    unit: 'ms',
    value: median(samples.engine),
    p50: median(samples.engine),
    p99: quantile(samples.engine, 0.99),
    floor: median(samples.floor),
    limit: backend.limits.fanout,
  };
  await well.close();
  await floor.close();
}
