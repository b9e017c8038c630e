import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeProcess } from './node-process.ts';

const MANIFEST = fileURLToPath(import.meta.resolve('@stepwell/cli/package.json'));
const WORKFLOWS = join(import.meta.dirname, '..', 'workflow.ts');

/** What the processes of one shop have in common. */
export interface ShopSettings {
  /** Address of the store. It may hold a password: the processes get it by their environment. */
  readonly store: string;
  readonly gateway: string;
}

/** `stepwell server`: takes orders, and executes none. Port 0: any that is free. */
export function startServer(settings: ShopSettings, port: string): Promise<NodeProcess> {
  return startCommand(settings, 'server', WORKFLOWS, '--port', port);
}

/** `stepwell worker`: executes orders. If it dies, they stay with it for the time of the lease. */
export function startWorker(settings: ShopSettings, name: string, lease: string): Promise<NodeProcess> {
  return startCommand(settings, 'worker', WORKFLOWS, '--name', name, '--lease', lease);
}

function startCommand({ store, gateway }: ShopSettings, ...args: string[]): Promise<NodeProcess> {
  const { bin } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { bin: { stepwell: string } };
  const command = join(dirname(MANIFEST), bin.stepwell);
  return NodeProcess.start([command, ...args, '--json'], { STEPWELL_STORE: store, ORDER_GATEWAY: gateway });
}
