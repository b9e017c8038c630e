import type { NodeProcess } from '../processes/node-process.ts';
import type { Story } from './story.ts';

/** The shop's server as a process that is killed and started again, at the same address. */
export class KillableServer {
  kills = 0;
  readonly #start: (port: string) => Promise<NodeProcess>;
  readonly #story: Story;
  #process: Promise<NodeProcess>;

  constructor(start: (port: string) => Promise<NodeProcess>, story: Story) {
    this.#start = start;
    this.#story = story;
    this.#process = this.#started('0');
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
      return this.#started(new URL(killed.url).port);
    });
    await this.#process;
  }

  async stop(): Promise<void> {
    await (await this.#process).stop();
  }

  async #started(port: string): Promise<NodeProcess> {
    const started = await this.#start(port);
    this.#story.tell('server', `▶ listens at ${started.url}, process ${started.pid}`, 'cyan');
    return started;
  }
}
