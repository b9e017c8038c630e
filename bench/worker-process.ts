// A process with a worker (`node worker-process.ts <store> <lease>`), until it is killed or its parent is gone.

import { setTimeout } from 'node:timers/promises';
import { type Ctx, workflow } from 'stepwell';
import { openEngine } from './engine.ts';
import type { Said } from './worker-processes.ts';
import { tenStepsWorkflow } from './workloads/throughput.ts';

/** Says when it has been woken, as soon as that is durable. */
export const woken = workflow('woken', async (ctx: Ctx, _input: undefined) => {
  await ctx.waitForEvent('go');
  await ctx.step('say', async () => say(ctx.runId));
});

/** Never ends of its own accord, and says at each of its steps that it is alive. */
export const endless = workflow('endless', async (ctx: Ctx, _input: undefined) => {
  for (;;) {
    await ctx.step('live', async () => {
      say(ctx.runId);
      await setTimeout(100);
    });
  }
});

const tell = (said: Said) => process.send?.(said);
const say = (run: string) => void tell({ run, at: String(process.hrtime.bigint()) });

if (import.meta.main) {
  process.on('disconnect', () => process.exit(1));
  const [store = '', lease = ''] = process.argv.slice(2);
  await openEngine(store, [tenStepsWorkflow, woken, endless], { lease });
  tell('ready');
}
