import { type Ctx, workflow } from 'stepwell';
import { openEngine, until } from '../engine.ts';
import { median, quantile } from '../measurement.ts';

/** Milliseconds a step. */
export interface Lived {
  readonly p50: number;
  readonly p99: number;
}

export const runId = 'long';

/** When each step's body began. */
const begun: number[] = [];

export const longRun = workflow('long', async (ctx: Ctx, steps: number) => {
  for (let n = 0; n < steps; n++) {
    await ctx.step('step', async () => {
      begun.push(performance.now());
      return { n };
    });
  }
  await ctx.waitForEvent('go');
});

// As a process (`node long-run.ts <store> <steps>`): lives the run up to its last wait, tells what its steps cost,
// and expects to be killed.
if (process.send !== undefined && import.meta.main) {
  process.on('disconnect', () => process.exit(1));
  const [store = '', steps] = process.argv.slice(2);
  const well = await openEngine(store, [longRun]);
  const run = await well.start(longRun, Number(steps), { id: runId });
  await until(async () => (await run.info()).status === 'waiting');
  const gaps = begun.slice(1).map((at, n) => at - (begun[n] ?? at));
  process.send({ p50: median(gaps), p99: quantile(gaps, 0.99) } satisfies Lived);
}
