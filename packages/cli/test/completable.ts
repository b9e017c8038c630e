import { serve } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { greet, waitForGo } from './workflows.ts';

/** A server with names to complete. The answer is to be closed. */
export async function serveNames(): Promise<{ url: string; close: () => Promise<void> }> {
  const well = await Stepwell.open({ store: 'memory:', workflows: [greet, waitForGo], worker: false });
  const server = await serve(well, { port: 0 });
  await well.setQueue('slow lane', { concurrency: 1 });
  for (const id of ['alpha', 'alps', 'daily@2026-01-01T00:00:00.000Z'])
    await well.start('wait', undefined, { id });
  const close = async () => {
    await server.close();
    await well.close();
  };
  return { url: server.url, close };
}
