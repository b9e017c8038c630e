import { alternate, timed } from '../alternate.ts';
import { asWorkflow, openEngine, runToEnd } from '../engine.ts';
import type { Step } from '../floor.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const steps = 100;
/** A log file reaches its steady size after a thousand commits or so; before, every commit makes the file grow. */
const warmUp = 15;

/** One run of 100 steps at a time: what one step costs, with nobody to share a transaction with. */
export async function* sequential({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  let begun: number[] = [];
  const fn = async (step: Step) => {
    for (let n = 0; n < steps; n++) {
      await step('step', async () => {
        begun.push(performance.now());
        return { n };
      });
    }
  };
  const definition = asWorkflow('sequential', fn);
  const well = await openEngine(backend.address('engine'), [definition]);
  const floor = await backend.openFloor();

  const gaps: number[] = [];
  const onEngine = async () => {
    begun = [];
    const time = await timed(() => runToEnd(well, definition));
    gaps.push(...begun.slice(1).map((at, n) => at - (begun[n] ?? at)));
    return time / steps;
  };
  const onFloor = async () => (await timed(() => floor.run(fn))) / steps;
  const samples = await alternate({ warmUp, counted: quick ? 25 : 100 }, onEngine, onFloor);

  const counted = gaps.slice(warmUp * (steps - 1));
  yield {
    workload: 'sequential',
    unit: 'ms a step',
    value: median(samples.engine),
    p50: median(counted),
    p99: quantile(counted, 0.99),
    floor: median(samples.floor),
    limit: backend.limits.sequential,
  };
  await well.close();
  await floor.close();
}
