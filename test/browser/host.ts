import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyDefinition, Stepwell } from 'stepwell';
import { serve, type ServeOptions, type Server } from '../../packages/server/src/index.ts';

/** An engine on a SQLite file with a server before it, which can be closed and opened again on the same port. */
export class Host implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'stepwell-browser-'));
  readonly #workflows: readonly AnyDefinition[];
  readonly #options: ServeOptions;
  well!: Stepwell;
  #server!: Server;

  private constructor(workflows: readonly AnyDefinition[], options: ServeOptions) {
    this.#workflows = workflows;
    this.#options = options;
  }
  static async open(workflows: readonly AnyDefinition[], options: ServeOptions = {}): Promise<Host> {
    const host = new Host(workflows, options);
    await host.#begin(0);
    return host;
  }

  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async restart(): Promise<void> {
    const { port } = this;
    await this.#end();
    await this.#begin(port);
  }

  /** How many clients of streams the server counts. */
  async readers(): Promise<number> {
    const counts = await this.#counts('stepwell_stream_readers');
    return counts.reduce((sum, { value }) => sum + value, 0);
  }

  /** How often the server has answered with which status; what is asked for here is not counted. */
  async answers(): Promise<Record<string, number>> {
    const answers: Record<string, number> = {};
    for (const { labels, value } of await this.#counts('stepwell_http_request_duration_seconds_count')) {
      if (labels['route'] === '/metrics') continue;
      const status = labels['status']!;
      answers[status] = (answers[status] ?? 0) + value;
    }
    return answers;
  }

  async #counts(metric: string): Promise<{ labels: Record<string, string>; value: number }[]> {
    const metrics = await (await fetch(`${this.url}/metrics`)).text();
    const lines = [...metrics.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\d+)$`, 'gm'))];
    return lines.map(([, labels, value]) => ({
      labels: Object.fromEntries(
        [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name!, text!]),
      ),
      value: Number(value),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #begin(port: number): Promise<void> {
    const store = `sqlite:${join(this.#folder, 'runs.db')}`;
    this.well = await Stepwell.open({ store, workflows: this.#workflows });
    this.#server = await serve(this.well, { ...this.#options, port });
  }

  async #end(): Promise<void> {
    await this.#server.close();
    await this.well.close({ grace: 0 });
  }
}
