import { join } from 'node:path';
import { NodeProcess } from './node-process.ts';
import type { Story } from './story.ts';

const PROGRAM = join(import.meta.dirname, '..', 'server.ts');

/** The shop's server as a process that is killed and started again, at the same address. */
export class KillableServer {
  kills = 0;
  readonly #store: string;
  readonly #gateway: string;
  readonly #story: Story;
  #process: Promise<NodeProcess>;

  constructor(store: string, gateway: string, story: Story) {
    this.#store = store;
    this.#gateway = gateway;
    this.#story = story;
    this.#process = this.#start('0');
  }

  /** Of the process that runs, or else of the one that is being started. */
  async url(): Promise<string> {
    return (await this.#process).url;
  }

  async killAndRestart(when: string): Promise<void> {
    const killed = await this.#process;
    this.#process = killed.kill().then(() => {
      this.kills++;
      this.#story.tell('server', `✗ killed (SIGKILL) ${when}`, 'red');
      return this.#start(new URL(killed.url).port);
    });
    await this.#process;
  }

  async #start(port: string): Promise<NodeProcess> {
    const args = [PROGRAM, '--store', this.#store, '--port', port];
    const started = await NodeProcess.start(args, { ORDER_GATEWAY: this.#gateway });
    this.#story.tell('server', `▶ listens at ${started.url}, process ${started.pid}`, 'cyan');
    return started;
  }
}
