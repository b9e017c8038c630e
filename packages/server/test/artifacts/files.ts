import { Stepwell, workflow } from 'stepwell';
import type { AppOptions } from '../../src/app.ts';
import { TestApi } from '../api.ts';

/** Gives the text of its files, by their names. */
const collect = workflow('collect', async (ctx, _input: unknown) => {
  const texts: Record<string, string> = {};
  for (const { name } of await ctx.artifacts.list()) {
    const file = await ctx.artifacts.read(name);
    texts[name] = await ctx.step('read', () => file.text());
  }
  return texts;
});

const waits = workflow('waits', async (ctx) => ctx.waitForEvent('go'));

/** An API before an engine in memory that takes files of up to 1,000 bytes. */
export async function openFiles(options: AppOptions = {}): Promise<TestApi> {
  const well = await Stepwell.open({
    store: 'memory:',
    workflows: [collect, waits],
    limits: { artifactBytes: 1_000 },
  });
  return TestApi.on(well, options);
}
