// The shop's server: an engine on a SQLite file that runs the order workflow, behind Stepwell's HTTP API.
//
//   ORDER_GATEWAY=http://127.0.0.1:8788 node server.ts --store sqlite:order.db [--port 8787]

import { serve } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { parseArgs } from 'node:util';
import { order } from './workflow.ts';

export interface OrderServer {
  readonly url: string;
  readonly well: Stepwell;
  /** Running steps may finish; whatever else is under way goes on after the next start. */
  close(): Promise<void>;
}

export async function openServer({ store, port }: { store: string; port: number }): Promise<OrderServer> {
  const well = await Stepwell.open({ store, workflows: [order] });
  try {
    const server = await serve(well, { port });
    return { url: server.url, well, close: () => server.close().then(() => well.close()) };
  } catch (error) {
    await well.close();
    throw error;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      store: { type: 'string', default: 'sqlite:order.db' },
      port: { type: 'string', default: '8787' },
    },
  });
  const server = await openServer({ store: values.store, port: Number(values.port) });
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
}
