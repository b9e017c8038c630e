import { join } from 'node:path';
import { alternate, timed } from '../alternate.ts';
import { asWorkflow, openEngine, runToEnd } from '../engine.ts';
import { Floor, type Step } from '../floor.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const width = 1_000;

const fan = async (step: Step) => {
  const items = Array.from({ length: width }, (_, n) => step('item', async () => ({ n })));
  const results = await Promise.all(items);
  return results.length;
};

/** One run with 1,000 parallel steps, from its start to its result. */
export async function* fanout({ directory, quick }: Setup): AsyncGenerator<Measurement> {
  const definition = asWorkflow('fan', fan);
  const well = await openEngine(directory, [definition]);
  const floor = new Floor(join(directory, 'floor.db'));
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
    limit: { atMost: 5 },
  };
  await well.close();
  floor.close();
}
