import { timed } from '../alternate.ts';
import { openEngine, startWaiters, waiter } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const warmUp = 50;

/** From `raiseEvent` to the end of a run that waited for it: its function still in memory, or replayed. */
export async function* wake({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const runs = quick ? 300 : 900;
  yield await measure(backend.address('parked'), 'wake parked', runs, { parked: warmUp + runs });
  yield await measure(backend.address('replayed'), 'wake replayed', runs, { parked: 0 });
}

async function measure(
  store: string,
  workload: string,
  runs: number,
  worker: { parked: number },
): Promise<Measurement> {
  const well = await openEngine(store, [waiter], worker);
  const samples: number[] = [];
  for (const id of await startWaiters(well, warmUp + runs)) {
    const wakeUp = async () => {
      await well.raiseEvent(id, 'go', samples.length);
      await well.result(id);
    };
    samples.push(await timed(wakeUp));
  }
  await well.close();
  const counted = samples.slice(warmUp);
  return {
    workload,
    unit: 'ms',
    value: median(counted),
    p50: median(counted),
    p99: quantile(counted, 0.99),
    floor: null,
    limit: null,
  };
}
