import { join } from 'node:path';
import { NodeProcess } from '../processes/node-process.ts';
import { type Finding, finding } from './findings.ts';
import { KillableServer } from './killable-server.ts';
import type { Shop } from './shop.ts';
import type { Story } from './story.ts';

const PROGRAM = join(import.meta.dirname, '..', 'server.ts');

/** On SQLite: one process does everything, and each blow hits it. */
export class SingleServer implements Shop {
  readonly #server: KillableServer;

  constructor(file: string, gateway: string, story: Story) {
    const start = (port: string) =>
      NodeProcess.start([PROGRAM, '--store', `sqlite:${file}`, '--port', port], { ORDER_GATEWAY: gateway });
    this.#server = new KillableServer(start, story);
  }

  url(): Promise<string> {
    return this.#server.url();
  }

  killWhileWaiting(): Promise<void> {
    return this.#server.killAndRestart('while the order waits for the manager');
  }

  killWhilePaying(): Promise<void> {
    return this.#server.killAndRestart('while the payment is being retried');
  }

  findings(): Finding[] {
    const { kills } = this.#server;
    return [finding('the server was killed twice', kills === 2, `${kills} kills`)];
  }

  close(): Promise<void> {
    return this.#server.stop();
  }
}
