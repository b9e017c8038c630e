import { Stepwell, workflow } from 'stepwell';
import { createApp } from '../../src/app.ts';
import { openSeeing } from '../../src/seeing/seeing.ts';
import { type Exposition, readExposition } from './prometheus.ts';

/** What /metrics says once everything that it counts has happened. */
export async function exercised(): Promise<Exposition> {
  const chain = workflow('chain', async (ctx) => {
    await ctx.step('one', () => {});
    await ctx.step('two', () => {});
    await ctx.waitForEvent('go');
  });
  const seeing = openSeeing();
  const { instruments } = seeing;
  await using well = await Stepwell.open({ store: 'memory:', workflows: [chain], instruments });
  const app = createApp(well, { seeing, log: () => {} });
  seeing.readers(() => ({ sse: 1 }));
  const run = await well.start(chain);
  await run.raiseEvent('go');
  await run.result();
  const error = { name: 'Error', message: '' };
  const record = (await well.parts.store.get('default', run.id))!;
  instruments.tell({ type: 'run stuck', run: record, error });
  instruments.tell({ type: 'woken', run: record, by: 'timer', milliseconds: 1 });
  await app.request('/healthz');
  return readExposition(await (await app.request('/metrics')).text());
}
